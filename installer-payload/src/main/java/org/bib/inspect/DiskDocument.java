package org.bib.inspect;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.bib.gpt.PartitionTable;
import org.bib.layout.LabelType;
import org.bib.ostree.ContainerReference;
import org.bib.ostree.DeploymentCheck;
import org.bib.ostree.InstalledDeployment;
import org.bib.ostree.LoaderEntry;
import org.bib.tree.DirectoryNode;

/** Tells what a disk is. */
public final class DiskDocument {
  private static final String MANIFEST_DIGEST = "ostree.manifest-digest";

  private DiskDocument() {}

  /**
   * Tells what the disk in {@code file} is.
   *
   * @throws org.bib.failure.BuildException if it is none that can be read
   */
  public static Document of(Path file) throws IOException {
    Differences damages = new Differences();
    try (OpenDisk disk = OpenDisk.open(file, damages)) {
      Document document = new Document("disk");
      ObjectNode root = document.root();
      root.put("file", file.toString())
          .put("format", disk.format())
          .put("size", disk.disk().size())
          .put("allocated", disk.allocated());
      addTable(root, disk);
      addDeployments(root, disk);
      ArrayNode told = root.putArray("damages");
      damages.lines().forEach(told::add);
      return document;
    }
  }

  private static void addTable(ObjectNode root, OpenDisk disk) {
    PartitionTable table = disk.table();
    root.putObject("partitionTable")
        .put("label", table.label().labelName())
        .put("identifier", table.identifier())
        .put("sectorSize", table.sectorSize());
    ArrayNode partitions = root.putArray("partitions");
    for (OpenDisk.Part part : disk.parts()) {
      PartitionTable.Partition entry = part.entry();
      ObjectNode node =
          partitions.addObject().put("number", entry.number()).put("type", entry.type());
      if (table.label() == LabelType.GPT) {
        entry.guid().ifPresent(guid -> node.put("guid", guid.toString()));
        node.put("name", entry.name()).put("attributes", entry.attributes());
      } else {
        node.put("active", entry.active());
      }
      node.put("start", entry.start()).put("size", entry.size());
      if (!part.type().isEmpty()) {
        ObjectNode filesystem =
            node.putObject("filesystem")
                .put("type", part.type())
                .put("label", part.label())
                .put("identifier", part.identifier())
                .put("size", part.size());
        ArrayNode features = filesystem.putArray("features");
        part.features().forEach(features::add);
      }
    }
  }

  private static void addDeployments(ObjectNode root, OpenDisk disk) throws IOException {
    ArrayNode deployments = root.putArray("deployments");
    Optional<DirectoryNode> sysroot = disk.root().flatMap(OpenDisk.Part::tree);
    if (sysroot.isEmpty()) {
      return;
    }
    List<LoaderEntry> entries = disk.boot().map(LoaderEntry::find).orElse(List.of());
    for (InstalledDeployment deployment : InstalledDeployment.find(sysroot.get(), entries)) {
      ObjectNode node =
          deployments
              .addObject()
              .put("stateroot", deployment.stateroot())
              .put("checksum", deployment.checksum())
              .put("serial", Long.parseLong(deployment.serial()))
              .put("origin", deployment.origin());
      if (!deployment.origin().isEmpty()) {
        node.put("image", ContainerReference.parse(deployment.origin()).name());
      }
      String digest = deployment.commitTexts().get(MANIFEST_DIGEST);
      if (digest != null) {
        node.put("digest", digest);
      }
      node.put(
          "default", !entries.isEmpty() && deployment.entry().equals(Optional.of(entries.get(0))));
      deployment
          .entry()
          .ifPresent(
              entry ->
                  node.putObject("entry")
                      .put("file", "/boot" + entry.file())
                      .put("title", entry.title())
                      .put("kernel", entry.linux())
                      .put("initramfs", entry.initrd())
                      .put("arguments", entry.options()));
      Differences additions = new Differences();
      DeploymentCheck.additions(deployment, additions);
      node.put("additions", additions.count());
      ArrayNode added = node.putArray("notOfTheImage");
      additions.lines().forEach(added::add);
    }
  }
}
