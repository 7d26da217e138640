package org.bib.inspect;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.TreeMap;
import org.bib.disk.Content;
import org.bib.disk.DamageListener;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.bib.tree.Xattrs;
import org.jspecify.annotations.Nullable;

/** Compares a tree that is to be with the one that is there. */
final class TreeComparison {
  private static final int BUFFER = 1 << 18;
  private static final String LABEL = "security.selinux";

  /** What of metadata counts. */
  enum Precision {
    /** Names and contents: all that FAT has. */
    CONTENTS,
    /** All but the labels of SELinux, where the tree to be has not got them yet. */
    UNLABELLED,
    /** Everything. */
    ALL
  }

  private final Precision precision;
  private final DamageListener differences;
  private final ByteBuffer left = ByteBuffer.allocate(BUFFER);
  private final ByteBuffer right = ByteBuffer.allocate(BUFFER);

  TreeComparison(Precision precision, DamageListener differences) {
    this.precision = precision;
    this.differences = differences;
  }

  /** Compares the trees of two filesystems. */
  void compare(DirectoryNode expected, DirectoryNode actual) throws IOException {
    compare("", expected, actual);
  }

  /**
   * Compares two nodes.
   *
   * @param path of both; empty for the root
   */
  void compare(String path, Node expected, @Nullable Node actual) throws IOException {
    String here = path.isEmpty() ? "/" : path;
    if (actual == null) {
      differences.damaged(here, "is missing");
      return;
    }
    if (!expected.getClass().equals(actual.getClass())) {
      differences.damaged(here, "is a " + kind(actual) + ", not a " + kind(expected));
      return;
    }
    if (precision != Precision.CONTENTS) {
      compareMetadata(here, expected, actual);
    }
    if (expected instanceof FileNode file) {
      compareContent(here, file.content(), ((FileNode) actual).content());
    } else if (expected instanceof SymlinkNode link) {
      if (!link.target().equals(((SymlinkNode) actual).target())) {
        differences.damaged(here, "leads to another path");
      }
    } else {
      compareChildren(path, (DirectoryNode) expected, (DirectoryNode) actual);
    }
  }

  private void compareChildren(String path, DirectoryNode expected, DirectoryNode actual)
      throws IOException {
    for (Map.Entry<String, Node> child : expected.children().entrySet()) {
      compare(path + "/" + child.getKey(), child.getValue(), actual.child(child.getKey()));
    }
    for (Map.Entry<String, Node> child : actual.children().entrySet()) {
      if (expected.child(child.getKey()) == null && !isLostFound(path, child)) {
        differences.damaged(path + "/" + child.getKey(), "should not be there");
      }
    }
  }

  /** Every ext4 has it. */
  private static boolean isLostFound(String path, Map.Entry<String, Node> child) {
    return path.isEmpty()
        && child.getKey().equals("lost+found")
        && child.getValue() instanceof DirectoryNode directory
        && directory.children().isEmpty();
  }

  private void compareMetadata(String path, Node expected, Node actual) {
    Metadata wanted = expected.metadata();
    Metadata found = actual.metadata();
    if (wanted.permissions() != found.permissions()) {
      differences.damaged(
          path,
          String.format("has mode %04o, not %04o", found.permissions(), wanted.permissions()));
    }
    if (wanted.uid() != found.uid() || wanted.gid() != found.gid()) {
      differences.damaged(
          path,
          "belongs to "
              + (found.uid() + ":" + found.gid())
              + ", not "
              + (wanted.uid() + ":" + wanted.gid()));
    }
    if (!wanted.mtime().equals(found.mtime())) {
      differences.damaged(path, "has time " + found.mtime() + ", not " + wanted.mtime());
    }
    if (!xattrs(wanted).equals(xattrs(found))) {
      differences.damaged(
          path,
          "has extended attributes " + found.xattrs() + " that differ from " + wanted.xattrs());
    }
    if (expected instanceof DirectoryNode directory
        && directory.immutable() != ((DirectoryNode) actual).immutable()) {
      differences.damaged(path, directory.immutable() ? "is not immutable" : "is immutable");
    }
    if (expected instanceof FileNode file && file.verity() != ((FileNode) actual).verity()) {
      differences.damaged(path, file.verity() ? "has no fs-verity" : "has fs-verity");
    }
  }

  private Map<String, ByteBuffer> xattrs(Metadata metadata) {
    Xattrs xattrs = metadata.xattrs();
    Map<String, ByteBuffer> values = new TreeMap<>(xattrs.values());
    if (precision == Precision.UNLABELLED) {
      values.remove(LABEL);
    }
    return values;
  }

  private void compareContent(String path, Content expected, Content actual) {
    if (expected.size() != actual.size()) {
      differences.damaged(path, "has " + actual.size() + " bytes, not " + expected.size());
      return;
    }
    try {
      for (long at = 0; at < expected.size(); at += BUFFER) {
        int n = (int) Math.min(BUFFER, expected.size() - at);
        expected.read(at, left.clear().limit(n));
        actual.read(at, right.clear().limit(n));
        int mismatch = left.flip().mismatch(right.flip());
        if (mismatch >= 0) {
          differences.damaged(path, "differs from byte " + (at + mismatch) + " on");
          return;
        }
      }
    } catch (IOException e) {
      differences.damaged(path, "cannot be read: " + e.getMessage());
    }
  }

  private static String kind(Node node) {
    return node instanceof DirectoryNode
        ? "directory"
        : node instanceof FileNode ? "file" : "symbolic link";
  }
}
