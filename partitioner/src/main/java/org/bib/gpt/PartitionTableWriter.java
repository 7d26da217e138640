package org.bib.gpt;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import jnr.ffi.Pointer;
import org.bib.failure.BuildException;
import org.bib.layout.DiskPlan;
import org.bib.layout.LabelType;

/** Writes the partition table of a plan: protective MBR, primary and backup GPT, or a DOS table. */
public final class PartitionTableWriter {
  // Attribute bits 0, 1 and 2, as libfdisk names them.
  private static final List<String> COMMON =
      List.of("RequiredPartition", "NoBlockIOProtocol", "LegacyBIOSBootable");

  private final LibFdisk.Functions fdisk;
  private final Pointer context;

  private PartitionTableWriter(LibFdisk.Functions fdisk, Pointer context) {
    this.fdisk = fdisk;
    this.context = context;
  }

  /**
   * Binds libfdisk now rather than when the first table is written.
   *
   * @throws BuildException if it is not installed
   */
  public static void load() throws BuildException {
    LibFdisk.functions();
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
      new PartitionTableWriter(fdisk, context).writeTable(disk, plan);
    } finally {
      fdisk.fdisk_unref_context(context);
    }
  }

  private void writeTable(Path disk, DiskPlan plan) throws IOException {
    LibFdisk.check("fdisk_disable_dialogs", fdisk.fdisk_disable_dialogs(context, 1));
    LibFdisk.check(
        "fdisk_save_user_sector_size",
        fdisk.fdisk_save_user_sector_size(context, plan.sectorSize(), plan.sectorSize()));
    LibFdisk.check("fdisk_save_user_grain", fdisk.fdisk_save_user_grain(context, DiskPlan.GRAIN));
    LibFdisk.check(
        "fdisk_assign_device(" + disk + ")",
        fdisk.fdisk_assign_device(context, cString(disk.toString()), 0));
    try {
      LibFdisk.check(
          "fdisk_create_disklabel",
          fdisk.fdisk_create_disklabel(context, cString(plan.label().labelName())));
      LibFdisk.check(
          "fdisk_set_disklabel_id_from_string",
          fdisk.fdisk_set_disklabel_id_from_string(context, cString(identifier(plan))));
      for (int i = 0; i < plan.partitions().size(); i++) {
        add(i, plan.partitions().get(i), plan);
      }
      LibFdisk.check("fdisk_write_disklabel(" + disk + ")", fdisk.fdisk_write_disklabel(context));
    } finally {
      LibFdisk.check("fdisk_deassign_device", fdisk.fdisk_deassign_device(context, 1));
    }
  }

  private static String identifier(DiskPlan plan) {
    return plan.label() == LabelType.GPT
        ? plan.identifier().toUpperCase(Locale.ROOT)
        : plan.identifier();
  }

  private void add(int index, DiskPlan.Partition planned, DiskPlan plan) throws IOException {
    Pointer label = LibFdisk.check("fdisk_get_label", fdisk.fdisk_get_label(context, null));
    Pointer type =
        LibFdisk.check(
            "fdisk_label_parse_parttype",
            fdisk.fdisk_label_parse_parttype(
                label, cString(planned.type().toUpperCase(Locale.ROOT))));
    Pointer partition = LibFdisk.check("fdisk_new_partition", fdisk.fdisk_new_partition());
    try {
      String call = "fdisk partition " + (index + 1);
      LibFdisk.check(call, fdisk.fdisk_partition_set_partno(partition, index));
      LibFdisk.check(
          call, fdisk.fdisk_partition_set_start(partition, planned.start() / plan.sectorSize()));
      LibFdisk.check(
          call,
          fdisk.fdisk_partition_set_size(partition, planned.size().bytes() / plan.sectorSize()));
      LibFdisk.check(call, fdisk.fdisk_partition_size_explicit(partition, 1));
      LibFdisk.check(call, fdisk.fdisk_partition_set_type(partition, type));
      if (plan.label() == LabelType.GPT) {
        setOfGpt(call, partition, planned);
      }
      LibFdisk.check(call, fdisk.fdisk_add_partition(context, partition, null));
      if (planned.active()) {
        LibFdisk.check(
            call, fdisk.fdisk_toggle_partition_flag(context, index, LibFdisk.DOS_FLAG_ACTIVE));
      }
    } finally {
      fdisk.fdisk_unref_partition(partition);
      fdisk.fdisk_unref_parttype(type);
    }
  }

  private void setOfGpt(String call, Pointer partition, DiskPlan.Partition planned)
      throws IOException {
    String guid = planned.guid().toString().toUpperCase(Locale.ROOT);
    LibFdisk.check(call, fdisk.fdisk_partition_set_uuid(partition, cString(guid)));
    if (!planned.name().isEmpty()) {
      LibFdisk.check(call, fdisk.fdisk_partition_set_name(partition, cString(planned.name())));
    }
    if (planned.attributes() != 0) {
      LibFdisk.check(
          call,
          fdisk.fdisk_partition_set_attrs(partition, cString(attributes(planned.attributes()))));
    }
  }

  /** Bits as sfdisk(8) takes them: the common ones by name, the others by number. */
  private static String attributes(long bits) {
    List<String> names = new ArrayList<>();
    for (int bit = 0; bit < Long.SIZE; bit++) {
      if ((bits >>> bit & 1) != 0) {
        names.add(bit < COMMON.size() ? COMMON.get(bit) : "GUID:" + bit);
      }
    }
    return String.join(",", names);
  }

  private static byte[] cString(String text) {
    return (text + "\0").getBytes(StandardCharsets.UTF_8);
  }
}
