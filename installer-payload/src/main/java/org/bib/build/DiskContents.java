package org.bib.build;

import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import org.bib.disk.ByteRange;
import org.bib.disk.ByteSize;
import org.bib.disk.Content;
import org.bib.ext4.Ext4Size;
import org.bib.failure.ConfigException;
import org.bib.layout.DiskLayout;
import org.bib.layout.FilePayload;
import org.bib.layout.FilesystemPayload;
import org.bib.layout.FilesystemType;
import org.bib.layout.Payload;
import org.bib.ostree.ImagePath;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;

/**
 * What goes into the partitions of a disk, by key of the partition.
 *
 * @param trees of filesystems
 * @param files whose bytes fill a partition
 */
record DiskContents(Map<String, DirectoryNode> trees, Map<String, Content> files) {
  DiskContents {
    trees = Map.copyOf(trees);
    files = Map.copyOf(files);
  }

  /**
   * Finds what a layout needs besides {@code trees}.
   *
   * @param trees of filesystems; those that are not among them are empty
   * @param image merged tree of the container, for files
   * @throws ConfigException if a file is not there
   */
  static DiskContents of(DiskLayout layout, Map<String, DirectoryNode> trees, DirectoryNode image)
      throws ConfigException {
    Map<String, DirectoryNode> all = new HashMap<>(trees);
    Map<String, Content> files = new HashMap<>();
    for (DiskLayout.Keyed keyed : layout.keyed()) {
      Payload payload = keyed.partition().payload();
      if (payload instanceof FilesystemPayload) {
        all.computeIfAbsent(keyed.key(), key -> new DirectoryNode(Metadata.root(0755)));
      } else if (payload instanceof FilePayload wanted) {
        FileNode file =
            ImagePath.file(image, wanted.path())
                .orElseThrow(
                    () ->
                        new ConfigException(
                            wanted.where(), "the image has no file " + wanted.path()));
        files.put(keyed.key(), file.content());
      }
    }
    return new DiskContents(all, files);
  }

  /**
   * Makes all ext4 filesystems ready to be labelled: each gets the {@code lost+found} that it would
   * have anyway, but then without a label.
   *
   * @return the trees other than that of the root and of {@code /boot}, by mount point; one that is
   *     not mounted has no paths that a policy knows
   */
  Map<String, DirectoryNode> toLabel(DiskLayout layout) {
    Map<String, DirectoryNode> data = new HashMap<>();
    for (DiskLayout.Keyed keyed : layout.keyed()) {
      DirectoryNode tree = trees.get(keyed.key());
      if (tree != null
          && keyed.partition().payload() instanceof FilesystemPayload filesystem
          && filesystem.type() == FilesystemType.EXT4) {
        if (tree.child("lost+found") == null) {
          tree.put("lost+found", new DirectoryNode(Metadata.root(0700)));
        }
        if (!Set.of("", "/", "/boot").contains(filesystem.mountpoint())) {
          data.put(filesystem.mountpoint(), tree);
        }
      }
    }
    return data;
  }

  /** What each takes at least, as {@link org.bib.layout.DiskPlanner} wants to know. */
  Map<String, ByteSize> sizes(DiskLayout layout) {
    Map<String, ByteSize> sizes = new HashMap<>();
    for (DiskLayout.Keyed keyed : layout.keyed()) {
      String key = keyed.key();
      DirectoryNode tree = trees.get(key);
      Content file = files.get(key);
      if (tree != null
          && keyed.partition().payload() instanceof FilesystemPayload filesystem
          && filesystem.type() == FilesystemType.EXT4) {
        sizes.put(key, Ext4Size.minimum(tree));
      } else if (file != null) {
        sizes.put(key, new ByteSize(file.size()));
      }
    }
    return sizes;
  }

  /** How many bytes all their files have, holes not counted. */
  long bytes() {
    Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    long inTrees = trees.values().stream().mapToLong(tree -> bytes(tree, seen)).sum();
    return inTrees + files.values().stream().mapToLong(DiskContents::bytes).sum();
  }

  private static long bytes(DirectoryNode directory, Set<Node> seen) {
    long sum = 0;
    for (Node child : directory.children().values()) {
      if (child instanceof DirectoryNode below) {
        sum += bytes(below, seen);
      } else if (child instanceof FileNode file && seen.add(file)) {
        sum += bytes(file.content());
      }
    }
    return sum;
  }

  private static long bytes(Content content) {
    long sum = 0;
    for (ByteRange range : content.dataRanges()) {
      sum += range.length();
    }
    return sum;
  }
}
