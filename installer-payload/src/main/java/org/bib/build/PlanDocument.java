package org.bib.build;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.bib.layout.DiskPlan;
import org.bib.layout.LabelType;
import org.bib.oci.SourceImage;
import org.bib.ostree.Deployment;

/** A plan as JSON, for {@code bib manifest} and the manifest beside the artefacts. */
final class PlanDocument {
  static final ObjectMapper JSON = new ObjectMapper();

  private PlanDocument() {}

  /**
   * Tells a plan.
   *
   * @param image reference, as typed
   */
  static ObjectNode of(String image, SourceImage source, Deployment deployment, DiskPlan plan) {
    ObjectNode root = JSON.createObjectNode();
    root.put("version", 1);
    root.putObject("image")
        .put("reference", image)
        .put("digest", source.manifestDigest().toString());
    root.put("commit", deployment.commit().hex());
    root.put("kernelArguments", deployment.options());
    ObjectNode disk = root.putObject("disk");
    disk.put("size", plan.size().bytes());
    disk.put("label", plan.label().labelName());
    disk.put("guid", plan.identifier());
    disk.put("sectorSize", plan.sectorSize());
    var partitions = disk.putArray("partitions");
    for (DiskPlan.Partition partition : plan.partitions()) {
      ObjectNode node =
          partitions.addObject().put("role", partition.role().name()).put("type", partition.type());
      if (plan.label() == LabelType.GPT) {
        node.put("guid", partition.guid().toString());
      }
      if (!partition.name().isEmpty()) {
        node.put("name", partition.name());
      }
      node.put("start", partition.start())
          .put("size", partition.size().bytes())
          .put("mountpoint", partition.mountpoint());
    }
    return root;
  }
}
