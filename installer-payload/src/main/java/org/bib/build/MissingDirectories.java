package org.bib.build;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Directories that had to be made, to be taken away again if nothing came into them. */
final class MissingDirectories {
  private final Deque<Path> made = new ArrayDeque<>();

  /** Makes {@code directory} and what is missing above it. */
  synchronized void make(Path directory) throws IOException {
    List<Path> missing = new ArrayList<>();
    for (Path path = directory.toAbsolutePath();
        path != null && !Files.exists(path);
        path = path.getParent()) {
      missing.add(0, path);
    }
    for (Path path : missing) {
      try {
        Files.createDirectory(path);
        made.push(path);
      } catch (FileAlreadyExistsException e) {
        if (!Files.isDirectory(path)) {
          throw e;
        }
      }
    }
    Files.createDirectories(directory); // fails if it is something else
  }

  /** Deletes those that are empty. */
  synchronized void takeAway() {
    for (Path path : made) {
      try {
        Files.deleteIfExists(path);
      } catch (IOException e) {
        return; // There is something in it, and so in those above.
      }
    }
    made.clear();
  }
}
