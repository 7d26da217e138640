package org.bib.build;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.bib.failure.BuildException;
import org.bib.scratch.ScratchDirectory;
import org.jspecify.annotations.Nullable;

/**
 * A directory beside the output that holds all that is not finished; closing deletes it. What a
 * killed build left there, the next build into the same output directory deletes.
 */
final class Workspace implements Closeable {
  private static final int MAX_TRIES = 10;

  private final Path output;
  private final ScratchDirectory scratch;
  private final MissingDirectories missing;
  private final long free;

  private Workspace(Path output, ScratchDirectory scratch, MissingDirectories missing, long free) {
    this.output = output;
    this.scratch = scratch;
    this.missing = missing;
    this.free = free;
  }

  /**
   * Makes a workspace below {@code output}, which is made where it is not there, and deletes those
   * whose builds were killed.
   *
   * @throws BuildException if the output directory cannot be written to
   */
  static Workspace create(Path output) throws IOException {
    MissingDirectories missing = new MissingDirectories();
    try {
      for (int tries = 1; tries < MAX_TRIES; tries++) {
        try {
          return make(output, missing);
        } catch (NoSuchFileException e) {
          // Another build took away what it had made, or what it thought to be left.
        }
      }
      return make(output, missing);
    } catch (IOException e) {
      missing.takeAway();
      if (FreeSpace.isLacking(e)) {
        throw FreeSpace.lacking("a workspace", output, 0, e);
      }
      throw notWritable(output, e);
    }
  }

  private static Workspace make(Path output, MissingDirectories missing) throws IOException {
    missing.make(output);
    ScratchDirectory scratch = ScratchDirectory.make(output);
    ScratchDirectory.deleteAbandoned(output);
    return new Workspace(output, scratch, missing, FreeSpace.in(output));
  }

  /** The failure of a directory that does not take files. */
  static BuildException notWritable(Path output, @Nullable IOException cause) {
    String problem = "output directory " + output + ": " + reason(output, cause);
    String remedy = "name a directory that you may write to with --output";
    return cause == null
        ? new BuildException(problem, remedy)
        : new BuildException(problem, remedy, cause);
  }

  private static String reason(Path output, @Nullable IOException cause) {
    Path nearest = output.toAbsolutePath();
    while (nearest.getParent() != null && !Files.exists(nearest, LinkOption.NOFOLLOW_LINKS)) {
      nearest = nearest.getParent();
    }
    String where = nearest.equals(output.toAbsolutePath()) ? "" : nearest + " ";
    if (!Files.isDirectory(nearest)) {
      return where + "is not a directory";
    }
    if (!Files.isWritable(nearest) || cause == null) {
      return where + "cannot be written to";
    }
    return String.valueOf(cause.getMessage());
  }

  Path directory() {
    return scratch.path();
  }

  /**
   * Runs what writes to this workspace; when it fails, and above all when the space is not enough,
   * says what was written.
   *
   * @param what is written, as messages name it
   */
  <T> T writing(String what, Writing<T> writing) throws IOException, InterruptedException {
    try {
      return writing.run();
    } catch (IOException e) {
      if (FreeSpace.isLacking(e)) {
        throw FreeSpace.lacking(what, output, free, e);
      }
      if (FreeSpace.isTooLarge(e)) {
        throw FreeSpace.tooLarge(what, output, e);
      }
      throw e instanceof BuildException ? e : new IOException("writing " + what, e);
    }
  }

  /** What writes to a workspace. */
  @FunctionalInterface
  interface Writing<T> {
    T run() throws IOException, InterruptedException;
  }

  /** Deletes everything; safe to call twice and while files come and go. */
  @Override
  public void close() throws IOException {
    try {
      scratch.close();
    } finally {
      missing.takeAway();
    }
  }
}
