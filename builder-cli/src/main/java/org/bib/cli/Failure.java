package org.bib.cli;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bib.failure.BuildException;
import org.bib.failure.ConfigException;

/**
 * A failure in words.
 *
 * @param status the exit status
 * @param problem the thing and the reason, without the name of any class
 * @param hint the way out, if there is one to tell
 */
record Failure(int status, String problem, Optional<String> hint) {

  /** Causes may form a circle. */
  private static final int MAX_DEPTH = 8;

  /** A path of an image may have 16 KiB, but nobody reads on. */
  private static final int MAX_LENGTH = 2000;

  Failure {
    if (problem.length() > MAX_LENGTH) {
      problem =
          problem.substring(0, MAX_LENGTH / 2)
              + " ... "
              + problem.substring(problem.length() - MAX_LENGTH / 2);
    }
  }

  static Failure of(Throwable thrown) {
    if (thrown instanceof ConfigException) {
      return new Failure(ExitStatus.USAGE, message(thrown), Optional.empty());
    }
    if (isInterruption(thrown)) {
      return new Failure(ExitStatus.INTERRUPTED, "interrupted", Optional.empty());
    }
    if (thrown instanceof IOException failure) {
      return of(failure);
    }
    if (thrown instanceof UncheckedIOException failure && failure.getCause() != null) {
      return of(failure.getCause());
    }
    if (thrown instanceof OutOfMemoryError) {
      return new Failure(
          ExitStatus.FAILED,
          "out of memory: the image has more files than "
              + (Runtime.getRuntime().maxMemory() >> 20)
              + " MiB of heap can list",
          Optional.of("use an image with fewer files"));
    }
    return new Failure(
        ExitStatus.BUG,
        "this is a bug, please report it: " + thrown + " in " + Version.current().line(),
        Optional.empty());
  }

  boolean isBug() {
    return status == ExitStatus.BUG;
  }

  /**
   * An interrupt closes channels, for the threads that share them, too: it may show as the cause of
   * any failure, or as a channel that is closed.
   */
  private static boolean isInterruption(Throwable thrown) {
    return (thrown instanceof IOException && Thread.currentThread().isInterrupted())
        || causes(thrown).stream().anyMatch(Failure::tellsOfInterruption);
  }

  private static boolean tellsOfInterruption(Throwable cause) {
    return cause instanceof InterruptedException
        || cause instanceof ClosedByInterruptException
        || (cause instanceof InterruptedIOException && !(cause instanceof SocketTimeoutException));
  }

  /** Everything down to the first failure that was told for a user; it tells what caused it. */
  private static Failure of(IOException failure) {
    StringBuilder words = new StringBuilder();
    for (Throwable cause : causes(failure)) {
      boolean understood = cause instanceof BuildException;
      String more = cause instanceof BuildException told ? told.problem() : words(cause);
      if (words.indexOf(more) < 0) {
        words.append(words.isEmpty() ? "" : ": ").append(more);
      }
      if (understood) {
        break;
      }
    }
    return new Failure(
        ExitStatus.FAILED,
        words.toString(),
        causes(failure).stream()
            .filter(cause -> cause instanceof BuildException)
            .map(cause -> ((BuildException) cause).remedy())
            .findFirst());
  }

  private static List<Throwable> causes(Throwable thrown) {
    List<Throwable> causes = new ArrayList<>();
    for (Throwable cause = thrown;
        cause != null && causes.size() < MAX_DEPTH;
        cause = cause.getCause()) {
      causes.add(cause);
    }
    return causes;
  }

  private static String words(Throwable thrown) {
    String message = message(thrown);
    if (thrown instanceof NoSuchFileException) {
      return message + ": no such file or directory";
    }
    if (thrown instanceof AccessDeniedException) {
      return message + ": permission denied";
    }
    if (thrown instanceof FileAlreadyExistsException) {
      return message + ": exists already";
    }
    if (thrown instanceof NotDirectoryException) {
      return message + ": not a directory";
    }
    if (thrown instanceof UnknownHostException) {
      return "unknown host " + message;
    }
    if (thrown instanceof ConnectException || thrown instanceof FileSystemException) {
      return message;
    }
    return message.isEmpty() ? "input or output failed" : message;
  }

  private static String message(Throwable thrown) {
    String message = thrown.getMessage();
    return message == null ? "" : message;
  }
}
