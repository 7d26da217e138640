package org.bib.scratch;

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
import org.jspecify.annotations.Nullable;

/**
 * A directory that holds what is not finished; closing deletes it.
 *
 * <p>Its owner holds the lock on it. So whoever comes later can tell what a killed process left,
 * and deletes it.
 */
public final class ScratchDirectory implements Closeable {
  private static final String PREFIX = ".bib-";
  private static final Pattern NAME = Pattern.compile("\\.bib-[0-9]+");
  private static final int MAX_TRIES = 10;

  private final Path path;
  private final @Nullable DirectoryLock lock;

  private ScratchDirectory(Path path, @Nullable DirectoryLock lock) {
    this.path = path;
    this.lock = lock;
  }

  /**
   * Makes one in {@code parent}.
   *
   * @throws NoSuchFileException if {@code parent} is not there, or somebody thought that what was
   *     just made was abandoned: another try may help
   */
  public static ScratchDirectory make(Path parent) throws IOException {
    Path path = Files.createTempDirectory(parent, PREFIX);
    DirectoryLock lock = null;
    boolean taken = false;
    try {
      lock = DirectoryLock.take(path);
      taken = lock == null;
    } catch (IOException e) {
      // No locks here: others cannot lock it either, and so will not delete it.
    }
    if (taken || !Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      if (lock != null) {
        lock.close();
      }
      throw new NoSuchFileException(path.toString());
    }
    return new ScratchDirectory(path, lock);
  }

  /** Where it is. */
  public Path path() {
    return path;
  }

  /** Deletes everything; safe to call twice and while files come and go. */
  @Override
  public void close() throws IOException {
    try {
      for (int tries = 1; Files.exists(path, LinkOption.NOFOLLOW_LINKS); tries++) {
        try {
          delete(path);
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
    }
  }

  /** Deletes those in {@code parent} whose owners are no more, as far as they can be deleted. */
  public static void deleteAbandoned(Path parent) {
    try (DirectoryStream<Path> entries =
        Files.newDirectoryStream(
            parent, entry -> NAME.matcher(String.valueOf(entry.getFileName())).matches())) {
      for (Path entry : entries) {
        deleteIfAbandoned(entry);
      }
    } catch (IOException e) {
      // Whatever is left, the next to come may have more luck; nobody needs it gone.
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
