package org.bib.ostree;

import java.time.Instant;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;

/** Makes directories and copies in trees. */
final class NodeTree {
  private NodeTree() {}

  /** The directory at a relative path, made 0755 root:root where it is not there. */
  static DirectoryNode directory(DirectoryNode from, String path) {
    DirectoryNode directory = from;
    for (String name : path.split("/", -1)) {
      directory = directory.directory(name, Metadata.root(0755));
    }
    return directory;
  }

  /** A copy with nodes of its own all the way down, all with modification time {@code mtime}. */
  static Node copy(Node node, Instant mtime) {
    Metadata metadata = node.metadata().withMtime(mtime);
    if (node instanceof DirectoryNode directory) {
      DirectoryNode copy = new DirectoryNode(metadata);
      directory.children().forEach((name, child) -> copy.put(name, copy(child, mtime)));
      return copy;
    }
    return node instanceof FileNode file
        ? new FileNode(metadata, file.content())
        : new SymlinkNode(metadata, ((SymlinkNode) node).target());
  }
}
