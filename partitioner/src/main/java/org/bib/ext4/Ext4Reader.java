package org.bib.ext4;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.bib.disk.Content;
import org.bib.disk.DamageListener;
import org.bib.disk.MalformedDiskException;
import org.bib.disk.MappedContent;
import org.bib.disk.ReadableDisk;
import org.bib.fsverity.FsVerity;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.bib.tree.Xattrs;
import org.jspecify.annotations.Nullable;

/**
 * Reads an ext4 filesystem (also ext2 and ext3) without mounting it, whoever made it, and looks at
 * every checksum on the way. What is damaged is told, and the rest is read on; nothing that a disk
 * can say makes it run without end. One thread, but contents can be read from any.
 *
 * <p>The journal is not replayed; encrypted directories are not read.
 */
public final class Ext4Reader implements BlockMap.Blocks {
  private static final int ROOT_INODE = 2;
  private static final int CACHED_BLOCKS = 512;
  private static final int MAX_DEPTH = 1000; // PATH_MAX ends before that for those who mount it
  private static final long MAX_FILE = 1L << 40;
  private static final int MAX_TARGET = 4095;
  private static final int TAIL = 12; // struct ext4_dir_entry_tail
  private static final int TAIL_TYPE = 0xDE;
  private static final int P_BLOCK_BITMAP_CSUM_LO = 24;
  private static final int P_CHECKSUM = 30;
  private static final int P_BLOCK_BITMAP_CSUM_HI = 56;
  private static final int FLAG_INODE_UNINIT = 1;
  private static final int FLAG_BLOCK_UNINIT = 2;

