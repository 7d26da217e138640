package org.bib.ext4;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import org.bib.disk.ByteRange;
import org.bib.disk.ByteSize;
import org.bib.disk.Content;
import org.bib.disk.DiskImage;
import org.bib.failure.BuildException;
import org.bib.fsverity.FsVerity;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;

/**
 * Writes an ext4 filesystem with a tree in it. Structures go into the file of the image, contents
 * are placed over it. The same tree and options give the same bytes, on every machine. One thread,
 * one use.
 */
public final class Ext4Writer {
  static final int BLOCK_SIZE = 4096;

  private static final int ROOT_INODE = 2;
  private static final String LOST_FOUND = "lost+found";
  private static final int LOST_FOUND_INODE = 11; // EXT4_GOOD_OLD_FIRST_INO, where mke2fs puts it
  private static final int MAX_LINKS = 65000; // EXT4_LINK_MAX
  private static final int S_IFDIR = 0040000;
  private static final int S_IFREG = 0100000;
  private static final int S_IFLNK = 0120000;
  private static final int FAST_SYMLINK = 60; // shorter targets stand in i_block
  private static final int OPEN_FLAGS = 0x20001; // EXT2_FLAG_64BITS | EXT2_FLAG_RW
  private static final int NO_SYNC = 1; // EXT2_FLAG_FLUSH_NO_SYNC
  // struct struct_ext2_filsys on LP64: magic, io, flags, device_name, super
  private static final int FS_FLAGS = 16;
  private static final int FS_SUPER = 32;
  private static final int CHANGED = 2; // EXT2_FLAG_CHANGED
  private static final int DIRTY = 4; // EXT2_FLAG_DIRTY
  private static final int MASTER_SB_ONLY = 0x200; // EXT2_FLAG_MASTER_SB_ONLY
  private static final int S_FLAGS = 0x160; // struct ext2_super_block
  private static final int SIGNED_HASH = 1; // EXT2_FLAGS_SIGNED_HASH
  private static final int UNSIGNED_HASH = 2; // EXT2_FLAGS_UNSIGNED_HASH
  private static final int HALF_MD4 = 1; // EXT2_HASH_HALF_MD4, over signed characters
  private static final long HOLE = 1 << 16; // shorter gaps in a content are stored
  private static final int READ_SIZE = 1 << 18;

  private final LibExt2fs.Functions ext2fs;
  private final Pointer fs;
  private final DiskImage image;
  private final long offset;
  private final Pointer hashSeed;
  private final Pointer outA = LibExt2fs.pointerOut();
  private final Pointer outB = LibExt2fs.pointerOut();
  private final Pointer blockBuffer = Memory.allocateDirect(LibExt2fs.runtime(), BLOCK_SIZE);
  private final IdentityHashMap<Node, Slot> slots = new IdentityHashMap<>();
  private long goal;

  /** An inode to be, and how many names it has. */
  private static final class Slot {
    final Node node;
    final String path;
    int inode;
    int links;

    Slot(Node node, String path) {
      this.node = node;
      this.path = path;
    }
  }

  private record Directory(DirectoryNode node, Slot slot, int parent, Map<String, Slot> entries) {}

  private Ext4Writer(
      LibExt2fs.Functions ext2fs, Pointer fs, DiskImage image, long offset, Ext4Options options) {
    this.ext2fs = ext2fs;
    this.fs = fs;
    this.image = image;
    this.offset = offset;
    this.hashSeed = Memory.allocateDirect(LibExt2fs.runtime(), 16);
    ByteBuffer seed = ByteBuffer.allocate(16);
    seed.putLong(options.hashSeed().getMostSignificantBits());
    seed.putLong(options.hashSeed().getLeastSignificantBits());
    hashSeed.put(0, seed.array(), 0, 16);
  }

  /**
   * Binds libext2fs now rather than when the first filesystem is written.
   *
   * @throws BuildException if it is not installed
   */
  public static void load() throws BuildException {
    LibExt2fs.functions();
  }

