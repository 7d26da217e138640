package org.bib.layout;

import java.util.List;
import java.util.UUID;
import org.bib.disk.ByteSize;

/**
 * Every number of a disk. Sectors have 512 bytes.
 *
 * @param size of the whole disk
 * @param guid of the disk
 * @param partitions by number, from 1 on, in the order of the disk
 */
public record DiskPlan(ByteSize size, UUID guid, List<Partition> partitions) {
  /** Bytes in a logical block. */
  public static final int SECTOR_SIZE = 512;

  /** Partitions start at and take multiples of this many bytes, as fdisk and bootc have it. */
  public static final long GRAIN = 1 << 20;

  /** Attribute bit 2, "Legacy BIOS Bootable" (UEFI 2.10, table 5-8). */
  public static final long LEGACY_BIOS_BOOTABLE = 1L << 2;

  public DiskPlan {
    partitions = List.copyOf(partitions);
    long at = GRAIN;
    for (Partition partition : partitions) {
      if (partition.start() < at || partition.start() % GRAIN != 0) {
        throw new IllegalArgumentException("partition overlaps or is not aligned: " + partition);
      }
      at = partition.end();
    }
    if (at > size.bytes() - GRAIN) { // the backup GPT
      throw new IllegalArgumentException("partitions end at " + at + ", the disk has " + size);
    }
  }

  /**
   * A partition.
   *
   * @param role what it is for
   * @param type its type GUID
   * @param guid its own
   * @param start first byte on the disk
   * @param size in bytes
   * @param attributes GPT attribute bits
   * @param mountpoint where its filesystem is mounted; empty if it has none
   */
  public record Partition(
      PartitionRole role,
      UUID type,
      UUID guid,
      long start,
      ByteSize size,
      long attributes,
      String mountpoint) {
    /** The byte after the last one. */
    public long end() {
      return Math.addExact(start, size.bytes());
    }
  }
}
