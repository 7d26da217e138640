package org.bib.fat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import org.bib.disk.Content;
import org.bib.disk.DamageListener;
import org.bib.disk.MalformedDiskException;
import org.bib.disk.MappedContent;
import org.bib.disk.ReadableDisk;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.jspecify.annotations.Nullable;

/**
 * Reads a FAT32 filesystem, whoever made it (Microsoft, FAT32 File System Specification 1.03): its
 * tree without times, and whether its copies of things are alike. A cluster belongs to one file
 * only, so chains end.
 */
public final class Fat32Reader {
  private static final int BOOT = 512;
  private static final int ENTRY = 32;
  private static final int ATTR_VOLUME_ID = 0x08;
  private static final int ATTR_DIRECTORY = 0x10;
  private static final int ATTR_LONG_NAME = 0x0F;
  private static final int DELETED = 0xE5;
  private static final int LONG_NAME_CHARS = 13;
  private static final int MAX_DIRECTORY = 65536 * ENTRY; // what drivers read
  private static final int CLUSTER = 0x0FFFFFFF;
  private static final int END_OF_CHAIN = 0x0FFFFFF8;
  private static final int MIN_CLUSTERS = 65525;
  private static final int MAX_CLUSTERS = 0x0FFFFFF5;
  private static final int MAX_DEPTH = 128; // a path has 260 characters
  private static final Metadata DIRECTORY = Metadata.root(0755);
  private static final Metadata FILE = Metadata.root(0644);

  private final ReadableDisk partition;
  private final ByteBuffer boot;
  private final int sector;
  private final long clusterSize;
  private final long fatStart;
  private final long fatSize;
  private final int fats;
  private final long dataStart;
  private final int clusters;
  private final ByteBuffer fat;
  private final BitSet used = new BitSet();
  private String label = "";

  private record Pending(DirectoryNode node, int cluster, String path, int depth) {}

  private Fat32Reader(ReadableDisk partition) throws IOException {
    this.partition = partition;
    boot = bytes(0, BOOT);
    sector = boot.getShort(11) & 0xFFFF;
    int perCluster = boot.get(13) & 0xFF;
    int reserved = boot.getShort(14) & 0xFFFF;
    fats = boot.get(16) & 0xFF;
    long totalSectors = Integer.toUnsignedLong(boot.getInt(32));
    long fatSectors = Integer.toUnsignedLong(boot.getInt(36));
    clusterSize = (long) perCluster * sector;
    fatStart = (long) reserved * sector;
    fatSize = fatSectors * sector;
    dataStart = fatStart + fats * fatSize;
    boolean good =
        sector >= 512
            && sector <= 4096
            && Integer.bitCount(sector) == 1
            && Integer.bitCount(perCluster) == 1
            && reserved > 0
            && (fats == 1 || fats == 2)
            && fatSectors > 0
            && totalSectors * sector <= partition.size()
            && dataStart < totalSectors * sector;
    long count = good ? (totalSectors * sector - dataStart) / clusterSize : 0;
    if (!good || count < MIN_CLUSTERS || count > MAX_CLUSTERS || (count + 2) * 4 > fatSize) {
      throw new MalformedDiskException("FAT32 boot sector: its numbers do not fit each other");
    }
    clusters = (int) count;
    fat = bytes(fatStart, Math.toIntExact((count + 2) * 4));
  }

  /** Whether a partition looks like FAT32. */
  public static boolean isThere(ReadableDisk partition) throws IOException {
    if (partition.size() < BOOT) {
      return false;
    }
    ByteBuffer boot = ByteBuffer.allocate(BOOT).order(ByteOrder.LITTLE_ENDIAN);
    partition.read(0, boot);
    byte[] type = new byte[8];
    boot.get(82, type);
    return (boot.getShort(510) & 0xFFFF) == 0xAA55
        && new String(type, StandardCharsets.US_ASCII).equals("FAT32   ");
  }

  /**
   * Reads boot sector and table.
   *
   * @throws MalformedDiskException if they are damaged
   */
  public static Fat32Reader open(ReadableDisk partition) throws IOException {
    if (!isThere(partition)) {
      throw new MalformedDiskException("FAT32 boot sector: it is none");
    }
    return new Fat32Reader(partition);
  }

  /** Serial number as it is shown: {@code 1A2B-3C4D}. */
  public String volumeId() {
    int id = boot.getInt(67);
    return String.format(Locale.ROOT, "%04X-%04X", id >>> 16, id & 0xFFFF);
  }