  private final ReadableDisk partition;
  private final Superblock superblock;
  private final ByteBuffer descriptors;
  private final Map<Long, byte[]> cache =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, byte[]> eldest) {
          return size() > CACHED_BLOCKS;
        }
      };
  private long claimed;

  // Of one reading of the tree.
  private final Map<Integer, Found> files = new HashMap<>();
  private final Set<Integer> directories = new HashSet<>();

  /** An inode that is no directory, and how many names it was found by. */
  private static final class Found {
    final Node node;
    final String path;
    final int links;
    int names;

    Found(Node node, String path, int links) {
      this.node = node;
      this.path = path;
      this.links = links;
    }
  }

  private record Pending(
      int inode, InodeReading reading, DirectoryNode node, String path, int depth) {}

  private record Entry(ByteBuffer name, int inode) {}

  private Ext4Reader(ReadableDisk partition) throws IOException {
    this.partition = partition;
    this.superblock = Superblock.read(partition);
    long bytes = superblock.groups() * superblock.descriptorSize();
    if (bytes > partition.size() || bytes > Integer.MAX_VALUE / 2) {
      throw new MalformedDiskException("ext4 superblock: its numbers do not fit each other");
    }
    descriptors = ByteBuffer.allocate((int) bytes).order(ByteOrder.LITTLE_ENDIAN);
    partition.read(superblock.descriptorsOffset(), descriptors);
  }

  /** Whether a partition looks like ext4 or its ancestors. */
  public static boolean isThere(ReadableDisk partition) throws IOException {
    return Superblock.isThere(partition);
  }

  /**
   * Reads superblock and group descriptors.
   *
   * @throws MalformedDiskException if they are damaged or need what is not read
   */
  public static Ext4Reader open(ReadableDisk partition) throws IOException {
    return new Ext4Reader(partition);
  }

  /** UUID of the filesystem. */
  public UUID uuid() {
    return superblock.uuid();
  }

  /** Label of the filesystem; empty if it has none. */
  public String label() {
    return superblock.label();
  }

  /** Bytes of the filesystem. */
  public long size() {
    return superblock.blocks() * superblock.blockSize();
  }

  /** Features that a reader may want to know: metadata_csum, verity, needs_recovery. */
  public List<String> features() {
    return superblock.featureNames();
  }

  @Override
  public Superblock superblock() {
    return superblock;
  }

  @Override
  public byte[] read(long block) throws IOException {
    requireBlocks(block, 1);
    byte[] bytes = cache.get(block);
    if (bytes == null) {
      bytes = new byte[superblock.blockSize()];
      partition.read(block * superblock.blockSize(), ByteBuffer.wrap(bytes));
      cache.put(block, bytes);
    }
    return bytes;
  }

  @Override
  public void claim(long block, long count) throws MalformedDiskException {
    requireBlocks(block, count);
    claimed += count;
    if (claimed > superblock.blocks()) {
      throw new MalformedDiskException("more blocks are in use than the filesystem has");
    }
  }

  private void requireBlocks(long block, long count) throws MalformedDiskException {
    if (block <= 0 || count <= 0 || block > superblock.blocks() - count) {
      throw new MalformedDiskException("block " + block + " is outside of the filesystem");
    }
  }

  /** Looks at the checksums of group descriptors and bitmaps. */
  public void checkGroups(DamageListener damage) throws IOException {
    if (!superblock.hasChecksums()) {
      return;
    }
    for (int group = 0; group < superblock.groups(); group++) {
      int at = group * superblock.descriptorSize();
      String where = "block group " + group;
      int crc = Crc32c.update(superblock.checksumSeed(), group);
      crc = Crc32c.update(crc, descriptors.array(), at, P_CHECKSUM);
      crc = Crc32c.zeros(crc, 2);
      int rest = superblock.descriptorSize() - P_CHECKSUM - 2;
      crc = Crc32c.update(crc, descriptors.array(), at + P_CHECKSUM + 2, rest);
      if ((crc & 0xFFFF) != (descriptors.getShort(at + P_CHECKSUM) & 0xFFFF)) {
        damage.damaged(where, "the checksum of its descriptor is wrong");
        continue;
      }
      int flags = descriptors.getShort(at + 18);
      int blocks = superblock.hasBigalloc() ? 0 : superblock.blocksPerGroup();
      if ((flags & FLAG_BLOCK_UNINIT) == 0 && blocks > 0) {
        checkBitmap(at, 0, blocks, where + ": block bitmap", damage);
      }
      if ((flags & FLAG_INODE_UNINIT) == 0) {
        checkBitmap(at, 1, superblock.inodesPerGroup(), where + ": inode bitmap", damage);
      }
    }
  }

  private void checkBitmap(int at, int kind, int bits, String where, DamageListener damage)
      throws IOException {
    try {
      byte[] bitmap = read(address(at + 4 * kind));
      int crc = Crc32c.update(superblock.checksumSeed(), bitmap, 0, bits / 8);
      int told = descriptors.getShort(at + P_BLOCK_BITMAP_CSUM_LO + 2 * kind) & 0xFFFF;
      boolean wide = superblock.descriptorSize() >= P_BLOCK_BITMAP_CSUM_HI + 2 * (kind + 1);
      if (wide) {
        told |= (descriptors.getShort(at + P_BLOCK_BITMAP_CSUM_HI + 2 * kind) & 0xFFFF) << 16;
      }
      if (told != (wide ? crc : crc & 0xFFFF)) {
        damage.damaged(where, "its checksum is wrong");
      }
    } catch (MalformedDiskException e) {
      damage.damaged(where, message(e));
    }
  }

  /** The number of a block in a descriptor: low half at {@code at}, high half 32 bytes later. */
  private long address(int at) {
    long low = Integer.toUnsignedLong(descriptors.getInt(at));
    return superblock.descriptorSize() < 64
        ? low
        : low | Integer.toUnsignedLong(descriptors.getInt(at + 32)) << 32;
  }

  /**
   * Reads all of the tree. Names of one inode share a node. What cannot be read is told and left
   * out.
   *
   * @throws MalformedDiskException if there is not even a root directory
   */
  public DirectoryNode tree(DamageListener damage) throws IOException {
    files.clear();
    directories.clear();
    claimed = 0;
    InodeReading rootInode = inode(ROOT_INODE, "/", damage);
    if (rootInode.type() != InodeReading.IFDIR) {
      throw new MalformedDiskException("inode 2, the root of the filesystem, is no directory");
    }
    DirectoryNode root = directory(rootInode, "/", damage);
    directories.add(ROOT_INODE);
    ArrayDeque<Pending> pending = new ArrayDeque<>();
    pending.add(new Pending(ROOT_INODE, rootInode, root, "", 0));
    while (!pending.isEmpty()) {
      readDirectory(pending.removeLast(), pending, damage);
    }
    for (Found file : files.values()) {
      if (file.names != file.links) {
        damage.damaged(
            file.path, "its inode counts " + file.links + " names, but has " + file.names);
      }
    }
    return root;
  }

  private void readDirectory(Pending directory, ArrayDeque<Pending> pending, DamageListener damage)
      throws IOException {
    String path = directory.path().isEmpty() ? "/" : directory.path();
    List<Entry> entries;
    try {
      entries = entries(directory.reading(), path, damage);
    } catch (MalformedDiskException e) {
      damage.damaged(path, message(e));
      return;
    }
    for (Entry entry : entries) {
      String name = name(entry.name());
      if (name.equals(".") || name.equals("..")) {
        continue;
      }
      String childPath = directory.path() + "/" + name;
      if (name.isEmpty() || name.indexOf('/') >= 0 || name.indexOf(0) >= 0) {
        damage.damaged(path, "it has an entry whose name is none");
      } else if (directory.node().child(name) != null) {
        damage.damaged(childPath, "there are two entries of that name");
      } else {
        try {
          child(directory, entry, name, childPath, pending, damage);
        } catch (MalformedDiskException e) {
          damage.damaged(childPath, message(e));
        }
      }
    }
  }

  private void child(
      Pending directory,
      Entry entry,
      String name,
      String path,
      ArrayDeque<Pending> pending,
      DamageListener damage)
      throws IOException {
    Found known = files.get(entry.inode());
    if (known != null) {
      known.names++;
      directory.node().put(name, known.node);
      return;
    }
    InodeReading inode = inode(entry.inode(), path, damage);
    if (inode.type() == InodeReading.IFDIR) {
      if (!directories.add(entry.inode())) {
        throw new MalformedDiskException("the directory has two names");
      }
      if (directory.depth() >= MAX_DEPTH) {
        throw new MalformedDiskException("it lies deeper than " + MAX_DEPTH + " directories");
      }
      DirectoryNode node = directory(inode, path, damage);
      directory.node().put(name, node);
      pending.add(new Pending(entry.inode(), inode, node, path, directory.depth() + 1));
      return;
    }
    Found found = new Found(node(inode, path, damage), path, inode.links());
    found.names = 1;
    files.put(entry.inode(), found);
    directory.node().put(name, found.node);
  }

  private InodeReading inode(int number, String path, DamageListener damage) throws IOException {
    long index = Integer.toUnsignedLong(number) - 1;
    if (index < 0 || index >= superblock.inodes()) {
      throw new MalformedDiskException("inode " + Integer.toUnsignedLong(number) + " is none");
    }
    int group = (int) (index / superblock.inodesPerGroup());
    long table = address(group * superblock.descriptorSize() + 8);
    long offset = index % superblock.inodesPerGroup() * superblock.inodeSize();
    byte[] block = read(table + offset / superblock.blockSize());
    int at = (int) (offset % superblock.blockSize());
    InodeReading inode =
        InodeReading.of(number, Arrays.copyOfRange(block, at, at + superblock.inodeSize()));
    if (superblock.hasChecksums() && !inode.isIntact(superblock.checksumSeed())) {
      damage.damaged(path, "the checksum of its inode " + number + " is wrong");
    }
    return inode;
  }

  private DirectoryNode directory(InodeReading inode, String path, DamageListener damage)
      throws IOException {
    DirectoryNode node =
        new DirectoryNode(metadata(inode, xattrs(inode, path, damage), path, damage));
    node.setImmutable(inode.has(InodeImage.FLAG_IMMUTABLE));
    return node;
  }

  private Node node(InodeReading inode, String path, DamageListener damage) throws IOException {
    if (inode.has(InodeReading.FLAG_ENCRYPT)) {
      throw new MalformedDiskException("it is encrypted");
    }
    Map<String, byte[]> xattrs = xattrs(inode, path, damage);
    byte[] inline = xattrs.remove(AttributeReader.INLINE_DATA);
    Metadata metadata = metadata(inode, xattrs, path, damage);
    return switch (inode.type()) {
      case InodeReading.IFREG -> {
        FileNode file = new FileNode(metadata, content(inode, inline, path, damage));
        yield inode.has(InodeImage.FLAG_VERITY) ? verity(inode, file, path, damage) : file;
      }
      case InodeReading.IFLNK -> new SymlinkNode(metadata, target(inode, inline, path, damage));
      default ->
          throw new MalformedDiskException(
              String.format("it is neither file, directory nor link (mode %o)", inode.mode()));
    };
  }

  private static Metadata metadata(
      InodeReading inode, Map<String, byte[]> xattrs, String path, DamageListener damage)
      throws MalformedDiskException {
    if (inode.has(InodeImage.FLAG_IMMUTABLE) && inode.type() != InodeReading.IFDIR) {
      damage.damaged(path, "it is immutable");
    }
    xattrs.remove(AttributeReader.INLINE_DATA);
    try {
      return new Metadata(
          inode.mode() & 07777, inode.uid(), inode.gid(), inode.mtime(), Xattrs.of(xattrs));
    } catch (IllegalArgumentException e) {
      throw new MalformedDiskException("its inode has " + message(e), e);
    }
  }

  private Map<String, byte[]> xattrs(InodeReading inode, String path, DamageListener damage)
      throws IOException {
    AttributeReader reader = new AttributeReader((number, size) -> value(number, size, path));
    reader.readInode(inode.attributes());
    if (inode.fileAcl() != 0) {
      byte[] block = read(inode.fileAcl());
      if (superblock.hasChecksums()
          && !AttributeReader.isIntact(block, inode.fileAcl(), superblock.checksumSeed())) {
        damage.damaged(path, "the checksum of its extended attributes is wrong");
      }
      reader.readBlock(block);
    }
    return reader.found();
  }

  /** The value of an attribute that has an inode of its own. */
  private byte[] value(int number, int size, String path) throws IOException {
    InodeReading inode = inode(number, path, (where, what) -> {});
    if (!inode.has(InodeReading.FLAG_EA_INODE) || inode.size() != size) {
      throw new MalformedDiskException("the value of an extended attribute is damaged");
    }
    long before = claimed; // several files may share it
    byte[] bytes = bytes(mapped(inode, BlockMap.read(this, inode).runs()));
    claimed = before;
    return bytes;
  }

  private Content content(
      InodeReading inode, byte @Nullable [] inline, String path, DamageListener damage)
      throws IOException {
    if (inode.size() < 0 || inode.size() > MAX_FILE) {
      throw new MalformedDiskException(
          "it has "
              + Long.toUnsignedString(inode.size())
              + " bytes, and files of more than "
              + MAX_FILE
              + " are not read");
    }
    if (inode.has(InodeReading.FLAG_INLINE_DATA)) {
      return Content.of(inlineBytes(inode, inline));
    }
    BlockMap.Result map = BlockMap.read(this, inode);
    if (map.damagedChecksum()) {
      damage.damaged(path, "the checksum of its extents is wrong");
    }
    return mapped(inode, map.runs());
  }

  private static byte[] inlineBytes(InodeReading inode, byte @Nullable [] rest)
      throws MalformedDiskException {
    int more = rest == null ? 0 : rest.length;
    if (inode.size() > 60 + more) {
      throw new MalformedDiskException("its inline data is damaged");
    }
    byte[] bytes = new byte[60 + more];
    inode.block().get(0, bytes, 0, 60);
    if (rest != null) {
      System.arraycopy(rest, 0, bytes, 60, more);
    }
    return Arrays.copyOf(bytes, (int) inode.size());
  }

  private Content mapped(InodeReading inode, List<BlockMap.Run> blocks) {
    return mapped(blocks, 0, inode.size());
  }

  /** The bytes from block {@code first} on. */
  private Content mapped(List<BlockMap.Run> blocks, long first, long size) {
    long blockSize = superblock.blockSize();
    List<MappedContent.Run> runs = new ArrayList<>();
    for (BlockMap.Run run : blocks) {
      long skip = Math.max(0, first - run.logical());
      long position = (run.logical() + skip - first) * blockSize;
      long length = Math.min((run.count() - skip) * blockSize, size - position);
      if (skip < run.count() && length > 0) {
        runs.add(new MappedContent.Run(position, (run.physical() + skip) * blockSize, length));
      }
    }
    return size == 0 ? Content.EMPTY : new MappedContent(partition, size, runs);
  }

  /** Compares Merkle tree and descriptor, which lie past the end of a file, with its content. */
  private FileNode verity(InodeReading inode, FileNode file, String path, DamageListener damage)
      throws IOException {
    if (superblock.blockSize() != Ext4Writer.BLOCK_SIZE) {
      throw new MalformedDiskException("fs-verity is read on blocks of 4096 bytes only");
    }
    VerityMetadata place = new VerityMetadata(inode.size());
    long before = claimed;
    List<BlockMap.Run> runs = BlockMap.read(this, inode).runs();
    claimed = before;
    Content stored =
        mapped(runs, place.firstBlock(), place.blocks() * (long) Ext4Writer.BLOCK_SIZE);
    boolean[] same = {true};
    ByteBuffer block = ByteBuffer.allocate(Ext4Writer.BLOCK_SIZE);
    FsVerity verity =
        new FsVerity(
            inode.size(),
            (position, made) -> {
              stored.read(position, block.clear());
              same[0] &= block.flip().equals(made);
            });
    file.content().readAll(ByteBuffer.allocate(1 << 18), verity::update);
    byte[] descriptor = verity.descriptor();
    stored.read((place.blocks() - 1) * Ext4Writer.BLOCK_SIZE, block.clear());
    ByteBuffer wanted = VerityMetadata.descriptorBlock(descriptor).rewind();
    if (!same[0] || !block.flip().equals(wanted)) {
      damage.damaged(path, "its content is not what its fs-verity metadata protects");
    }
    return file.withVerity();
  }

  private String target(
      InodeReading inode, byte @Nullable [] inline, String path, DamageListener damage)
      throws IOException {
    if (inode.size() <= 0 || inode.size() > MAX_TARGET) {
      throw new MalformedDiskException("it is a link of " + inode.size() + " bytes");
    }
    boolean fast =
        !inode.has(InodeImage.FLAG_EXTENTS)
            && !inode.has(InodeReading.FLAG_INLINE_DATA)
            && inode.size() < 60;
    byte[] bytes;
    if (fast) {
      bytes = new byte[(int) inode.size()];
      inode.block().get(0, bytes);
    } else {
      bytes = bytes(content(inode, inline, path, damage));
    }
    return name(ByteBuffer.wrap(bytes));
  }

  private static byte[] bytes(Content content) throws IOException {
    byte[] bytes = new byte[Math.toIntExact(content.size())];
    content.read(0, ByteBuffer.wrap(bytes));
    return bytes;
  }

  /** A name as text; what is not UTF-8 is shown as it is, and so equals no name of an image. */
  private static String name(ByteBuffer bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes.duplicate()).toString();
    } catch (CharacterCodingException e) {
      StringBuilder text = new StringBuilder();
      for (ByteBuffer rest = bytes.duplicate(); rest.hasRemaining(); ) {
        byte b = rest.get();
        text.append(b >= ' ' ? String.valueOf((char) b) : String.format("\\x%02x", b & 0xFF));
      }
      return text.toString();
    }
  }

  private List<Entry> entries(InodeReading inode, String path, DamageListener damage)
      throws IOException {
    List<Entry> entries = new ArrayList<>();
    if (inode.has(InodeReading.FLAG_ENCRYPT)) {
      throw new MalformedDiskException("it is encrypted");
    }
    if (inode.has(InodeReading.FLAG_INLINE_DATA)) {
      byte[] rest = xattrsOf(inode);
      byte[] first = new byte[56]; // i_block begins with the inode of the parent
      inode.block().get(4, first);
      readEntries(first, first.length, entries);
      readEntries(rest, rest.length, entries);
      return entries;
    }
    BlockMap.Result map = BlockMap.read(this, inode);
    if (map.damagedChecksum()) {
      damage.damaged(path, "the checksum of its extents is wrong");
    }
    int seed = inode.checksumSeed(superblock.checksumSeed());
    boolean intact = true;
    long blocks = inode.size() / superblock.blockSize();
    long read = 0;
    for (BlockMap.Run run : map.runs()) {
      for (long i = 0; i < run.count() && run.logical() + i < blocks; i++) {
        byte[] block = read(run.physical() + i);
        boolean indexed = inode.has(InodeImage.FLAG_INDEX);
        intact &= isIntact(block, indexed, run.logical() + i == 0, seed);
        readEntries(block, block.length, entries);
        read++;
      }
    }
    if (!intact) {
      damage.damaged(path, "the checksum of the directory is wrong");
    }
    if (read != blocks) {
      damage.damaged(path, "the directory has holes");
    }
    return entries;
  }

  private byte[] xattrsOf(InodeReading inode) throws IOException {
    AttributeReader reader = new AttributeReader((number, size) -> new byte[0]);
    reader.readInode(inode.attributes());
    byte[] rest = reader.found().get(AttributeReader.INLINE_DATA);
    return rest == null ? new byte[0] : rest;
  }

  /** Checks a block of entries, or one of the nodes of a hash tree, which hold none. */
  private boolean isIntact(byte[] bytes, boolean indexed, boolean first, int seed) {
    if (!superblock.hasChecksums()) {
      return true;
    }
    ByteBuffer block = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int tail = bytes.length - TAIL;
    boolean node =
        indexed && (first || (block.getInt(0) == 0 && recordLength(block, 0) == bytes.length));
    if (!node) {
      return block.getInt(tail) == 0
          && block.getShort(tail + 4) == TAIL
          && (block.get(tail + 7) & 0xFF) == TAIL_TYPE
          && Crc32c.update(seed, bytes, 0, tail) == block.getInt(tail + 8);
    }
    // struct dx_countlimit: behind "." and ".." and dx_root_info, or behind an empty entry
    int at = first ? 24 + (block.get(29) & 0xFF) : 8;
    if (at > bytes.length / 2) {
      return false;
    }
    int limit = block.getShort(at) & 0xFFFF;
    int count = block.getShort(at + 2) & 0xFFFF;
    int dxTail = at + limit * 8;
    if (count > limit || dxTail + 8 > bytes.length) {
      return false;
    }
    int crc = Crc32c.update(seed, bytes, 0, at + count * 8);
    crc = Crc32c.update(crc, bytes, dxTail, 4);
    return Crc32c.zeros(crc, 4) == block.getInt(dxTail + 4);
  }

  private void readEntries(byte[] bytes, int length, List<Entry> entries)
      throws MalformedDiskException {
    ByteBuffer block = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int at = 0;
    while (at < length) {
      int record = at + 8 > length ? 0 : recordLength(block, at);
      int nameLength =
          record < 8 || block.getInt(at) == 0
              ? 0
              : superblock.hasFileTypes()
                  ? block.get(at + 6) & 0xFF
                  : block.getShort(at + 6) & 0xFFFF;
      if (record < 8 || record % 4 != 0 || at + record > length || 8 + nameLength > record) {
        throw new MalformedDiskException("its entries are damaged");
      }
      if (block.getInt(at) != 0) {
        entries.add(new Entry(ByteBuffer.wrap(bytes, at + 8, nameLength), block.getInt(at)));
      }
      at += record;
    }
  }

  /** With blocks of 64 KiB the length of one does not fit its 16 bits. */
  private static int recordLength(ByteBuffer block, int at) {
    int length = block.getShort(at + 4) & 0xFFFF;
    return block.capacity() == 65536 && (length == 65535 || length == 0) ? 65536 : length;
  }

  private static String message(Exception e) {
    return String.valueOf(e.getMessage());
  }
}