  /**
   * Makes a filesystem and puts {@code root} into it.
   *
   * @param image the disk
   * @param offset of the filesystem on the disk in bytes
   * @param size of the filesystem; what is over whole blocks of 4096 bytes stays unused
   * @param root becomes the root directory; a {@code lost+found} is added where it has none
   * @throws BuildException if the tree does not fit, saying how much is needed
   */
  public static void write(
      DiskImage image, long offset, ByteSize size, Ext4Options options, DirectoryNode root)
      throws IOException, InterruptedException {
    ByteSize needed = Ext4Size.minimum(root);
    if (needed.compareTo(size) > 0) {
      throw new BuildException(
          "the filesystem \""
              + options.label()
              + "\" has "
              + size
              + ", its content needs "
              + needed,
          "raise its size or that of the disk");
    }
    long blocks = size.bytes() / BLOCK_SIZE;
    long inodes = Math.max(size.bytes() / 16384, Ext4Size.inodes(root));
    MakeFilesystem.run(image.file(), offset, blocks, inodes, options, Ext4Size.hasVerity(root));
    fill(image, offset, options, root);
  }

  /** Puts {@code root} into the empty filesystem that is there. */
  static void fill(DiskImage image, long offset, Ext4Options options, DirectoryNode root)
      throws IOException {
    LibExt2fs.Functions ext2fs = LibExt2fs.functions();
    LibExt2fs.setenv("E2FSPROGS_FAKE_TIME", Long.toString(options.seconds()));
    Pointer out = LibExt2fs.pointerOut();
    byte[] name = (image.file() + "?offset=" + offset + "\0").getBytes(StandardCharsets.UTF_8);
    Pointer manager = Pointer.wrap(LibExt2fs.runtime(), ext2fs.unix_io_manager().get());
    LibExt2fs.check(
        "ext2fs_open2(" + image.file() + ")",
        ext2fs.ext2fs_open2(name, null, OPEN_FLAGS, 0, 0, manager, out));
    Pointer fs = out.getPointer(0);
    Ext4Writer writer = new Ext4Writer(ext2fs, fs, image, offset, options);
    try {
      LibExt2fs.check("ext2fs_read_bitmaps", ext2fs.ext2fs_read_bitmaps(fs));
      writer.hashSignedCharacters();
      writer.populate(root);
    } finally {
      LibExt2fs.check("ext2fs_close2", ext2fs.ext2fs_close2(fs, NO_SYNC));
    }
  }

  private void populate(DirectoryNode root) throws IOException {
    if (root.child(LOST_FOUND) != null && !(root.child(LOST_FOUND) instanceof DirectoryNode)) {
      throw new BuildException(
          "ext4 keeps a directory " + LOST_FOUND + ", where this filesystem has something else",
          "rename it in the image");
    }
    List<Directory> directories = new ArrayList<>();
    Slot rootSlot = new Slot(root, "/");
    rootSlot.inode = ROOT_INODE;
    assign(root, rootSlot, ROOT_INODE, directories);
    for (Directory directory : directories) {
      for (Slot slot : directory.entries().values()) {
        if (slot.inode == 0) {
          slot.inode = newInode(directory.slot().inode, 0);
          write(slot);
        }
      }
    }
    for (Directory directory : directories) {
      writeDirectory(directory);
    }
  }

  /** Collects directories, parents first, and counts the names of every inode. */
  private void assign(DirectoryNode node, Slot slot, int parent, List<Directory> directories)
      throws IOException {
    Map<String, Slot> entries = new LinkedHashMap<>();
    directories.add(new Directory(node, slot, parent, entries));
    for (Map.Entry<String, Node> child : node.children().entrySet()) {
      String path = slot.path.equals("/") ? "/" + child.getKey() : slot.path + "/" + child.getKey();
      if (child.getValue() instanceof DirectoryNode directory) {
        Slot made = new Slot(directory, path);
        boolean isLostFound = slot.inode == ROOT_INODE && child.getKey().equals(LOST_FOUND);
        made.inode = isLostFound ? LOST_FOUND_INODE : newInode(slot.inode, S_IFDIR);
        entries.put(child.getKey(), made);
        assign(directory, made, slot.inode, directories);
      } else {
        Slot known = slots.get(child.getValue());
        if (known == null || known.links == MAX_LINKS) {
          known = new Slot(child.getValue(), path);
          slots.put(child.getValue(), known);
        }
        known.links++;
        entries.put(child.getKey(), known);
      }
    }
  }

