package org.bib.disk;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import jnr.constants.platform.Errno;
import jnr.constants.platform.OpenFlags;
import jnr.ffi.LastError;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;
import jnr.ffi.annotations.Variadic;
import jnr.ffi.types.off_t;

/** Finds the data of a sparse file with {@code lseek(2)}. */
final class SparseFile {
  // lseek(2): the next data, the next hole.
  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;

  private static final Functions LIBC =
      LibraryLoader.create(Functions.class).failImmediately().load("c");
  private static final Runtime RUNTIME = Runtime.getRuntime(LIBC);

  private SparseFile() {}

  /** Public only because jnr-ffi implements it from another class loader. */
  public interface Functions {
    @Variadic(fixedCount = 2)
    int open(CharSequence path, int flags, int mode);

    @off_t
    long lseek(int fd, @off_t long offset, int whence);

    int close(int fd);
  }

  /** The ranges of {@code file} below {@code size} that are not holes. */
  static List<ByteRange> dataRanges(Path file, long size) throws IOException {
    int flags = OpenFlags.O_RDONLY.intValue() | OpenFlags.O_CLOEXEC.intValue();
    int fd = LIBC.open(file.toString(), flags, 0);
    if (fd < 0) {
      throw failed(file);
    }
    try {
      List<ByteRange> ranges = new ArrayList<>();
      long at = 0;
      while (at < size) {
        long data = LIBC.lseek(fd, at, SEEK_DATA);
        if (data < 0) {
          if (lastErrno() == Errno.ENXIO) { // no data after this offset
            break;
          }
          throw failed(file);
        }
        long hole = LIBC.lseek(fd, data, SEEK_HOLE);
        if (hole < 0) {
          throw failed(file);
        }
        long end = Math.min(hole, size);
        if (end > data) {
          ranges.add(new ByteRange(data, end - data));
        }
        at = hole;
      }
      return ranges;
    } finally {
      LIBC.close(fd);
    }
  }

  private static Errno lastErrno() {
    return Errno.valueOf(LastError.getLastError(RUNTIME));
  }

  private static IOException failed(Path file) {
    Errno errno = lastErrno();
    return new IOException(file + ": " + errno.description());
  }
}