  /** The label of the root directory, once {@link #tree} was read; empty if it has none. */
  public String label() {
    return label;
  }

  /** Bytes of the filesystem. */
  public long size() {
    return Integer.toUnsignedLong(boot.getInt(32)) * sector;
  }

  /** Compares boot sector and table with their copies; of FSInfo drivers write one only. */
  public void checkCopies(DamageListener damage) throws IOException {
    int backup = boot.getShort(50) & 0xFFFF;
    if (backup != 0 && (backup + 1L) * sector < fatStart) {
      if (!bytes((long) backup * sector, BOOT).equals(boot.duplicate().rewind())) {
        damage.damaged("boot sector", "it differs from its backup");
      }
    }
    for (long at = 0; fats == 2 && at < fatSize; at += 1 << 20) {
      int length = (int) Math.min(1 << 20, fatSize - at);
      if (!bytes(fatStart + at, length).equals(bytes(fatStart + fatSize + at, length))) {
        damage.damaged("file allocation table", "its two copies differ");
        return;
      }
    }
  }

  /** Reads all of the tree; what cannot be read is told and left out. */
  public DirectoryNode tree(DamageListener damage) throws IOException {
    used.clear();
    DirectoryNode root = new DirectoryNode(DIRECTORY);
    ArrayDeque<Pending> pending = new ArrayDeque<>();
    pending.add(new Pending(root, boot.getInt(44), "", 0));
    while (!pending.isEmpty()) {
      Pending next = pending.removeLast();
      try {
        readDirectory(next, pending, damage);
      } catch (MalformedDiskException e) {
        damage.damaged(next.path().isEmpty() ? "/" : next.path(), String.valueOf(e.getMessage()));
      }
    }
    return root;
  }

  private void readDirectory(Pending directory, ArrayDeque<Pending> pending, DamageListener damage)
      throws IOException {
    List<MappedContent.Run> chain = chain(directory.cluster());
    long size = chain.stream().mapToLong(MappedContent.Run::length).sum();
    if (size > MAX_DIRECTORY) {
      throw new MalformedDiskException("the directory is larger than a driver reads");
    }
    ByteBuffer bytes = ByteBuffer.allocate((int) size).order(ByteOrder.LITTLE_ENDIAN);
    new MappedContent(partition, size, chain).read(0, bytes);
    LongName longName = new LongName();
    for (int at = 0; at < size && bytes.get(at) != 0; at += ENTRY) {
      ByteBuffer entry = bytes.slice(at, ENTRY).order(ByteOrder.LITTLE_ENDIAN);
      int attributes = entry.get(11) & 0x3F;
      if ((entry.get(0) & 0xFF) == DELETED) {
        longName = new LongName();
      } else if (attributes == ATTR_LONG_NAME) {
        longName.add(entry);
      } else {
        if ((attributes & ATTR_VOLUME_ID) != 0) {
          label = directory.depth() == 0 ? shortText(entry, 0, 11) : label;
        } else if (entry.get(0) != '.') {
          child(directory, entry, longName.take(entry), pending, damage);
        }
        longName = new LongName();
      }
    }
  }

  private void child(
      Pending directory,
      ByteBuffer entry,
      @Nullable String longName,
      ArrayDeque<Pending> pending,
      DamageListener damage)
      throws IOException {
    String name = longName == null ? shortName(entry) : longName;
    String path = directory.path() + "/" + name;
    if (name.isEmpty() || name.indexOf('/') >= 0 || name.equals(".") || name.equals("..")) {
      damage.damaged(path, "its name is none");
      return;
    }
    if (directory.node().child(name) != null) {
      damage.damaged(path, "there are two entries of that name");
      return;
    }
    int cluster = (entry.getShort(20) & 0xFFFF) << 16 | (entry.getShort(26) & 0xFFFF);
    long size = Integer.toUnsignedLong(entry.getInt(28));
    try {
      Node node;
      if ((entry.get(11) & ATTR_DIRECTORY) != 0) {
        if (directory.depth() >= MAX_DEPTH) {
          throw new MalformedDiskException("it lies deeper than " + MAX_DEPTH + " directories");
        }
        DirectoryNode below = new DirectoryNode(DIRECTORY);
        pending.add(new Pending(below, cluster, path, directory.depth() + 1));
        node = below;
      } else {
        node = new FileNode(FILE, content(cluster, size));
      }
      directory.node().put(name, node);
    } catch (MalformedDiskException e) {
      damage.damaged(path, String.valueOf(e.getMessage()));
    }
  }

