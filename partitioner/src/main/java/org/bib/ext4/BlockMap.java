package org.bib.ext4;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.bib.disk.MalformedDiskException;

/**
 * Where the blocks of an inode are: its extent tree, or the block pointers of filesystems of old
 * (Documentation/filesystems/ext4/ifork.rst). Everything found is ascending and within the
 * filesystem, so the work is bounded by the number of blocks that it has.
 */
final class BlockMap {
  private static final int MAGIC = 0xF30A;
  private static final int HEADER = 12;
  private static final int ENTRY = 12;
  private static final int MAX_DEPTH = 5;
  private static final int MAX_INITIALIZED = 32768; // longer ones are not written yet
  private static final int DIRECT = 12;

  private final Blocks blocks;
  private final InodeReading inode;
  private final int checksumSeed;
  private final List<Run> runs = new ArrayList<>();
  private long next; // the first logical block that may come
  private boolean damagedChecksum;

  /** Gives blocks of the filesystem. */
  interface Blocks {
    Superblock superblock();

    /** A block, not to be changed. */
    byte[] read(long block) throws IOException;

    /** Counts blocks as belonging to an inode; none belongs to two. */
    void claim(long block, long count) throws MalformedDiskException;
  }

  /**
   * Consecutive blocks.
   *
   * @param logical number in the file
   * @param physical number in the filesystem
   */
  record Run(long logical, long physical, long count) {
    long end() {
      return logical + count;
    }
  }

  private BlockMap(Blocks blocks, InodeReading inode) {
    this.blocks = blocks;
    this.inode = inode;
    this.checksumSeed = inode.checksumSeed(blocks.superblock().checksumSeed());
  }

  /** The runs, and whether a checksum on the way to them was wrong. */
  record Result(List<Run> runs, boolean damagedChecksum) {}

  /** Reads the map of an inode. */
  static Result read(Blocks blocks, InodeReading inode) throws IOException {
    BlockMap map = new BlockMap(blocks, inode);
    if (inode.has(InodeImage.FLAG_EXTENTS)) {
      map.extents(inode.block(), -1);
    } else {
      map.pointers();
    }
    return new Result(map.runs, map.damagedChecksum);
  }

  /**
   * Reads a node of the tree and all below.
   *
   * @param depth that it must have; negative at the root
   */
  private void extents(ByteBuffer node, int depth) throws IOException {
    int entries = node.getShort(2) & 0xFFFF;
    int max = node.getShort(4) & 0xFFFF;
    int found = node.getShort(6) & 0xFFFF;
    if ((node.getShort(0) & 0xFFFF) != MAGIC
        || entries > max
        || HEADER + max * ENTRY > node.capacity()
        || found > MAX_DEPTH
        || (depth >= 0 && found != depth)) {
      throw malformed("its extent tree is damaged");
    }
    for (int i = 0; i < entries; i++) {
      int at = HEADER + i * ENTRY;
      if (found == 0) {
        extent(node, at);
      } else {
        long block = address(node, at + 4, at + 8);
        if (Integer.toUnsignedLong(node.getInt(at)) < next) {
          throw malformed("its extents are in no order");
        }
        blocks.claim(block, 1);
        byte[] bytes = blocks.read(block);
        ByteBuffer child = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        checkTail(child, bytes);
        if (child.getShort(2) == 0) {
          throw malformed("its extent tree has an empty node");
        }
        extents(child, found - 1);
      }
    }
  }

  private void checkTail(ByteBuffer node, byte[] bytes) {
    int at = HEADER + ENTRY * (node.getShort(4) & 0xFFFF);
    if (blocks.superblock().hasChecksums()
        && (at + Integer.BYTES > node.capacity()
            || Crc32c.update(checksumSeed, bytes, 0, at) != node.getInt(at))) {
      damagedChecksum = true;
    }
  }

  private void extent(ByteBuffer node, int at) throws IOException {
    long logical = Integer.toUnsignedLong(node.getInt(at));
    int length = node.getShort(at + 4) & 0xFFFF;
    long physical = address(node, at + 8, at + 6);
    boolean written = length <= MAX_INITIALIZED;
    int count = written ? length : length - MAX_INITIALIZED;
    if (logical < next || count == 0) {
      throw malformed("its extents are in no order");
    }
    blocks.claim(physical, count);
    next = logical + count;
    if (written) {
      add(logical, physical, count);
    }
  }

  private void add(long logical, long physical, long count) {
    Run last = runs.isEmpty() ? null : runs.get(runs.size() - 1);
    if (last != null && last.end() == logical && last.physical() + last.count() == physical) {
      runs.set(runs.size() - 1, new Run(last.logical(), last.physical(), last.count() + count));
    } else {
      runs.add(new Run(logical, physical, count));
    }
  }

  private static long address(ByteBuffer node, int low, int high) {
    return Integer.toUnsignedLong(node.getInt(low)) | (node.getShort(high) & 0xFFFFL) << 32;
  }

  private void pointers() throws IOException {
    ByteBuffer block = inode.block();
    for (int i = 0; i < DIRECT; i++) {
      pointer(Integer.toUnsignedLong(block.getInt(i * 4)), 0);
    }
    for (int level = 1; level <= 3; level++) {
      pointer(Integer.toUnsignedLong(block.getInt((DIRECT + level - 1) * 4)), level);
    }
  }

  private void pointer(long block, int level) throws IOException {
    long perBlock = blocks.superblock().blockSize() / 4;
    if (block == 0) {
      long skipped = 1;
      for (int i = 0; i < level; i++) {
        skipped *= perBlock;
      }
      next += skipped;
      return;
    }
    blocks.claim(block, 1);
    if (level == 0) {
      add(next, block, 1);
      next++;
      return;
    }
    ByteBuffer pointers = ByteBuffer.wrap(blocks.read(block)).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < perBlock; i++) {
      pointer(Integer.toUnsignedLong(pointers.getInt(i * 4)), level - 1);
    }
  }

  private MalformedDiskException malformed(String what) {
    return new MalformedDiskException("inode " + inode.number() + ": " + what);
  }
}
