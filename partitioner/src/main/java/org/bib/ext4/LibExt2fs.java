package org.bib.ext4;

import java.io.IOException;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.Variable;
import jnr.ffi.annotations.IgnoreError;
import jnr.ffi.annotations.In;
import jnr.ffi.annotations.Out;
import jnr.ffi.types.u_int32_t;
import jnr.ffi.types.u_int64_t;
import org.bib.failure.BuildException;
import org.jspecify.annotations.Nullable;

/** Binding to {@code libext2fs}, loaded when first asked for. */
final class LibExt2fs {
  private static final class Holder {
    static final Functions EXT2FS =
        LibraryLoader.create(Functions.class).failImmediately().load("libext2fs.so.2");
    static final ComErr COM_ERR =
        LibraryLoader.create(ComErr.class).failImmediately().load("libcom_err.so.2");
    static final LibC LIBC = LibraryLoader.create(LibC.class).failImmediately().load("c");
    static final Runtime RUNTIME = Runtime.getRuntime(EXT2FS);

    static {
      EXT2FS.initialize_ext2_error_table();
    }

    private Holder() {}
  }

  private LibExt2fs() {}

  /**
   * The functions of the library.
   *
   * @throws BuildException if it is not installed
   */
  static Functions functions() throws BuildException {
    try {
      return Holder.EXT2FS;
    } catch (LinkageError e) {
      throw new BuildException(
          "ext4 is written through libext2fs.so.2, which cannot be loaded",
          "install libext2fs2 (Debian) or e2fsprogs-libs (Fedora)",
          e);
    }
  }

  static Runtime runtime() {
    return Holder.RUNTIME;
  }

  static void setenv(String name, String value) {
    Holder.LIBC.setenv(name, value, 1);
  }

  static Pointer pointerOut() {
    return Memory.allocateDirect(Holder.RUNTIME, 16);
  }

  /** Turns an {@code errcode_t} into an exception. */
  static void check(String call, long error) throws IOException {
    if (error != 0) {
      throw new IOException(call + ": " + Holder.COM_ERR.error_message(error));
    }
  }

  /** Public only because jnr-ffi implements it from another class loader. */
  @IgnoreError
  public interface Functions {
    Variable<Long> unix_io_manager();

    void initialize_ext2_error_table();

    long ext2fs_open2(
        @In byte[] name,
        @Nullable Pointer ioOptions,
        int flags,
        int superblock,
        int blockSize,
        Pointer manager,
        Pointer retFs);

    long ext2fs_read_bitmaps(Pointer fs);

    long ext2fs_close2(Pointer fs, int flags);

    long ext2fs_read_inode_full(Pointer fs, @u_int32_t int ino, @Out byte[] inode, int size);

    long ext2fs_write_inode_full(Pointer fs, @u_int32_t int ino, @In byte[] inode, int size);

    long ext2fs_new_inode(
        Pointer fs, @u_int32_t int dir, int mode, @Nullable Pointer map, Pointer ret);

    void ext2fs_inode_alloc_stats2(Pointer fs, @u_int32_t int ino, int inuse, int isdir);

    long ext2fs_new_range(
        Pointer fs,
        int flags,
        @u_int64_t long goal,
        @u_int64_t long len,
        @Nullable Pointer map,
        Pointer pblk,
        Pointer plen);

    void ext2fs_block_alloc_stats_range(
        Pointer fs, @u_int64_t long block, @u_int32_t int count, int inuse);

    long ext2fs_write_dir_block4(
        Pointer fs, @u_int64_t long block, Pointer buffer, int flags, @u_int32_t int ino);

    long ext2fs_write_ext_attr3(
        Pointer fs, @u_int64_t long block, Pointer buffer, @u_int32_t int ino);

    long ext2fs_extent_block_csum_set(Pointer fs, @u_int32_t int ino, Pointer header);

    long ext2fs_dirhash(
        int version, @In byte[] name, int length, Pointer seed, Pointer hash, Pointer minorHash);
  }

  /** Public only because jnr-ffi implements it from another class loader. */
  @IgnoreError
  public interface ComErr {
    String error_message(long code);
  }

  /** Public only because jnr-ffi implements it from another class loader. */
  @IgnoreError
  public interface LibC {
    int setenv(String name, String value, int overwrite);
  }
}