  private void write(Slot slot) throws IOException {
    if (slot.node instanceof FileNode file) {
      InodeImage inode = new InodeImage(S_IFREG, file.metadata(), slot.links);
      writeFile(slot, inode, file.content());
    } else if (slot.node instanceof SymlinkNode symlink) {
      InodeImage inode = new InodeImage(S_IFLNK, symlink.metadata(), slot.links);
      byte[] target = symlink.target().getBytes(StandardCharsets.UTF_8);
      if (target.length < FAST_SYMLINK) {
        inode.setSize(target.length);
        inode.block().put(0, target);
        finish(slot, inode, 0);
      } else {
        writeFile(slot, inode, Content.of(target));
      }
    }
  }

  private void writeFile(Slot slot, InodeImage inode, Content content) throws IOException {
    inode.setSize(content.size());
    List<Extent> extents = new ArrayList<>();
    for (ByteRange range : storedRanges(content)) {
      long first = range.offset() / BLOCK_SIZE;
      long count = (range.end() + BLOCK_SIZE - 1) / BLOCK_SIZE - first;
      List<Extent> run = allocate(first, count);
      for (Extent extent : run) {
        long position = extent.logical() * BLOCK_SIZE;
        long length = Math.min((long) extent.length() * BLOCK_SIZE, range.end() - position);
        image.place(offset + extent.physical() * BLOCK_SIZE, content, position, length);
      }
      extents.addAll(run);
    }
    if (slot.node instanceof FileNode file && file.verity()) {
      inode.addFlags(InodeImage.FLAG_VERITY);
      extents.addAll(writeVerity(content));
    }
    writeExtents(slot, inode, extents);
  }

  /** Writes Merkle tree and descriptor; their blocks belong to the file, past its end. */
  private List<Extent> writeVerity(Content content) throws IOException {
    VerityMetadata metadata = new VerityMetadata(content.size());
    long first = metadata.firstBlock();
    List<Extent> extents = allocate(first, metadata.blocks());
    FsVerity verity =
        new FsVerity(
            content.size(),
            (position, block) -> image.write(place(extents, first + position / BLOCK_SIZE), block));
    content.readAll(ByteBuffer.allocate(READ_SIZE), verity::update);
    image.write(
        place(extents, first + metadata.blocks() - 1),
        VerityMetadata.descriptorBlock(verity.descriptor()));
    return extents;
  }

  /** Where a block of a file is on the disk. */
  private long place(List<Extent> extents, long logical) {
    for (Extent extent : extents) {
      if (logical < extent.logical() + extent.length()) {
        return offset + (extent.physical() + logical - extent.logical()) * BLOCK_SIZE;
      }
    }
    throw new IllegalArgumentException("block " + logical + " is not allocated");
  }

  /** Data ranges with the gaps closed that are too short to be worth an extent. */
  private static List<ByteRange> storedRanges(Content content) {
    List<ByteRange> stored = new ArrayList<>();
    for (ByteRange range : content.dataRanges()) {
      ByteRange last = stored.isEmpty() ? null : stored.get(stored.size() - 1);
      if (last != null && range.offset() - last.end() < HOLE) {
        stored.set(stored.size() - 1, new ByteRange(last.offset(), range.end() - last.offset()));
      } else {
        stored.add(range);
      }
    }
    return stored;
  }

  private void writeExtents(Slot slot, InodeImage inode, List<Extent> extents) throws IOException {
    inode.addFlags(InodeImage.FLAG_EXTENTS);
    long blocks = extents.stream().mapToLong(Extent::length).sum();
    ExtentTree tree = ExtentTree.of(extents);
    List<Long> nodes = new ArrayList<>();
    for (int i = 0; i < tree.nodeCount(); i++) {
      nodes.add(allocate(0, 1).get(0).physical());
    }
    tree.putRoot(inode.block(), nodes);
    finish(slot, inode, blocks + nodes.size());
    for (int i = 0; i < nodes.size(); i++) {
      // The checksum covers the inode's number and generation, so the inode comes first.
      blockBuffer.put(0, tree.node(i, nodes), 0, BLOCK_SIZE);
      LibExt2fs.check(
          "ext2fs_extent_block_csum_set",
          ext2fs.ext2fs_extent_block_csum_set(fs, slot.inode, blockBuffer));
      byte[] node = new byte[BLOCK_SIZE];
      blockBuffer.get(0, node, 0, BLOCK_SIZE);
      image.write(offset + nodes.get(i) * BLOCK_SIZE, ByteBuffer.wrap(node));
    }
  }

