package org.bib.layout;

import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.bib.disk.ByteRange;
import org.bib.disk.ByteSize;

/**
 * Every number of a disk.
 *
 * @param label kind of partition table
 * @param identifier of the table: a GUID, or 0x and eight digits
 * @param sectorSize bytes of a logical block
 * @param size of the whole disk
 * @param partitions by number, from 1 on, in the order of the disk
 */
public record DiskPlan(
    LabelType label, String identifier, int sectorSize, ByteSize size, List<Partition> partitions) {
  /** Partitions start at and take multiples of this many bytes, as fdisk and bootc have it. */
  public static final long GRAIN = 1 << 20;

  /** Attribute bit 2, "Legacy BIOS Bootable" (UEFI 2.10, table 5-8). */
  public static final long LEGACY_BIOS_BOOTABLE = 1L << 2;

  /** Bits 0 to 2 are common, 48 to 63 belong to the type of the partition; others are reserved. */
  public static final long ATTRIBUTES = 0xFFFF_0000_0000_0007L;

  public DiskPlan {
    partitions = List.copyOf(partitions);
    long at = GRAIN;
    for (Partition partition : partitions) {
      if (partition.start() < at
          || partition.start() % GRAIN != 0
          || partition.size().bytes() == 0) {
        throw new IllegalArgumentException("partition overlaps or is not aligned: " + partition);
      }
      at = partition.end();
    }
    if (at > size.bytes() - (label == LabelType.GPT ? GRAIN : 0)) { // the backup GPT
      throw new IllegalArgumentException("partitions end at " + at + ", the disk has " + size);
    }
  }

  /**
   * A partition.
   *
   * @param key unique name, see {@link DiskLayout#keys}
   * @param role what it is for
   * @param type as the table has it: a GUID in lower case, or two hexadecimal digits
   * @param guid its own, in a GPT
   * @param name in a GPT
   * @param attributes GPT attribute bits
   * @param active the flag of a DOS table
   * @param start first byte on the disk
   * @param size in bytes
   * @param payload what it holds
   */
  public record Partition(
      String key,
      PartitionRole role,
      String type,
      UUID guid,
      String name,
      long attributes,
      boolean active,
      long start,
      ByteSize size,
      Payload payload) {
    /** The byte after the last one. */
    public long end() {
      return Math.addExact(start, size.bytes());
    }

    /** Where its filesystem is mounted; empty if nowhere. */
    public String mountpoint() {
      return payload instanceof FilesystemPayload filesystem ? filesystem.mountpoint() : "";
    }
  }

  /**
   * Where the code of a BIOS boot loader goes: the BIOS boot partition of a GPT, or what lies
   * between the MBR and the first partition of a DOS table. A BIOS knows sectors of 512 bytes only.
   */
  public Optional<ByteRange> biosCode() {
    if (sectorSize != 512) {
      return Optional.empty();
    }
    if (label == LabelType.DOS) {
      return Optional.of(new ByteRange(sectorSize, partitions.get(0).start() - sectorSize));
    }
    return partitions.stream()
        .filter(partition -> partition.role() == PartitionRole.BIOS_BOOT)
        .map(partition -> new ByteRange(partition.start(), partition.size().bytes()))
        .findFirst();
  }
}
