package org.bib.oci;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A directory into which an engine unpacked a layer. Names are resolved as if it were the root
 * directory, which is how they were unpacked: no name and no symbolic link leads out of it.
 */
final class LayerDirectory {
  /** As the kernel has it (path_resolution(7)). */
  private static final int MAX_LINKS = 40;

  private final Path root;
  private String lastParent = "";
  private Path lastDirectory;

  LayerDirectory(Path root) {
    this.root = root;
    this.lastDirectory = root;
  }

  /**
   * Opens a regular file.
   *
   * @param name as the tar of the layer has it
   * @throws NoSuchFileException if there is no such file, or something else in its place
   */
  InputStream open(String name) throws IOException {
    int slash = name.lastIndexOf('/');
    String parent = slash < 0 ? "" : name.substring(0, slash);
    String last = name.substring(slash + 1);
    if (last.isEmpty() || last.equals(".") || last.equals("..")) {
      throw new NoSuchFileException(name);
    }
    try {
      if (!parent.equals(lastParent)) {
        lastDirectory = directory(parent);
        lastParent = parent;
      }
      Path file = lastDirectory.resolve(last);
      // Opening a FIFO could wait for ever, and a device could do anything.
      if (!attributes(file).isRegularFile()) {
        throw new NoSuchFileException(name);
      }
      return Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS);
    } catch (NoSuchFileException e) {
      throw new NoSuchFileException(name, null, e.getReason());
    } catch (InvalidPathException e) {
      throw new NoSuchFileException(name, null, "its name is not UTF-8");
    }
  }

  private Path directory(String name) throws IOException {
    Deque<String> names = new ArrayDeque<>();
    push(names, name);
    Path at = root;
    int links = 0;
    while (!names.isEmpty()) {
      String next = names.pop();
      if (next.equals("..")) {
        at = at.equals(root) ? root : above(at);
        continue;
      }
      Path path = at.resolve(next);
      BasicFileAttributes attributes = attributes(path);
      if (attributes.isSymbolicLink()) {
        String target = Files.readSymbolicLink(path).toString();
        if (++links > MAX_LINKS) {
          throw new NoSuchFileException(name, null, "too many symbolic links");
        }
        at = target.startsWith("/") ? root : at;
        push(names, target);
      } else if (attributes.isDirectory()) {
        at = path;
      } else {
        throw new NoSuchFileException(name);
      }
    }
    return at;
  }

  private static BasicFileAttributes attributes(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
  }

  private Path above(Path directory) {
    Path parent = directory.getParent();
    return parent == null ? root : parent;
  }

  /** Puts the parts of a path in front of those still to come. */
  private static void push(Deque<String> names, String path) {
    String[] parts = path.split("/", -1);
    for (int i = parts.length - 1; i >= 0; i--) {
      if (!parts[i].isEmpty() && !parts[i].equals(".")) {
        names.push(parts[i]);
      }
    }
  }
}
