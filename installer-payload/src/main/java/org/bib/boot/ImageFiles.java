package org.bib.boot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.bib.failure.BuildException;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;

/** Looks files up in the image as its own kernel would: links followed, never out of the root. */
final class ImageFiles {
  private static final int MAX_LINKS = 40; // path_resolution(7)
  private static final long MAX_FILE = 64L << 20; // a hostile image must not fill the heap

  private final DirectoryNode root;

  ImageFiles(DirectoryNode root) {
    this.root = root;
  }

  /** The file at a path relative to the root. */
  Optional<FileNode> file(String path) {
    return resolve(path).filter(FileNode.class::isInstance).map(FileNode.class::cast);
  }

  /** The directory at a path relative to the root. */
  Optional<DirectoryNode> directory(String path) {
    return resolve(path).filter(DirectoryNode.class::isInstance).map(DirectoryNode.class::cast);
  }

  /** The bytes of a file that is small by nature. */
  static byte[] bytes(FileNode file, String path) throws IOException {
    if (file.content().size() > MAX_FILE) {
      throw malformed(path, "is larger than " + (MAX_FILE >> 20) + " MiB");
    }
    byte[] bytes = new byte[Math.toIntExact(file.content().size())];
    file.content().read(0, ByteBuffer.wrap(bytes));
    return bytes;
  }

  /** A file of the image that does not hold what its name promises. */
  static BuildException malformed(String path, String reason) {
    return new BuildException(
        "/" + path + " in the image: " + reason,
        "reinstall the boot loader package in the image and build the image again");
  }

  private Optional<Node> resolve(String path) {
    Deque<String> left = new ArrayDeque<>();
    push(left, path);
    Deque<DirectoryNode> parents = new ArrayDeque<>();
    parents.push(root);
    int links = 0;
    while (!left.isEmpty()) {
      String name = left.pop();
      if (name.equals("..")) {
        if (parents.size() > 1) {
          parents.pop();
        }
        continue;
      }
      Node next = parents.element().child(name);
      if (next instanceof SymlinkNode link) {
        if (++links > MAX_LINKS) {
          return Optional.empty();
        }
        if (link.target().startsWith("/")) {
          parents.clear();
          parents.push(root);
        }
        push(left, link.target());
      } else if (next instanceof DirectoryNode directory) {
        parents.push(directory);
      } else {
        return next != null && left.isEmpty() ? Optional.of(next) : Optional.empty();
      }
    }
    return Optional.of(parents.element());
  }

  private static void push(Deque<String> left, String path) {
    String[] names = path.split("/", -1);
    for (int i = names.length - 1; i >= 0; i--) {
      if (!names[i].isEmpty() && !names[i].equals(".")) {
        left.push(names[i]);
      }
    }
  }
}
