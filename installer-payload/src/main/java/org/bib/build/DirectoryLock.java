package org.bib.build;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import jnr.constants.platform.Errno;
import jnr.constants.platform.OpenFlags;
import jnr.ffi.LastError;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;
import jnr.ffi.annotations.Variadic;
import org.jspecify.annotations.Nullable;

/**
 * A lock on a directory by {@code flock(2)}, which ends with the process however that ends. It is
 * what systemd-tmpfiles(8) asks of programs whose directories it shall leave alone.
 */
final class DirectoryLock implements Closeable {
  // flock(2), LOCK_EX | LOCK_NB.
  private static final int EXCLUSIVE_OR_NOTHING = 2 | 4;

  private final int descriptor;
  private boolean closed;

  private static final class Holder {
    static final Functions LIBC = LibraryLoader.create(Functions.class).failImmediately().load("c");
    static final Runtime RUNTIME = Runtime.getRuntime(LIBC);

    private Holder() {}
  }

  /** Public only because jnr-ffi implements it from another class loader. */
  public interface Functions {
    @Variadic(fixedCount = 2)
    int open(CharSequence path, int flags, int mode);

    int flock(int fd, int operation);

    int close(int fd);
  }

  private DirectoryLock(int descriptor) {
    this.descriptor = descriptor;
  }

  /** Binds the functions of the C library now rather than when the first lock is taken. */
  static void load() {
    Objects.requireNonNull(Holder.LIBC);
  }

  /**
   * Takes the lock if nobody has it.
   *
   * @return null if somebody has it
   * @throws IOException if the directory cannot be opened, or is on a filesystem without locks
   */
  static @Nullable DirectoryLock take(Path directory) throws IOException {
    int flags =
        OpenFlags.O_RDONLY.intValue()
            | OpenFlags.O_DIRECTORY.intValue()
            | OpenFlags.O_NOFOLLOW.intValue()
            | OpenFlags.O_CLOEXEC.intValue();
    int descriptor = Holder.LIBC.open(directory.toString(), flags, 0);
    if (descriptor < 0) {
      throw failed("open(" + directory + ")");
    }
    if (Holder.LIBC.flock(descriptor, EXCLUSIVE_OR_NOTHING) == 0) {
      return new DirectoryLock(descriptor);
    }
    IOException failure = failed("flock(" + directory + ")");
    boolean taken = lastErrno() == Errno.EWOULDBLOCK || lastErrno() == Errno.EAGAIN;
    Holder.LIBC.close(descriptor);
    if (taken) {
      return null;
    }
    throw failure;
  }

  private static Errno lastErrno() {
    return Errno.valueOf(LastError.getLastError(Holder.RUNTIME));
  }

  private static IOException failed(String call) {
    return new IOException(call + ": " + lastErrno().description());
  }

  /** Gives the lock back; may be called twice. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      Holder.LIBC.close(descriptor);
    }
  }
}
