package org.bib.build;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.bib.failure.BuildException;

/** A directory beside the output that holds all that is not finished; closing deletes it. */
final class Workspace implements Closeable {
  private final Path directory;

  private Workspace(Path directory) {
    this.directory = directory;
  }

  /**
   * Makes a workspace below {@code output}, which is made where it is not there.
   *
   * @throws BuildException if the output directory cannot be written to
   */
  static Workspace create(Path output) throws IOException {
    try {
      Files.createDirectories(output);
      return new Workspace(Files.createTempDirectory(output, ".bib-"));
    } catch (IOException e) {
      throw new BuildException(
          "the output directory " + output + " cannot be written to",
          "name another one with --output",
          e);
    }
  }

  Path directory() {
    return directory;
  }

  /** Deletes everything; safe to call twice and while files come and go. */
  @Override
  public void close() throws IOException {
    List<Path> paths;
    try (Stream<Path> walk = Files.walk(directory)) {
      paths = walk.sorted(Comparator.reverseOrder()).toList();
    } catch (NoSuchFileException e) {
      return;
    }
    for (Path path : paths) {
      Files.deleteIfExists(path);
    }
  }
}
