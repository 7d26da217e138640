package org.bib.fat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.bib.disk.ByteSize;
import org.bib.disk.DiskImage;
import org.bib.failure.BuildException;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Node;

/**
 * Writes a FAT32 filesystem with a tree in it. Files take contiguous clusters; their contents are
 * placed, not copied. The same tree and options give the same bytes.
 */
public final class Fat32Writer {
  private static final int MIN_SECTOR = 512; // structures have no more, whatever the sector
  private static final int RESERVED = 32; // sectors before the first FAT, as mkfs.fat has it
  private static final int CLUSTER = 4096;
  private static final ByteSize MAX_SIZE = ByteSize.gibibytes(256); // both FATs are made in memory
  private static final int MIN_CLUSTERS =
      65525; // fewer would make it FAT16 ("FAT Type Determination")
  private static final int END_OF_CHAIN = 0x0FFFFFFF;
  private static final int ENTRY = 32;
  private static final int ATTR_DIRECTORY = 0x10;
  private static final int ATTR_VOLUME_ID = 0x08;
  private static final int ATTR_LONG_NAME = 0x0F;
  private static final int LONG_NAME_CHARS = 13;
  private static final String SHORT_NAME_CHARS =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'()-@^_`{}~";
  private static final String FORBIDDEN = "\"*/:<>?\\|";

  private final DiskImage image;
  private final long offset;
  private final Options options;
  private final int sector;
  private final int sectorsPerCluster;
  private final int fatSectors;
  private final int clusters;
  private final long totalSectors;
  private final ByteBuffer fat;
  private int nextCluster = 2;

  /**
   * What the filesystem is called.
   *
   * @param volumeId serial number
   * @param label 1 to 11 characters of a short name
   * @param time of all files, in UTC; FAT begins in 1980
   * @param medium what the filesystem lies on
   */
  public record Options(long volumeId, String label, Instant time, Medium medium) {
    /** For a disk with sectors of 512 bytes. */
    public Options(long volumeId, String label, Instant time) {
      this(volumeId, label, time, Medium.DEFAULT);
    }
  }

  /**
   * The disk as the filesystem tells it.
   *
   * @param sectorSize bytes of a logical block: 512, 1024, 2048 or 4096; others do not mount
   * @param heads for interrupt 13h
   * @param sectorsPerTrack for interrupt 13h
   */
  public record Medium(int sectorSize, int heads, int sectorsPerTrack) {
    /** Sectors of 512 bytes and the geometry of a disk beyond those that have one. */
    public static final Medium DEFAULT = ofSectors(512);

    /** Sectors of that size. */
    public static Medium ofSectors(int size) {
      return new Medium(size, 64, 32);
    }
  }

  private Fat32Writer(DiskImage image, long offset, ByteSize size, Options options)
      throws BuildException {
    this.image = image;
    this.offset = offset;
    this.options = options;
    this.sector = options.medium().sectorSize();
    this.totalSectors = size.bytes() / sector;
    if (size.compareTo(MAX_SIZE) > 0) {
      throw new BuildException(
          "a vfat filesystem cannot have " + size, "give it at most " + MAX_SIZE);
    }
    // Clusters of 4 KiB, smaller where the filesystem would have too few of them, and larger where
    // it would have too many, as mkfs.fat has it.
    int perCluster = CLUSTER / sector;
    for (long limit = 8L << 30; limit < 64L << 30 && size.bytes() > limit; limit *= 2) {
      perCluster *= 2;
    }
    while (perCluster > 1 && totalSectors / perCluster < MIN_CLUSTERS + 2048) {
      perCluster /= 2;
    }
    this.sectorsPerCluster = perCluster;
    long data = totalSectors - RESERVED;
    // Each cluster takes its sectors and an entry of four bytes in both FATs, whose first two
    // entries stand for no cluster.
    long perFat = data / (2 + (long) perCluster * sector / 4) + 1;
    while ((data - 2 * perFat) / perCluster + 2 > perFat * sector / 4) {
      perFat++;
    }
    this.fatSectors = Math.toIntExact(perFat);
    this.clusters = Math.toIntExact((data - 2 * perFat) / perCluster);
    if (clusters < MIN_CLUSTERS) {
      throw new BuildException(
          "the vfat filesystem \"" + options.label() + "\" of " + size + " is too small for FAT32",
          "give it at least " + (sector == CLUSTER ? 260 : 40) + " MiB");
    }
    this.fat = allocate(Math.multiplyExact(fatSectors, sector));
  }

