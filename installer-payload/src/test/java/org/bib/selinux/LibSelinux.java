package org.bib.selinux;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import jnr.constants.platform.Errno;
import jnr.ffi.LastError;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.annotations.In;
import org.jspecify.annotations.Nullable;

/** selabel_open(3) and selabel_lookup_raw(3) of the machine's libselinux, on files of ours. */
final class LibSelinux implements AutoCloseable {
  private static final int SELABEL_CTX_FILE = 0;
  private static final int SELABEL_OPT_PATH = 3;
  private static final Functions SELINUX =
      LibraryLoader.create(Functions.class).failImmediately().load("libselinux.so.1");

  private final Pointer handle;
  private final Pointer context = Memory.allocateDirect(Runtime.getRuntime(SELINUX), 8);

  /** Public only because jnr-ffi implements it from another class loader. */
  public interface Functions {
    @Nullable Pointer selabel_open(int backend, Pointer options, int count);

    void selabel_close(Pointer handle);

    int selabel_lookup_raw(Pointer handle, Pointer context, @In byte[] key, int type);

    void freecon(Pointer context);
  }

  private LibSelinux(Pointer handle) {
    this.handle = handle;
  }

  /** Opens {@code file_contexts}, with what stands beside it. */
  static LibSelinux open(Path fileContexts) {
    Runtime runtime = Runtime.getRuntime(SELINUX);
    byte[] path = cString(fileContexts.toString());
    Pointer text = Memory.allocateDirect(runtime, path.length);
    text.put(0, path, 0, path.length);
    Pointer option = Memory.allocateDirect(runtime, 16, true); // struct selinux_opt
    option.putInt(0, SELABEL_OPT_PATH);
    option.putPointer(8, text);
    Pointer handle = SELINUX.selabel_open(SELABEL_CTX_FILE, option, 1);
    if (handle == null) {
      throw new AssertionError("selabel_open(" + fileContexts + "): " + errno());
    }
    return new LibSelinux(handle);
  }

  /** The label of a path, or "none". */
  String lookup(String path, FileKind kind) {
    if (SELINUX.selabel_lookup_raw(handle, context, cString(path), mode(kind)) != 0) {
      if (errno() != Errno.ENOENT) {
        throw new AssertionError("selabel_lookup_raw(" + path + "): " + errno());
      }
      return "none";
    }
    String label = context.getPointer(0).getString(0);
    SELINUX.freecon(context.getPointer(0));
    return label;
  }

  @Override
  public void close() {
    SELINUX.selabel_close(handle);
  }

  private static Errno errno() {
    return Errno.valueOf(LastError.getLastError(Runtime.getRuntime(SELINUX)));
  }

  private static byte[] cString(String text) {
    return (text + "\0").getBytes(StandardCharsets.UTF_8);
  }

  private static int mode(FileKind kind) {
    return switch (kind) {
      case REGULAR -> 0100000;
      case DIRECTORY -> 0040000;
      case SYMLINK -> 0120000;
      case CHARACTER_DEVICE -> 0020000;
      case BLOCK_DEVICE -> 0060000;
      case SOCKET -> 0140000;
      case FIFO -> 0010000;
    };
  }
}