  private Content content(int cluster, long size) throws IOException {
    if (size == 0) {
      return Content.EMPTY;
    }
    List<MappedContent.Run> chain = chain(cluster);
    long length = chain.stream().mapToLong(MappedContent.Run::length).sum();
    if (length < size || length - size >= clusterSize) {
      throw new MalformedDiskException("it has " + size + " bytes, but clusters for " + length);
    }
    MappedContent.Run last = chain.get(chain.size() - 1);
    chain.set(
        chain.size() - 1,
        new MappedContent.Run(last.position(), last.offset(), size - last.position()));
    return new MappedContent(partition, size, chain);
  }

  /** The runs of a chain of clusters, each of which is used once. */
  private List<MappedContent.Run> chain(int first) throws MalformedDiskException {
    List<MappedContent.Run> runs = new ArrayList<>();
    long position = 0;
    int cluster = first & CLUSTER;
    do {
      if (cluster < 2 || cluster >= clusters + 2) {
        throw new MalformedDiskException("its chain of clusters leads to " + cluster);
      }
      if (used.get(cluster)) {
        throw new MalformedDiskException("its cluster " + cluster + " is used twice");
      }
      used.set(cluster);
      long offset = dataStart + (cluster - 2) * clusterSize;
      MappedContent.Run last = runs.isEmpty() ? null : runs.get(runs.size() - 1);
      if (last != null && last.offset() + last.length() == offset) {
        runs.set(
            runs.size() - 1,
            new MappedContent.Run(last.position(), last.offset(), last.length() + clusterSize));
      } else {
        runs.add(new MappedContent.Run(position, offset, clusterSize));
      }
      position += clusterSize;
      cluster = fat.getInt(cluster * 4) & CLUSTER;
    } while (cluster < END_OF_CHAIN);
    return runs;
  }

  /** A long name, whose parts stand before the short one, the last part first. */
  private static final class LongName {
    private final StringBuilder name = new StringBuilder();
    private int next = -1;
    private int checksum;

    void add(ByteBuffer entry) {
      int order = entry.get(0) & 0xFF;
      if ((order & 0x40) != 0) {
        name.setLength(0);
        next = order & 0x3F;
        checksum = entry.get(13) & 0xFF;
      }
      if ((order & 0x3F) != next || next == 0 || checksum != (entry.get(13) & 0xFF)) {
        next = -1;
        return;
      }
      next--;
      StringBuilder part = new StringBuilder();
      for (int i = 0; i < LONG_NAME_CHARS; i++) {
        int place = i < 5 ? 1 + 2 * i : i < 11 ? 14 + 2 * (i - 5) : 28 + 2 * (i - 11);
        char c = entry.getChar(place);
        if (c == 0) {
          break;
        }
        part.append(c);
      }
      name.insert(0, part);
    }

    /** The name, if it belongs to the short one that follows. */
    @Nullable String take(ByteBuffer entry) {
      int sum = 0;
      for (int i = 0; i < 11; i++) {
        sum = (((sum & 1) << 7 | sum >>> 1) + (entry.get(i) & 0xFF)) & 0xFF;
      }
      return next == 0 && sum == checksum ? name.toString() : null;
    }
  }

  /** The name of eight and three characters, in the case that Windows NT noted for both parts. */
  private static String shortName(ByteBuffer entry) {
    String base = shortText(entry, 0, 8);
    String extension = shortText(entry, 8, 3);
    int cases = entry.get(12); // DIR_NTRes
    if ((cases & 0x08) != 0) {
      base = base.toLowerCase(Locale.ROOT);
    }
    if ((cases & 0x10) != 0) {
      extension = extension.toLowerCase(Locale.ROOT);
    }
    return base + (extension.isEmpty() ? "" : "." + extension);
  }

  private static String shortText(ByteBuffer entry, int from, int length) {
    byte[] bytes = new byte[length];
    entry.get(from, bytes);
    return new String(bytes, StandardCharsets.US_ASCII).stripTrailing();
  }

  private ByteBuffer bytes(long offset, int length) throws IOException {
    ReadableDisk.requireInside(offset, length, partition.size());
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    partition.read(offset, bytes);
    return bytes.rewind();
  }
}
