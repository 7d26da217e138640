package org.bib.lint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.bib.ostree.ImagePath;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;

/** Configuration files as text; of a file that is larger than any of its kind, the beginning. */
final class SmallText {
  private static final long MAX = 1 << 20;

  private SmallText() {}

  static String of(FileNode file) throws IOException {
    int size = Math.toIntExact(Math.min(MAX, file.content().size()));
    ByteBuffer buffer = ByteBuffer.allocate(size);
    file.content().read(0, buffer);
    return StandardCharsets.UTF_8.decode(buffer.flip()).toString();
  }

  /** The lines of the file at a path, without comments and blank ones; none without the file. */
  static List<String> lines(DirectoryNode root, String path) throws IOException {
    Optional<FileNode> file = ImagePath.file(root, path);
    return file.isEmpty() ? List.of() : lines(file.get());
  }

  /** The lines of a file, without comments and blank ones. */
  static List<String> lines(FileNode file) throws IOException {
    return of(file)
        .lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty() && !line.startsWith("#"))
        .toList();
  }
}
