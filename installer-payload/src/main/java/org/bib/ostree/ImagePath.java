package org.bib.ostree;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.NameOrder;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;

/** Looks paths up as a process rooted in the image would: symbolic links never lead out of it. */
public final class ImagePath {
  private static final int MAX_SYMLINKS = 40; // path_resolution(7)

  private ImagePath() {}

  /** What {@code path} leads to, all symbolic links followed, the last one, too. */
  public static Optional<Node> resolve(DirectoryNode root, String path) {
    List<Node> trail = new ArrayList<>(List.of(root));
    Deque<String> rest = new ArrayDeque<>(List.of(path.split("/", -1)));
    int symlinks = 0;
    while (!rest.isEmpty()) {
      String name = rest.pop();
      if (!(trail.get(trail.size() - 1) instanceof DirectoryNode here)) {
        return Optional.empty();
      }
      if (name.equals("..")) {
        if (trail.size() > 1) {
          trail.remove(trail.size() - 1);
        }
      } else if (!name.isEmpty() && !name.equals(".")) {
        Node next = here.child(name);
        if (next instanceof SymlinkNode symlink) {
          if (++symlinks > MAX_SYMLINKS) {
            return Optional.empty();
          }
          if (symlink.target().startsWith("/")) {
            trail.subList(1, trail.size()).clear();
          }
          List<String> target = List.of(symlink.target().split("/", -1));
          for (int i = target.size() - 1; i >= 0; i--) {
            rest.push(target.get(i));
          }
        } else if (next == null) {
          return Optional.empty();
        } else {
          trail.add(next);
        }
      }
    }
    return Optional.of(trail.get(trail.size() - 1));
  }

  /** The regular file at {@code path}. */
  public static Optional<FileNode> file(DirectoryNode root, String path) {
    return resolve(root, path).filter(FileNode.class::isInstance).map(FileNode.class::cast);
  }

  /** The regular files in {@code directory} whose names end in {@code suffix}; none without it. */
  public static SortedMap<String, FileNode> files(
      DirectoryNode root, String directory, String suffix) {
    SortedMap<String, FileNode> files = new TreeMap<>(NameOrder.INSTANCE);
    if (resolve(root, directory).orElse(null) instanceof DirectoryNode found) {
      for (String name : found.children().keySet()) {
        if (name.endsWith(suffix)) {
          file(root, directory + "/" + name).ifPresent(file -> files.put(name, file));
        }
      }
    }
    return files;
  }
}
