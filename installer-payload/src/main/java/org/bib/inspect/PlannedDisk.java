package org.bib.inspect;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.bib.disk.Content;
import org.bib.disk.DamageListener;
import org.bib.gpt.PartitionTable;
import org.bib.layout.DiskPlan;
import org.bib.layout.LabelType;
import org.bib.ostree.InstalledDeployment;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Node;

/**
 * Compares a disk with the one that an image, and a configuration, make.
 *
 * @param plan every number of that disk
 * @param trees of its filesystems, by key of the partition
 * @param deployment path of its deployment
 * @param configured whether the configuration is known, too; if not, what it decides does not count
 */
public record PlannedDisk(
    DiskPlan plan, Map<String, DirectoryNode> trees, String deployment, boolean configured) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String ALEPH = ".bootc-aleph.json";
  private static final int MAX_TEXT = 1 << 20;

  /** What a configuration decides, by place. */
  private static final Pattern CONFIGURED =
      Pattern.compile(
          "/ostree/deploy/[^/]+/(var|deploy/[^/]+/etc|deploy/[^/]+\\.origin)(/.*)?"
              + "|/ostree/(repo/refs|boot\\.1)(/.*)?"
              + "|(/boot)?/(loader[^/]*|grub2|bootupd-state\\.json)(/.*)?"
              + "|/lost\\+found"
              + "|.*\\.cfg");

  public PlannedDisk {
    trees = Map.copyOf(trees);
  }

  /** The same, of which only that counts that no configuration decides. */
  public PlannedDisk withoutConfiguration() {
    return new PlannedDisk(plan, trees, deployment, false);
  }

  /**
   * Compares.
   *
   * @param differences gets what differs
   */
  public void compare(OpenDisk disk, Differences differences) throws IOException {
    if (configured) {
      compareTable(disk.table(), differences);
    }
    for (int i = 0; i < plan.partitions().size(); i++) {
      DiskPlan.Partition planned = plan.partitions().get(i);
      DirectoryNode expected = trees.get(planned.key());
      Optional<DirectoryNode> actual = find(disk, planned, i + 1);
      if (expected == null || (actual.isEmpty() && !configured)) {
        continue;
      }
      DamageListener here = differences.at("partition " + (i + 1));
      if (actual.isEmpty()) {
        here.damaged("/", "has no filesystem that can be read");
        continue;
      }
      boolean fat = planned.mountpoint().equals("/boot/efi") || planned.key().equals("esp");
      DamageListener counted =
          (path, what) -> {
            if (!path.equals("/" + ALEPH) && (configured || !CONFIGURED.matcher(path).matches())) {
              here.damaged(path, what);
            }
          };
      if (planned.key().equals("root") && isOfOtherImage(disk, expected, counted)) {
        return;
      }
      new TreeComparison(
              fat
                  ? TreeComparison.Precision.CONTENTS
                  : configured ? TreeComparison.Precision.ALL : TreeComparison.Precision.UNLABELLED,
              counted)
          .compare(expected, actual.get());
      if (planned.key().equals("root")) {
        compareAleph(expected, actual.get(), here);
      }
    }
  }

  /** The filesystem of that number, or without the configuration that of the same role. */
  private Optional<DirectoryNode> find(OpenDisk disk, DiskPlan.Partition planned, int number) {
    if (!configured) {
      switch (planned.key()) {
        case "root" -> {
          return disk.root().flatMap(OpenDisk.Part::tree);
        }
        case "boot" -> {
          return disk.boot();
        }
        case "esp" -> {
          return disk.esp().flatMap(OpenDisk.Part::tree);
        }
        default -> {
          return Optional.empty();
        }
      }
    }
    return disk.parts().stream()
        .filter(part -> part.entry().number() == number)
        .findFirst()
        .flatMap(OpenDisk.Part::tree);
  }

  /** Whether the disk was made of another image; then the files that differ are told. */
  private boolean isOfOtherImage(OpenDisk disk, DirectoryNode expected, DamageListener differences)
      throws IOException {
    List<InstalledDeployment> found =
        InstalledDeployment.find(disk.root().orElseThrow().tree().orElseThrow());
    if (found.stream().anyMatch(there -> there.path().equals(deployment)) || found.isEmpty()) {
      return false;
    }
    differences.damaged(found.get(0).path(), "is of another image: that has " + deployment);
    if (expected.find(deployment).orElse(null) instanceof DirectoryNode root) {
      TreeComparison comparison =
          new TreeComparison(TreeComparison.Precision.UNLABELLED, differences);
      for (Map.Entry<String, Node> child : root.children().entrySet()) {
        if (!child.getKey().equals("etc") && !child.getKey().equals(".ostree.cfs")) {
          comparison.compare(
              "/" + child.getKey(), child.getValue(), found.get(0).root().child(child.getKey()));
        }
      }
    }
    return true;
  }

  /** The name that the image was fetched by is of no account. */
  private static void compareAleph(
      DirectoryNode expected, DirectoryNode actual, DamageListener differences) {
    try {
      if (!aleph(expected).equals(aleph(actual))) {
        differences.damaged("/" + ALEPH, "does not describe the image");
      }
    } catch (IOException e) {
      differences.damaged("/" + ALEPH, "cannot be read: it is missing, or no JSON");
    }
  }

  private static ObjectNode aleph(DirectoryNode root) throws IOException {
    if (root.child(ALEPH) instanceof FileNode file && file.content().size() < MAX_TEXT) {
      Content content = file.content();
      byte[] bytes = new byte[Math.toIntExact(content.size())];
      content.read(0, ByteBuffer.wrap(bytes));
      if (JSON.readTree(bytes) instanceof ObjectNode object) {
        object.remove(List.of("image", "target-image"));
        return object;
      }
    }
    throw new IOException("no aleph file");
  }

  private void compareTable(PartitionTable table, DamageListener differences) {
    String where = "partition table";
    if (table.label() != plan.label() || table.sectorSize() != plan.sectorSize()) {
      differences.damaged(where, "is not " + plan.label().labelName());
      return;
    }
    if (!table.identifier().equalsIgnoreCase(plan.identifier())) {
      differences.damaged(where, "has the identifier " + table.identifier());
    }
    if (table.partitions().size() != plan.partitions().size()) {
      differences.damaged(
          where,
          "has " + table.partitions().size() + " partitions, not " + plan.partitions().size());
      return;
    }
    for (int i = 0; i < plan.partitions().size(); i++) {
      DiskPlan.Partition planned = plan.partitions().get(i);
      PartitionTable.Partition there = table.partitions().get(i);
      boolean gpt = plan.label() == LabelType.GPT;
      boolean same =
          there.number() == i + 1
              && there.type().equalsIgnoreCase(planned.type())
              && there.start() == planned.start()
              && there.size() == planned.size().bytes()
              && there.name().equals(gpt ? planned.name() : "")
              && there.attributes() == (gpt ? planned.attributes() : 0)
              && there.active() == planned.active()
              && (!gpt || there.guid().equals(Optional.of(planned.guid())));
      if (!same) {
        differences.damaged("partition " + (i + 1), "differs from the plan");
      }
    }
  }
}