  /**
   * Writes the filesystem.
   *
   * @param image the disk
   * @param offset of the filesystem in bytes
   * @throws BuildException if the tree does not fit or has what FAT has no place for
   */
  public static void write(
      DiskImage image, long offset, ByteSize size, Options options, DirectoryNode root)
      throws IOException {
    new Fat32Writer(image, offset, size, options).write(root);
  }

  private void write(DirectoryNode root) throws IOException {
    fat.putInt(0, 0x0FFFFFF8); // FAT[0]: the media byte
    fat.putInt(4, END_OF_CHAIN);
    int rootCluster = writeDirectory(root, 0, true, "");
    ByteBuffer boot = bootSector(rootCluster);
    ByteBuffer info = fsInfo();
    for (int copy : new int[] {0, 6}) { // BPB_BkBootSec
      image.write(offset + (long) copy * sector, boot.duplicate());
      image.write(offset + (long) (copy + 1) * sector, info.duplicate());
    }
    for (int i = 0; i < 2; i++) {
      // Only what is in use: the rest of the table is zero already.
      int used = Math.min(fat.capacity(), (nextCluster * 4 / sector + 1) * sector);
      image.write(
          offset + (RESERVED + (long) i * fatSectors) * sector, fat.duplicate().limit(used));
    }
  }

  private ByteBuffer bootSector(int rootCluster) {
    ByteBuffer boot = allocate(MIN_SECTOR);
    put(boot, 0, new byte[] {(byte) 0xEB, 0x58, (byte) 0x90});
    put(boot, 3, "bib     ".getBytes(StandardCharsets.US_ASCII));
    boot.putShort(11, (short) sector);
    boot.put(13, (byte) sectorsPerCluster);
    boot.putShort(14, (short) RESERVED);
    boot.put(16, (byte) 2); // BPB_NumFATs
    boot.put(21, (byte) 0xF8); // BPB_Media
    boot.putShort(24, (short) options.medium().sectorsPerTrack()); // BPB_SecPerTrk
    boot.putShort(26, (short) options.medium().heads()); // BPB_NumHeads
    boot.putInt(28, Math.toIntExact(offset / sector)); // BPB_HiddSec
    boot.putInt(32, (int) totalSectors);
    boot.putInt(36, fatSectors);
    boot.putInt(44, rootCluster);
    boot.putShort(48, (short) 1); // BPB_FSInfo
    boot.putShort(50, (short) 6); // BPB_BkBootSec
    boot.put(64, (byte) 0x80); // BS_DrvNum
    boot.put(66, (byte) 0x29); // BS_BootSig
    boot.putInt(67, (int) options.volumeId());
    put(boot, 71, padded(options.label().isEmpty() ? "NO NAME" : options.label()));
    put(boot, 82, "FAT32   ".getBytes(StandardCharsets.US_ASCII));
    boot.putShort(510, (short) 0xAA55);
    return boot;
  }

  private ByteBuffer fsInfo() {
    ByteBuffer info = allocate(MIN_SECTOR);
    info.putInt(0, 0x41615252); // FSI_LeadSig
    info.putInt(484, 0x61417272); // FSI_StrucSig
    info.putInt(488, clusters - (nextCluster - 2)); // FSI_Free_Count
    info.putInt(492, nextCluster - 1); // FSI_Nxt_Free
    info.putInt(508, 0xAA550000); // FSI_TrailSig
    return info;
  }

