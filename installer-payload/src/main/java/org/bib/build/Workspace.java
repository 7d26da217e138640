package org.bib.build;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.regex.Pattern;
import org.bib.failure.BuildException;
import org.jspecify.annotations.Nullable;

/**
 * A directory beside the output that holds all that is not finished; closing deletes it.
 *
 * <p>Whoever works in a workspace holds the lock on it. So the next build into the same output
 * directory can tell what a killed build left there, and deletes it.
 */
final class Workspace implements Closeable {
  private static final String PREFIX = ".bib-";
  private static final Pattern NAME = Pattern.compile("\\.bib-[0-9]+");
  private static final int MAX_TRIES = 10;

  private final Path output;
  private final Path directory;
  private final MissingDirectories missing;
  private final @Nullable DirectoryLock lock;
  private final long free;

  private Workspace(
      Path output,
      Path directory,
      MissingDirectories missing,
      @Nullable DirectoryLock lock,
      long free) {
    this.output = output;
    this.directory = directory;
    this.missing = missing;
    this.lock = lock;
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
    Path directory = Files.createTempDirectory(output, PREFIX);
    DirectoryLock lock = null;
    boolean taken = false;
    try {
      lock = DirectoryLock.take(directory);
      taken = lock == null;
    } catch (IOException e) {
      // No locks here: others cannot lock it either, and so will not delete it.
    }
    if (taken || !Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      if (lock != null) {
        lock.close();
      }
      throw new NoSuchFileException(directory.toString());
    }
    deleteAbandoned(output);
    return new Workspace(output, directory, missing, lock, FreeSpace.in(output));
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
    return directory;
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
      for (int tries = 1; Files.exists(directory, LinkOption.NOFOLLOW_LINKS); tries++) {
        try {
          delete(directory);
        } catch (DirectoryNotEmptyException e) {
          if (tries == MAX_TRIES) {
            throw e;
          }
        }
      }
    } finally {
      if (lock != null) {
        lock.close();
      }
      missing.takeAway();
    }
  }

  /** Deletes the workspaces of builds that are no more, as far as they can be deleted. */
  private static void deleteAbandoned(Path output) {
    try (DirectoryStream<Path> entries =
        Files.newDirectoryStream(
            output, entry -> NAME.matcher(String.valueOf(entry.getFileName())).matches())) {
      for (Path entry : entries) {
        deleteIfAbandoned(entry);
      }
    } catch (IOException e) {
      // Whatever is left, the next build may have more luck; this one does not need it gone.
    }
  }

  private static void deleteIfAbandoned(Path directory) {
    try (DirectoryLock lock = DirectoryLock.take(directory)) {
      if (lock != null) {
        delete(directory);
      }
    } catch (IOException e) {
      // It is another user's, or just going.
    }
  }

  private static void delete(Path directory) throws IOException {
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException failure)
              throws IOException {
            if (failure instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw failure;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure)
              throws IOException {
            Files.deleteIfExists(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
