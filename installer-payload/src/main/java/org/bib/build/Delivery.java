package org.bib.build;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.bib.failure.BuildException;
import org.bib.scratch.DirectoryLock;
import org.jspecify.annotations.Nullable;

/**
 * Gives finished files their final names: all of them, or none. They are on stable storage before
 * they have their names, and what had the names before comes back if one cannot be given.
 */
final class Delivery {
  private static final int WAIT_MILLIS = 20;
  private static final int MAX_WAITS = 150;

  private final Path output;
  private final Path workspace;
  private final MissingDirectories missing = new MissingDirectories();
  private final Deque<Replacement> done = new ArrayDeque<>();

  /**
   * A file that has its final name.
   *
   * @param before what had the name, or null
   */
  private record Replacement(Path target, @Nullable Path before) {}

  /**
   * A delivery.
   *
   * @param output all files go below it
   * @param workspace takes what they replace; on the same filesystem
   */
  Delivery(Path output, Path workspace) {
    this.output = output;
    this.workspace = workspace;
  }

  /**
   * Looks whether files of these names can be delivered, so that a build need not be made in vain.
   *
   * @param names below {@code output}
   * @throws BuildException if one cannot
   */
  static void check(Path output, List<String> names) throws BuildException {
    Path nearest = nearest(output);
    if (!Files.isDirectory(nearest) || !Files.isWritable(nearest)) {
      throw Workspace.notWritable(output, null);
    }
    for (String name : names) {
      Path target = output.resolve(name);
      if (Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
        throw refused(target, "is a directory");
      }
      Path parent = nearest(parent(target));
      if (!Files.isDirectory(parent)) {
        throw refused(target, parent + " is not a directory");
      }
      if (!Files.isWritable(parent)) {
        throw refused(target, parent + " cannot be written to");
      }
    }
  }

  private static Path nearest(Path path) {
    Path nearest = path.toAbsolutePath();
    while (nearest.getParent() != null && !Files.exists(nearest)) {
      nearest = nearest.getParent();
    }
    return nearest;
  }

  private static BuildException refused(Path target, String reason) {
    return new BuildException(
        "output " + target + ": " + reason,
        "move what is there, or name another directory with --output");
  }

  /**
   * Moves files to their names.
   *
   * @param files by name below the output directory
   * @return the final names, in the order of {@code files}
   * @throws IOException if one cannot be moved; everything is as before, then
   */
  @SuppressWarnings("try") // the lock is there to be held
  List<Path> deliver(Map<String, Path> files) throws IOException, InterruptedException {
    for (Path file : files.values()) {
      sync(file);
    }
    try (DirectoryLock lock = lock()) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      return move(files);
    }
  }

  /** Two builds at a time may have the same names for files that belong together. */
  private @Nullable DirectoryLock lock() throws InterruptedException {
    try {
      DirectoryLock lock = DirectoryLock.take(output);
      // Who called bib may hold it all the time, by flock(1) say, and must not be waited for.
      for (int waits = 0; lock == null && waits < MAX_WAITS; waits++) {
        Thread.sleep(WAIT_MILLIS);
        lock = DirectoryLock.take(output);
      }
      return lock;
    } catch (IOException e) {
      return null; // No locks on this filesystem.
    }
  }

  private List<Path> move(Map<String, Path> files) throws IOException {
    List<Path> targets = new ArrayList<>();
    try {
      for (String name : files.keySet()) {
        Path target = output.resolve(name);
        targets.add(target);
        missing.make(parent(target));
      }
      for (Map.Entry<String, Path> file : files.entrySet()) {
        replace(file.getValue(), output.resolve(file.getKey()));
      }
      for (Path target : targets) {
        sync(parent(target));
      }
      return targets;
    } catch (IOException | RuntimeException e) {
      takeBack(e);
      throw e;
    }
  }

  private void replace(Path file, Path target) throws IOException {
    try {
      Path before = null;
      if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
        before = workspace.resolve("before-" + done.size());
        keep(target, before);
      }
      done.push(new Replacement(target, before));
      Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileSystemException e) {
      throw refused(target, e);
    }
  }

  /** Gives what has a name another one; best a second one, so that the first is never without. */
  private static void keep(Path target, Path before) throws IOException {
    if (Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new FileSystemException(target.toString(), null, "is a directory");
    }
    try {
      Files.createLink(before, target);
    } catch (IOException | UnsupportedOperationException e) {
      Files.move(target, before, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  private static BuildException refused(Path target, FileSystemException cause) {
    String reason = cause.getReason();
    return new BuildException(
        "output "
            + target
            + ": cannot be replaced: "
            + (reason == null ? "permission denied" : reason),
        "move what is there, or name another directory with --output",
        cause);
  }

  private void takeBack(Exception because) {
    for (Replacement replacement : done) {
      try {
        if (replacement.before() == null) {
          Files.deleteIfExists(replacement.target());
        } else {
          Files.move(replacement.before(), replacement.target(), StandardCopyOption.ATOMIC_MOVE);
        }
      } catch (IOException e) {
        because.addSuppressed(e);
      }
    }
    missing.takeAway();
  }

  /**
   * Flushes a file or directory to stable storage.
   *
   * @throws ClosedByInterruptException if the thread was interrupted
   */
  private static void sync(Path path) throws IOException {
    // fsync(2) asks for no more than a descriptor, and directories open for reading alone.
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static Path parent(Path target) {
    Path parent = target.toAbsolutePath().getParent();
    if (parent == null) {
      throw new IllegalArgumentException(target + " is no name below a directory");
    }
    return parent;
  }
}