  /** Adds the attributes and writes the inode. */
  private void finish(Slot slot, InodeImage inode, long blocks) throws IOException {
    long all = blocks;
    ExtendedAttributes attributes =
        new ExtendedAttributes(slot.node.metadata().xattrs(), slot.path);
    attributes.putIntoInode(inode.attributes());
    if (attributes.needBlock()) {
      long block = allocate(0, 1).get(0).physical();
      inode.setFileAcl(block);
      all++;
      blockBuffer.put(0, attributes.block(), 0, BLOCK_SIZE);
      LibExt2fs.check(
          "ext2fs_write_ext_attr3",
          ext2fs.ext2fs_write_ext_attr3(fs, block, blockBuffer, slot.inode));
    }
    inode.setBlocks(all);
    LibExt2fs.check(
        "ext2fs_write_inode_full(" + slot.path + ")",
        ext2fs.ext2fs_write_inode_full(fs, slot.inode, inode.toByteArray(), InodeImage.SIZE));
  }

  private void writeDirectory(Directory directory) throws IOException {
    Slot slot = directory.slot();
    boolean isRoot = slot.inode == ROOT_INODE;
    List<DirectoryBlocks.Entry> entries = new ArrayList<>();
    int subdirectories = 0;
    for (Map.Entry<String, Slot> entry : directory.entries().entrySet()) {
      boolean isDirectory = entry.getValue().node instanceof DirectoryNode;
      subdirectories += isDirectory ? 1 : 0;
      int type = isDirectory ? 2 : entry.getValue().node instanceof FileNode ? 1 : 7;
      entries.add(entry(entry.getKey(), entry.getValue().inode, type));
    }
    if (isRoot && directory.node().child(LOST_FOUND) == null) {
      subdirectories++;
      entries.add(entry(LOST_FOUND, LOST_FOUND_INODE, 2));
    }
    boolean linear = DirectoryBlocks.fitOneBlock(entries);
    List<byte[]> blocks = new ArrayList<>();
    if (linear) {
      blocks.add(DirectoryBlocks.linear(slot.inode, directory.parent(), entries));
    } else {
      blocks.addAll(DirectoryBlocks.tree(slot.inode, directory.parent(), entries));
    }
    List<Extent> extents = new ArrayList<>();
    if (isRoot) {
      extents.addAll(blocksFromMke2fs(ROOT_INODE));
    } else if (slot.inode == LOST_FOUND_INODE) {
      extents.addAll(lostFoundBlocks(linear));
    }
    int given = extents.stream().mapToInt(Extent::length).sum();
    while (blocks.size() < given) {
      blocks.add(DirectoryBlocks.empty());
    }
    if (blocks.size() > given) {
      extents.addAll(allocate(given, blocks.size() - given));
    }
    // dir_nlink: a directory with more names than can be counted says 1.
    int links = subdirectories + 2 > MAX_LINKS ? 1 : subdirectories + 2;
    InodeImage inode = new InodeImage(S_IFDIR, directory.node().metadata(), links);
    inode.setSize((long) blocks.size() * BLOCK_SIZE);
    inode.addFlags(linear ? 0 : InodeImage.FLAG_INDEX);
    inode.addFlags(directory.node().immutable() ? InodeImage.FLAG_IMMUTABLE : 0);
    writeExtents(slot, inode, extents);
    for (Extent extent : extents) {
      for (int i = 0; i < extent.length(); i++) {
        blockBuffer.put(0, blocks.get((int) extent.logical() + i), 0, BLOCK_SIZE);
        LibExt2fs.check(
            "ext2fs_write_dir_block4",
            ext2fs.ext2fs_write_dir_block4(fs, extent.physical() + i, blockBuffer, 0, slot.inode));
      }
    }
  }

