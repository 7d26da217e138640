package org.bib.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.List;
import org.bib.failure.BuildException;
import org.bib.failure.ConfigException;

/**
 * A failure in words.
 *
 * @param status the exit status
 * @param problems one line each, without the name of any class
 */
record Failure(int status, List<String> problems) {

  /** Causes may form a circle. */
  private static final int MAX_DEPTH = 8;

  static Failure of(Throwable thrown) {
    if (thrown instanceof ConfigException) {
      return new Failure(ExitStatus.USAGE, message(thrown).lines().toList());
    }
    if (isInterruption(thrown)) {
      return new Failure(ExitStatus.INTERRUPTED, List.of("interrupted"));
    }
    if (thrown instanceof IOException failure) {
      return new Failure(ExitStatus.FAILED, List.of(describe(failure)));
    }
    if (thrown instanceof UncheckedIOException failure && failure.getCause() != null) {
      return of(failure.getCause());
    }
    return new Failure(
        ExitStatus.BUG,
        List.of("this is a bug, please report it: " + thrown + " in " + Version.current().line()));
  }

  boolean isBug() {
    return status == ExitStatus.BUG;
  }

  /** An interrupt closes channels, so it may show as the cause of any failure. */
  private static boolean isInterruption(Throwable thrown) {
    int depth = 0;
    for (Throwable cause = thrown; cause != null && depth < MAX_DEPTH; cause = cause.getCause()) {
      if (cause instanceof InterruptedException || cause instanceof ClosedByInterruptException) {
        return true;
      }
      depth++;
    }
    return false;
  }

  private static String describe(IOException failure) {
    if (failure instanceof BuildException) {
      return message(failure);
    }
    StringBuilder words = new StringBuilder(words(failure));
    int depth = 0;
    for (Throwable cause = failure.getCause();
        cause != null && depth < MAX_DEPTH;
        cause = cause.getCause()) {
      String more = words(cause);
      if (words.indexOf(more) < 0) {
        words.append(": ").append(more);
      }
      depth++;
    }
    return words.toString();
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