  /** Writes a directory and all below it; returns its first cluster. */
  private int writeDirectory(DirectoryNode directory, int parent, boolean isRoot, String path)
      throws IOException {
    List<byte[]> names = new ArrayList<>();
    Set<String> shortNames = new HashSet<>();
    Set<String> folded = new HashSet<>();
    boolean labelled = isRoot && !options.label().isEmpty();
    int entries = labelled ? 1 : isRoot ? 0 : 2;
    for (String name : directory.children().keySet()) {
      checkName(name, path);
      if (!folded.add(name.toUpperCase(Locale.ROOT))) {
        throw new BuildException(
            path + "/" + name + ": FAT has another file of that name in other case",
            "rename one of them in the image");
      }
      byte[] shortName = shortName(name, shortNames);
      names.add(shortName);
      entries += 1 + longEntries(name, shortName);
    }
    long length = Math.max(1, entries) * (long) ENTRY;
    int first = allocateClusters(length, path);
    ByteBuffer bytes = allocate(Math.toIntExact(roundUp(length)));
    if (labelled) {
      putEntry(bytes, padded(options.label()), ATTR_VOLUME_ID, 0, 0);
    } else if (!isRoot) {
      putEntry(bytes, padded("."), ATTR_DIRECTORY, first, 0);
      putEntry(bytes, padded(".."), ATTR_DIRECTORY, parent, 0);
    }
    int index = 0;
    for (Map.Entry<String, Node> child : directory.children().entrySet()) {
      byte[] shortName = names.get(index++);
      putLongName(bytes, child.getKey(), shortName);
      String childPath = path + "/" + child.getKey();
      if (child.getValue() instanceof DirectoryNode below) {
        // The root counts as cluster 0 in ".." of its children.
        int cluster = writeDirectory(below, isRoot ? 0 : first, false, childPath);
        putEntry(bytes, shortName, ATTR_DIRECTORY, cluster, 0);
      } else if (child.getValue() instanceof FileNode file) {
        putEntry(bytes, shortName, 0x20, writeFile(file, childPath), file.content().size());
      } else {
        throw new BuildException(
            childPath + " is a symbolic link, which FAT cannot hold",
            "make it a file in the image");
      }
    }
    image.write(clusterOffset(first), bytes.rewind());
    return first;
  }

  private int writeFile(FileNode file, String path) throws IOException {
    long size = file.content().size();
    if (size > 0xFFFFFFFFL) {
      throw new BuildException(path + " is larger than 4 GiB", "FAT holds smaller files only");
    }
    if (size == 0) {
      return 0;
    }
    int first = allocateClusters(size, path);
    image.place(clusterOffset(first), file.content(), 0, size);
    return first;
  }

  private int allocateClusters(long length, String path) throws BuildException {
    int count = Math.toIntExact(roundUp(length) / clusterSize());
    int first = nextCluster;
    if (count > clusters - (first - 2)) {
      throw new BuildException(
          "the vfat filesystem \"" + options.label() + "\" is full at " + path, "make it larger");
    }
    for (int i = 0; i < count; i++) {
      fat.putInt((first + i) * 4, i == count - 1 ? END_OF_CHAIN : first + i + 1);
    }
    nextCluster += count;
    return first;
  }

  private void putEntry(
      ByteBuffer bytes, byte[] shortName, int attributes, int cluster, long size) {
    LocalDateTime time = LocalDateTime.ofInstant(options.time(), ZoneOffset.UTC);
    int year = Math.max(1980, Math.min(2107, time.getYear()));
    int date = (year - 1980) << 9 | time.getMonthValue() << 5 | time.getDayOfMonth();
    int clock = time.getHour() << 11 | time.getMinute() << 5 | time.getSecond() / 2;
    ByteBuffer entry = allocate(ENTRY);
    put(entry, 0, shortName);
    entry.put(11, (byte) attributes);
    entry.putShort(14, (short) clock); // DIR_CrtTime
    entry.putShort(16, (short) date);
    entry.putShort(18, (short) date); // DIR_LstAccDate
    entry.putShort(20, (short) (cluster >>> 16));
    entry.putShort(22, (short) clock); // DIR_WrtTime
    entry.putShort(24, (short) date);
    entry.putShort(26, (short) cluster);
    entry.putInt(28, (int) size);
    bytes.put(entry);
  }

