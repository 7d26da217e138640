package org.bib.gpt;

import jnr.constants.platform.Errno;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Pointer;
import jnr.ffi.annotations.IgnoreError;
import jnr.ffi.annotations.In;
import jnr.ffi.types.size_t;
import jnr.ffi.types.u_int64_t;
import org.bib.failure.BuildException;
import org.jspecify.annotations.Nullable;

/** Binding to {@code libfdisk}, loaded when first asked for. */
final class LibFdisk {
  /** The flag "active" of a DOS partition (libfdisk.h). */
  static final int DOS_FLAG_ACTIVE = 1;

  private static final class Holder {
    static final Functions FDISK =
        LibraryLoader.create(Functions.class).failImmediately().load("libfdisk.so.1");

    private Holder() {}
  }

  private LibFdisk() {}

  /**
   * The functions of the library.
   *
   * @throws BuildException if it is not installed
   */
  static Functions functions() throws BuildException {
    try {
      return Holder.FDISK;
    } catch (LinkageError e) {
      throw new BuildException(
          "partition tables are written through libfdisk.so.1, which cannot be loaded",
          "install libfdisk1 (Debian) or libfdisk (Fedora)",
          e);
    }
  }

  /** Turns a negative errno, which libfdisk returns, into an exception. */
  static void check(String call, int result) throws BuildException {
    if (result < 0) {
      throw new BuildException(
          call + ": " + Errno.valueOf(-result).description(), "check the disk that is written to");
    }
  }

  /** Turns a null pointer into an exception. */
  static Pointer check(String call, @Nullable Pointer result) {
    if (result == null) {
      throw new IllegalStateException(call + " returned nothing");
    }
    return result;
  }

  /** Public only because jnr-ffi implements it from another class loader. */
  @IgnoreError
  public interface Functions {
    @Nullable Pointer fdisk_new_context();

    void fdisk_unref_context(Pointer context);

    int fdisk_disable_dialogs(Pointer context, int disable);

    int fdisk_save_user_sector_size(Pointer context, int physical, int logical);

    int fdisk_save_user_grain(Pointer context, @size_t long grain);

    int fdisk_assign_device(Pointer context, @In byte[] name, int readonly);

    int fdisk_deassign_device(Pointer context, int nosync);

    int fdisk_create_disklabel(Pointer context, @In byte[] name);

    @Nullable Pointer fdisk_get_label(Pointer context, @Nullable Pointer name);

    int fdisk_set_disklabel_id_from_string(Pointer context, @In byte[] id);

    @Nullable Pointer fdisk_label_parse_parttype(Pointer label, @In byte[] type);

    void fdisk_unref_parttype(Pointer type);

    @Nullable Pointer fdisk_new_partition();

    void fdisk_unref_partition(Pointer partition);

    int fdisk_partition_set_partno(Pointer partition, @size_t long number);

    int fdisk_partition_set_start(Pointer partition, @u_int64_t long sector);

    int fdisk_partition_set_size(Pointer partition, @u_int64_t long sectors);

    int fdisk_partition_size_explicit(Pointer partition, int enable);

    int fdisk_partition_set_uuid(Pointer partition, @In byte[] uuid);

    int fdisk_partition_set_type(Pointer partition, Pointer type);

    int fdisk_partition_set_name(Pointer partition, @In byte[] name);

    int fdisk_partition_set_attrs(Pointer partition, @In byte[] attributes);

    int fdisk_add_partition(Pointer context, Pointer partition, @Nullable Pointer number);

    int fdisk_toggle_partition_flag(Pointer context, @size_t long number, long flag);

    int fdisk_write_disklabel(Pointer context);
  }
}
