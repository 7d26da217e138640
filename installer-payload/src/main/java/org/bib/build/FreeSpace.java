package org.bib.build;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bib.disk.ByteSize;
import org.bib.failure.BuildException;
import org.jspecify.annotations.Nullable;

/** The space of the filesystem that takes the output. */
final class FreeSpace {
  // strerror(3) of ENOSPC, EDQUOT and EFBIG. The JDK has no types for them, and takes their texts
  // from the C library, as do e2fsprogs; the launcher sees to it that they are these.
  private static final List<String> LACKING =
      List.of("No space left on device", "Disk quota exceeded");
  private static final List<String> TOO_LARGE = List.of("File too large");

  private static final int MAX_DEPTH = 8;

  private FreeSpace() {}

  /** How many bytes {@code directory} has room for, 0 if that cannot be told. */
  static long in(Path directory) {
    try {
      FileStore store = Files.getFileStore(directory);
      return store.getTotalSpace() == 0 ? 0 : store.getUsableSpace();
    } catch (IOException e) {
      return 0;
    }
  }

  /** Whether a lack of space is the cause of {@code failure}. */
  static boolean isLacking(IOException failure) {
    return tells(failure, LACKING);
  }

  /** Whether a file that may not grow so large is the cause of {@code failure}. */
  static boolean isTooLarge(IOException failure) {
    return tells(failure, TOO_LARGE);
  }

  private static boolean tells(IOException failure, List<String> texts) {
    @Nullable Throwable cause = failure;
    for (int depth = 0; cause != null && depth < MAX_DEPTH; depth++) {
      String message = String.valueOf(cause.getMessage());
      if (texts.stream().anyMatch(message::contains)) {
        return true;
      }
      cause = cause.getCause();
    }
    return false;
  }

  /**
   * The failure of a build that ran out of space.
   *
   * @param what was written
   * @param free what there was at the beginning, in bytes; 0 if not known
   */
  static BuildException lacking(String what, Path output, long free, IOException cause) {
    return new BuildException(
        "writing "
            + what
            + ": no space left in "
            + output
            + (free == 0 ? "" : ", which had " + new ByteSize(free) + " free"),
        remedy(),
        cause);
  }

  /** The failure of a build with a file larger than the filesystem or {@code ulimit -f} takes. */
  static BuildException tooLarge(String what, Path output, IOException cause) {
    return new BuildException(
        "writing " + what + ": " + output + " or ulimit -f takes no file that large",
        "raise the limit, or name another directory with --output",
        cause);
  }

  /**
   * Refuses to begin what cannot end well.
   *
   * @param what is to be written
   * @param needed in bytes, no more than what it takes for sure
   * @throws BuildException if {@code output} has less
   */
  static void require(String what, long needed, Path output) throws BuildException {
    long free = in(output);
    if (free > 0 && free < needed) {
      throw new BuildException(
          "writing "
              + what
              + ": it needs "
              + new ByteSize(needed)
              + " more, "
              + output
              + " has "
              + new ByteSize(free)
              + " left",
          remedy());
    }
  }

  private static String remedy() {
    return "free space there, or name another directory with --output";
  }
}