  /** The entries of a long name, last part first ("Long File Name Implementation"). */
  private static void putLongName(ByteBuffer bytes, String name, byte[] shortName) {
    int count = longEntries(name, shortName);
    int checksum = 0;
    for (byte b : shortName) {
      checksum = ((checksum & 1) << 7 | checksum >>> 1) + (b & 0xFF) & 0xFF;
    }
    for (int part = count; part > 0; part--) {
      ByteBuffer entry = allocate(ENTRY);
      entry.put(0, (byte) (part == count ? part | 0x40 : part));
      entry.put(11, (byte) ATTR_LONG_NAME);
      entry.put(13, (byte) checksum);
      for (int i = 0; i < LONG_NAME_CHARS; i++) {
        int at = (part - 1) * LONG_NAME_CHARS + i;
        int place = i < 5 ? 1 + 2 * i : i < 11 ? 14 + 2 * (i - 5) : 28 + 2 * (i - 11);
        char c = at < name.length() ? name.charAt(at) : at == name.length() ? 0 : '\uFFFF';
        entry.putChar(place, c);
      }
      bytes.put(entry);
    }
  }

  /** None where the short name says it all. */
  private static int longEntries(String name, byte[] shortName) {
    return shortText(shortName).equals(name)
        ? 0
        : (name.length() + LONG_NAME_CHARS - 1) / LONG_NAME_CHARS;
  }

  private static String shortText(byte[] shortName) {
    String text = new String(shortName, StandardCharsets.US_ASCII);
    String extension = text.substring(8).strip();
    return text.substring(0, 8).strip() + (extension.isEmpty() ? "" : "." + extension);
  }

  /** 8.3, with a number where letters were lost ("The Basis-Name Generation Algorithm"). */
  private static byte[] shortName(String name, Set<String> taken) {
    String upper = name.toUpperCase(Locale.ROOT);
    int dot = upper.lastIndexOf('.');
    String base = kept(dot > 0 ? upper.substring(0, dot) : upper);
    String extension = dot > 0 ? kept(upper.substring(dot + 1)) : "";
    extension = extension.substring(0, Math.min(3, extension.length()));
    boolean lost =
        !(extension.isEmpty() ? base : base + "." + extension).equals(upper) || base.length() > 8;
    String candidate = base;
    for (int n = 1; lost || !taken.add(String.format("%-8s%-3s", candidate, extension)); n++) {
      String tail = "~" + n;
      candidate = base.substring(0, Math.min(base.length(), 8 - tail.length())) + tail;
      lost = false;
    }
    return String.format("%-8s%-3s", candidate, extension).getBytes(StandardCharsets.US_ASCII);
  }

  private static String kept(String text) {
    StringBuilder kept = new StringBuilder();
    text.codePoints()
        .filter(c -> c != ' ' && c != '.')
        .forEach(c -> kept.append(SHORT_NAME_CHARS.indexOf(c) >= 0 ? (char) c : '_'));
    return kept.toString();
  }

  private static void checkName(String name, String path) throws BuildException {
    boolean bad = name.length() > 255 || name.endsWith(".") || name.endsWith(" ");
    for (int i = 0; i < name.length(); i++) {
      bad |= name.charAt(i) < ' ' || FORBIDDEN.indexOf(name.charAt(i)) >= 0;
    }
    if (bad) {
      throw new BuildException(
          path + "/" + name + " is no name for FAT", "rename the file in the image");
    }
  }

  private static byte[] padded(String name) {
    return String.format("%-11s", name).getBytes(StandardCharsets.US_ASCII);
  }

  private long clusterOffset(int cluster) {
    return offset
        + (RESERVED + 2L * fatSectors + (long) (cluster - 2) * sectorsPerCluster) * sector;
  }

  private long clusterSize() {
    return (long) sectorsPerCluster * sector;
  }

  private long roundUp(long length) {
    return (length + clusterSize() - 1) / clusterSize() * clusterSize();
  }

  private static void put(ByteBuffer buffer, int at, byte[] bytes) {
    for (int i = 0; i < bytes.length; i++) {
      buffer.put(at + i, bytes[i]);
    }
  }

  private static ByteBuffer allocate(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }
}
