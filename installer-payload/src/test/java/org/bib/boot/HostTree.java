package org.bib.boot;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.bib.disk.Content;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;

/** Trees for tests, made of files of the machine. */
final class HostTree {
  private HostTree() {}

  static DirectoryNode empty() {
    return new DirectoryNode(Metadata.root(0755));
  }

  /** Puts the regular files of a host directory at {@code path}. */
  static void addDirectory(DirectoryNode root, String path, Path source) {
    DirectoryNode target = directory(root, path);
    try (Stream<Path> files = Files.list(source)) {
      for (Path file : files.sorted().toList()) {
        if (Files.isRegularFile(file)) {
          target.put(
              String.valueOf(file.getFileName()),
              new FileNode(Metadata.root(0644), Content.of(Files.readAllBytes(file))));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void addFile(DirectoryNode root, String path, byte[] bytes) {
    add(root, path, new FileNode(Metadata.root(0644), Content.of(bytes)));
  }

  static void add(DirectoryNode root, String path, Node node) {
    int slash = path.lastIndexOf('/');
    directory(root, slash < 0 ? "" : path.substring(0, slash)).put(path.substring(slash + 1), node);
  }

  static DirectoryNode directory(DirectoryNode root, String path) {
    DirectoryNode at = root;
    for (String name : List.of(path.split("/", -1))) {
      if (!name.isEmpty()) {
        at = at.directory(name, Metadata.root(0755));
      }
    }
    return at;
  }

  /** Writes a tree to a host directory. */
  static void write(DirectoryNode tree, Path target) throws IOException {
    Files.createDirectories(target);
    for (var entry : tree.children().entrySet()) {
      Path path = target.resolve(entry.getKey());
      if (entry.getValue() instanceof DirectoryNode directory) {
        write(directory, path);
      } else if (entry.getValue() instanceof FileNode file) {
        Files.write(path, ImageFiles.bytes(file, entry.getKey()));
      }
    }
  }
}