  private DirectoryBlocks.Entry entry(String name, int inode, int type) throws IOException {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    LibExt2fs.check(
        "ext2fs_dirhash",
        ext2fs.ext2fs_dirhash(HALF_MD4, bytes, bytes.length, hashSeed, outA, outB));
    return new DirectoryBlocks.Entry(
        ByteBuffer.wrap(bytes),
        inode,
        type,
        outA.getInt(0) & 0xFFFF_FFFFL,
        outB.getInt(0) & 0xFFFF_FFFFL);
  }

  /**
   * Has directory hashes taken over signed characters. mke2fs would have the C compiler of its
   * machine choose: signed on x86, unsigned on ARM (ext2fs_initialize). Kernels on all machines
   * heed the flag. It stands in every copy of the superblock.
   */
  private void hashSignedCharacters() {
    Pointer superblock = fs.getPointer(FS_SUPER);
    int flags = superblock.getInt(S_FLAGS);
    superblock.putInt(S_FLAGS, (flags & ~UNSIGNED_HASH) | SIGNED_HASH);
    fs.putInt(FS_FLAGS, (fs.getInt(FS_FLAGS) | DIRTY | CHANGED) & ~MASTER_SB_ONLY);
  }

  /** The blocks that mke2fs gave to a directory. */
  private List<Extent> blocksFromMke2fs(int number) throws IOException {
    byte[] bytes = new byte[InodeImage.SIZE];
    LibExt2fs.check(
        "ext2fs_read_inode_full", ext2fs.ext2fs_read_inode_full(fs, number, bytes, bytes.length));
    ByteBuffer inode = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    List<Extent> extents = new ArrayList<>();
    // i_block: a header with eh_entries at 2, then extents, few as there are.
    for (int i = 0; i < inode.getShort(40 + 2); i++) {
      int at = 40 + 12 + 12 * i; // ee_block, ee_len at 4, ee_start_hi at 6, ee_start_lo at 8
      long start = (inode.getShort(at + 6) & 0xFFFFL) << 32 | (inode.getInt(at + 8) & 0xFFFF_FFFFL);
      extents.add(new Extent(inode.getInt(at), start, inode.getShort(at + 4)));
    }
    return extents;
  }

  /** Blocks that e2fsck can fill when none are free; given back where a hash tree needs its own. */
  private List<Extent> lostFoundBlocks(boolean linear) throws IOException {
    List<Extent> extents = blocksFromMke2fs(LOST_FOUND_INODE);
    if (linear) {
      return extents;
    }
    for (Extent extent : extents) {
      ext2fs.ext2fs_block_alloc_stats_range(fs, extent.physical(), extent.length(), -1);
    }
    return List.of();
  }

  private int newInode(int directory, int type) throws IOException {
    long error = ext2fs.ext2fs_new_inode(fs, directory, type, null, outA);
    LibExt2fs.check("ext2fs_new_inode", error);
    int inode = outA.getInt(0);
    ext2fs.ext2fs_inode_alloc_stats2(fs, inode, 1, type == S_IFDIR ? 1 : 0);
    return inode;
  }

  /** Allocates {@code count} blocks for a run of a file, in as few extents as there are. */
  private List<Extent> allocate(long logical, long count) throws IOException {
    List<Extent> extents = new ArrayList<>();
    long at = logical;
    long left = count;
    while (left > 0) {
      long want = Math.min(left, Extent.MAX_LENGTH);
      long error = ext2fs.ext2fs_new_range(fs, 0, goal, want, null, outA, outB);
      LibExt2fs.check("ext2fs_new_range", error);
      long block = outA.getLongLong(0);
      int got = Math.toIntExact(Math.min(outB.getLongLong(0), want));
      ext2fs.ext2fs_block_alloc_stats_range(fs, block, got, 1);
      goal = block + got;
      Extent last = extents.isEmpty() ? null : extents.get(extents.size() - 1);
      if (last != null && joins(last, block, got)) {
        extents.set(
            extents.size() - 1, new Extent(last.logical(), last.physical(), last.length() + got));
      } else {
        extents.add(new Extent(at, block, got));
      }
      at += got;
      left -= got;
    }
    return extents;
  }

  private static boolean joins(Extent last, long block, int length) {
    return last.physical() + last.length() == block && last.length() + length <= Extent.MAX_LENGTH;
  }
}
