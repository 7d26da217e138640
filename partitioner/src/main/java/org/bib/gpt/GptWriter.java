package org.bib.gpt;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.UUID;
import jnr.ffi.Pointer;
import org.bib.layout.DiskPlan;

/** Writes the partition table of a plan: protective MBR, primary and backup GPT. */
public final class GptWriter {
  private final LibFdisk.Functions fdisk;
  private final Pointer context;

  private GptWriter(LibFdisk.Functions fdisk, Pointer context) {
    this.fdisk = fdisk;
    this.context = context;
  }

  /**
   * Writes the table.
   *
   * @param disk a file of the plan's size; only the table's own sectors are written
   */
  public static void write(Path disk, DiskPlan plan) throws IOException {
    LibFdisk.Functions fdisk = LibFdisk.functions();
    Pointer context = LibFdisk.check("fdisk_new_context", fdisk.fdisk_new_context());
    try {
      new GptWriter(fdisk, context).writeTable(disk, plan);
    } finally {
      fdisk.fdisk_unref_context(context);
    }
  }

  private void writeTable(Path disk, DiskPlan plan) throws IOException {
    LibFdisk.check("fdisk_disable_dialogs", fdisk.fdisk_disable_dialogs(context, 1));
    LibFdisk.check(
        "fdisk_save_user_sector_size",
        fdisk.fdisk_save_user_sector_size(context, DiskPlan.SECTOR_SIZE, DiskPlan.SECTOR_SIZE));
    LibFdisk.check("fdisk_save_user_grain", fdisk.fdisk_save_user_grain(context, DiskPlan.GRAIN));
    LibFdisk.check(
        "fdisk_assign_device(" + disk + ")",
        fdisk.fdisk_assign_device(context, cString(disk.toString()), 0));
    try {
      LibFdisk.check(
          "fdisk_create_disklabel", fdisk.fdisk_create_disklabel(context, cString("gpt")));
      LibFdisk.check(
          "fdisk_set_disklabel_id_from_string",
          fdisk.fdisk_set_disklabel_id_from_string(context, cString(upper(plan.guid()))));
      for (int i = 0; i < plan.partitions().size(); i++) {
        add(i, plan.partitions().get(i));
      }
      LibFdisk.check("fdisk_write_disklabel(" + disk + ")", fdisk.fdisk_write_disklabel(context));
    } finally {
      LibFdisk.check("fdisk_deassign_device", fdisk.fdisk_deassign_device(context, 1));
    }
  }

  private void add(int index, DiskPlan.Partition planned) throws IOException {
    Pointer label = LibFdisk.check("fdisk_get_label", fdisk.fdisk_get_label(context, null));
    Pointer type =
        LibFdisk.check(
            "fdisk_label_parse_parttype",
            fdisk.fdisk_label_parse_parttype(label, cString(upper(planned.type()))));
    Pointer partition = LibFdisk.check("fdisk_new_partition", fdisk.fdisk_new_partition());
    try {
      String call = "fdisk partition " + (index + 1);
      LibFdisk.check(call, fdisk.fdisk_partition_set_partno(partition, index));
      LibFdisk.check(
          call, fdisk.fdisk_partition_set_start(partition, planned.start() / DiskPlan.SECTOR_SIZE));
      LibFdisk.check(
          call,
          fdisk.fdisk_partition_set_size(partition, planned.size().bytes() / DiskPlan.SECTOR_SIZE));
      LibFdisk.check(call, fdisk.fdisk_partition_size_explicit(partition, 1));
      LibFdisk.check(
          call, fdisk.fdisk_partition_set_uuid(partition, cString(upper(planned.guid()))));
      LibFdisk.check(call, fdisk.fdisk_partition_set_type(partition, type));
      if (planned.attributes() == DiskPlan.LEGACY_BIOS_BOOTABLE) {
        LibFdisk.check(
            call, fdisk.fdisk_partition_set_attrs(partition, cString("LegacyBIOSBootable")));
      }
      LibFdisk.check(call, fdisk.fdisk_add_partition(context, partition, null));
    } finally {
      fdisk.fdisk_unref_partition(partition);
      fdisk.fdisk_unref_parttype(type);
    }
  }

  private static String upper(UUID guid) {
    return guid.toString().toUpperCase(Locale.ROOT);
  }

  private static byte[] cString(String text) {
    return (text + "\0").getBytes(StandardCharsets.UTF_8);
  }
}
