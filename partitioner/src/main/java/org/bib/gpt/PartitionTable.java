package org.bib.gpt;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32;
import org.bib.disk.DamageListener;
import org.bib.disk.MalformedDiskException;
import org.bib.disk.ReadableDisk;
import org.bib.layout.DiskPlan;
import org.bib.layout.LabelType;

/**
 * A partition table as it stands on a disk: GPT (UEFI 2.10, 5.3), or the four entries of an MBR
 * (5.2.1). It is read by own code since libfdisk reads files that are raw disks only.
 *
 * @param label kind of the table
 * @param identifier of the disk: a GUID in lower case, or 0x and eight digits
 * @param sectorSize bytes of a logical block
 * @param partitions those in use, by number
 */
public record PartitionTable(
    LabelType label, String identifier, int sectorSize, List<Partition> partitions) {
  private static final int MBR_SIZE = 512;
  private static final int MBR_SIGNATURE = 0xAA55;
  private static final int MBR_IDENTIFIER = 440;
  private static final int MBR_ENTRIES = 446;
  private static final int MBR_ENTRY = 16;
  private static final int PROTECTIVE = 0xEE;

  private static final byte[] GPT_SIGNATURE = "EFI PART".getBytes(StandardCharsets.US_ASCII);
  private static final int GPT_HEADER = 92;
  private static final int P_HEADER_SIZE = 12;
  private static final int P_HEADER_CRC = 16;
  private static final int P_MY_LBA = 24;
  private static final int P_ALTERNATE_LBA = 32;
  private static final int P_FIRST_USABLE = 40;
  private static final int P_LAST_USABLE = 48;
  private static final int P_DISK_GUID = 56;
  private static final int P_ENTRIES_LBA = 72;
  private static final int P_ENTRY_COUNT = 80;
  private static final int P_ENTRY_SIZE = 84;
  private static final int P_ENTRIES_CRC = 88;
  private static final int MAX_ENTRIES = 4096;
  private static final int MIN_ENTRY = 128;
  private static final int MAX_ENTRY = 4096;

  public PartitionTable {
    partitions = List.copyOf(partitions);
  }

  /**
   * A partition.
   *
   * @param number from 1 on
   * @param type a GUID in lower case, or two hexadecimal digits
   * @param guid its own, in a GPT
   * @param name in a GPT
   * @param attributes GPT attribute bits
   * @param active the flag of a DOS table
   * @param start first byte on the disk
   * @param size in bytes
   */
  public record Partition(
      int number,
      String type,
      Optional<UUID> guid,
      String name,
      long attributes,
      boolean active,
      long start,
      long size) {}

  /** A header of a GPT with its entries. */
  private record Gpt(ByteBuffer header, ByteBuffer entries) {}

  /**
   * Reads the table of {@code disk}.
   *
   * @param damage is told what is wrong with one that can be read all the same
   * @throws MalformedDiskException if there is none, or none that can be read
   */
  public static PartitionTable read(ReadableDisk disk, DamageListener damage) throws IOException {
    if (disk.size() < MBR_SIZE) {
      throw new MalformedDiskException("it has no partition table: its size is " + disk.size());
    }
    ByteBuffer mbr = bytes(disk, 0, MBR_SIZE);
    boolean signed = (mbr.getShort(MBR_SIZE - 2) & 0xFFFF) == MBR_SIGNATURE;
    for (int sector : new int[] {512, 4096}) {
      if (isGpt(disk, sector)) {
        if (!signed) {
          damage.damaged("partition table", "there is no protective MBR");
        }
        return readGpt(disk, sector, damage);
      }
    }
    if (!signed) {
      throw new MalformedDiskException("it has no partition table");
    }
    for (int i = 0; i < 4; i++) {
      if ((mbr.get(MBR_ENTRIES + i * MBR_ENTRY + 4) & 0xFF) == PROTECTIVE) {
        throw new MalformedDiskException(
            "neither GPT is there: the primary one is damaged, and the backup is not at the end of"
                + " a disk of "
                + disk.size()
                + " bytes");
      }
    }
    return readDos(disk, mbr);
  }

  private static boolean isGpt(ReadableDisk disk, int sector) throws IOException {
    return isGptAt(disk, sector) || isGptAt(disk, disk.size() / sector * sector - sector);
  }

  private static boolean isGptAt(ReadableDisk disk, long offset) throws IOException {
    if (offset < MBR_SIZE || offset > disk.size() - MBR_SIZE) {
      return false;
    }
    byte[] signature = new byte[GPT_SIGNATURE.length];
    disk.read(offset, ByteBuffer.wrap(signature));
    return Arrays.equals(signature, GPT_SIGNATURE);
  }

  private static PartitionTable readGpt(ReadableDisk disk, int sector, DamageListener damage)
      throws IOException {
    long last = disk.size() / sector - 1;
    Optional<Gpt> primary = gpt(disk, sector, 1, "primary GPT", damage);
    Optional<Gpt> backup = gpt(disk, sector, last, "backup GPT", damage);
    Gpt gpt =
        primary
            .or(() -> backup)
            .orElseThrow(() -> new MalformedDiskException("both its GPTs are damaged"));
    if (primary.isPresent() && backup.isPresent()) {
      compare(primary.get(), backup.get(), damage);
    }
    List<Partition> partitions = partitions(gpt, sector);
    for (Partition partition : partitions) {
      if (partition.start() > disk.size() || partition.size() > disk.size() - partition.start()) {
        damage.damaged(
            "partition " + partition.number(),
            "it ends outside of the disk, which has " + disk.size() + " bytes");
      }
    }
    checkDisjoint(partitions, damage);
    return new PartitionTable(
        LabelType.GPT, guid(gpt.header(), P_DISK_GUID).toString(), sector, partitions);
  }

  private static Optional<Gpt> gpt(
      ReadableDisk disk, int sector, long lba, String where, DamageListener damage)
      throws IOException {
    try {
      return Optional.of(gpt(disk, sector, lba));
    } catch (MalformedDiskException e) {
      damage.damaged(where, String.valueOf(e.getMessage()));
      return Optional.empty();
    }
  }

  private static Gpt gpt(ReadableDisk disk, int sector, long lba) throws IOException {
    if (!isGptAt(disk, lba * sector)) {
      throw new MalformedDiskException("it is not there");
    }
    ByteBuffer header = bytes(disk, lba * sector, sector);
    int size = header.getInt(P_HEADER_SIZE);
    if (size < GPT_HEADER || size > sector) {
      throw new MalformedDiskException("the size of its header is none: " + size);
    }
    byte[] copy = new byte[size];
    header.get(0, copy);
    for (int i = 0; i < Integer.BYTES; i++) {
      copy[P_HEADER_CRC + i] = 0;
    }
    if (crc(ByteBuffer.wrap(copy)) != header.getInt(P_HEADER_CRC)) {
      throw new MalformedDiskException("the checksum of its header is wrong");
    }
    int count = header.getInt(P_ENTRY_COUNT);
    int entrySize = header.getInt(P_ENTRY_SIZE);
    long entries = header.getLong(P_ENTRIES_LBA);
    if (header.getLong(P_MY_LBA) != lba
        || count < 0
        || count > MAX_ENTRIES
        || entrySize < MIN_ENTRY
        || entrySize > MAX_ENTRY
        || entrySize % 8 != 0
        || entries < 1
        || entries > disk.size() / sector) {
      throw new MalformedDiskException("its header says what cannot be");
    }
    ByteBuffer all = bytes(disk, entries * sector, count * entrySize);
    if (crc(all) != header.getInt(P_ENTRIES_CRC)) {
      throw new MalformedDiskException("the checksum of its entries is wrong");
    }
    return new Gpt(header, all);
  }

  private static void compare(Gpt primary, Gpt backup, DamageListener damage) {
    ByteBuffer a = primary.header();
    ByteBuffer b = backup.header();
    boolean same =
        a.getLong(P_MY_LBA) == b.getLong(P_ALTERNATE_LBA)
            && a.getLong(P_ALTERNATE_LBA) == b.getLong(P_MY_LBA)
            && a.getLong(P_FIRST_USABLE) == b.getLong(P_FIRST_USABLE)
            && a.getLong(P_LAST_USABLE) == b.getLong(P_LAST_USABLE)
            && guid(a, P_DISK_GUID).equals(guid(b, P_DISK_GUID))
            && primary.entries().equals(backup.entries());
    if (!same) {
      damage.damaged("partition table", "primary and backup GPT differ");
    }
  }

  private static List<Partition> partitions(Gpt gpt, int sector) throws MalformedDiskException {
    ByteBuffer entries = gpt.entries();
    int size = gpt.header().getInt(P_ENTRY_SIZE);
    List<Partition> partitions = new ArrayList<>();
    for (int i = 0; i < entries.capacity() / size; i++) {
      int at = i * size;
      UUID type = guid(entries, at);
      if (type.getMostSignificantBits() == 0 && type.getLeastSignificantBits() == 0) {
        continue;
      }
      long first = entries.getLong(at + 32);
      long last = entries.getLong(at + 40);
      if (first < 1 || last < first || last >= Long.MAX_VALUE / sector) {
        throw new MalformedDiskException("partition " + (i + 1) + " of the GPT is no range");
      }
      byte[] name = new byte[72];
      entries.get(at + 56, name);
      partitions.add(
          new Partition(
              i + 1,
              type.toString(),
              Optional.of(guid(entries, at + 16)),
              new String(name, StandardCharsets.UTF_16LE).split("\0", 2)[0],
              entries.getLong(at + 48),
              false,
              first * sector,
              (last - first + 1) * sector));
    }
    return partitions;
  }

  private static void checkDisjoint(List<Partition> partitions, DamageListener damage) {
    List<Partition> sorted =
        partitions.stream().sorted(Comparator.comparingLong(Partition::start)).toList();
    for (int i = 1; i < sorted.size(); i++) {
      Partition before = sorted.get(i - 1);
      if (before.start() + before.size() > sorted.get(i).start()) {
        damage.damaged(
            "partition " + sorted.get(i).number(), "it overlaps partition " + before.number());
      }
    }
  }

  /** The first 8 bytes are little-endian in three parts, as Windows writes GUIDs. */
  private static UUID guid(ByteBuffer bytes, int at) {
    long most =
        Integer.toUnsignedLong(bytes.getInt(at)) << 32
            | (bytes.getShort(at + 4) & 0xFFFFL) << 16
            | (bytes.getShort(at + 6) & 0xFFFFL);
    return new UUID(most, Long.reverseBytes(bytes.getLong(at + 8)));
  }

  private static PartitionTable readDos(ReadableDisk disk, ByteBuffer mbr)
      throws MalformedDiskException {
    int sector = dosSectorSize(disk, mbr);
    List<Partition> partitions = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      int at = MBR_ENTRIES + i * MBR_ENTRY;
      int flag = mbr.get(at) & 0xFF;
      int type = mbr.get(at + 4) & 0xFF;
      if ((flag & 0x7F) != 0) {
        throw new MalformedDiskException("it has no partition table, but a boot sector");
      }
      if (type != 0) {
        partitions.add(
            new Partition(
                i + 1,
                String.format(Locale.ROOT, "%02x", type),
                Optional.empty(),
                "",
                0,
                flag != 0,
                dosStart(mbr, i) * sector,
                Integer.toUnsignedLong(mbr.getInt(at + 12)) * sector));
      }
    }
    if (partitions.isEmpty()) {
      throw new MalformedDiskException("its partition table is empty");
    }
    return new PartitionTable(
        LabelType.DOS,
        String.format(Locale.ROOT, "0x%08x", mbr.getInt(MBR_IDENTIFIER)),
        sector,
        partitions);
  }

  /**
   * A DOS table does not tell in which sectors it counts. If its numbers make no whole MiB of 512
   * bytes each, but do with 4096, it is those.
   */
  private static int dosSectorSize(ReadableDisk disk, ByteBuffer mbr) {
    boolean small = true;
    boolean large = true;
    for (int i = 0; i < 4; i++) {
      long start = dosStart(mbr, i);
      small &= start * 512 % DiskPlan.GRAIN == 0;
      large &= start * 4096 % DiskPlan.GRAIN == 0 && start * 4096 < disk.size();
    }
    return !small && large ? 4096 : 512;
  }

  private static long dosStart(ByteBuffer mbr, int index) {
    return Integer.toUnsignedLong(mbr.getInt(MBR_ENTRIES + index * MBR_ENTRY + 8));
  }

  private static int crc(ByteBuffer bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes.duplicate());
    return (int) crc.getValue();
  }

  private static ByteBuffer bytes(ReadableDisk disk, long offset, int length) throws IOException {
    ReadableDisk.requireInside(offset, length, disk.size());
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    disk.read(offset, bytes);
    return bytes.rewind();
  }
}
