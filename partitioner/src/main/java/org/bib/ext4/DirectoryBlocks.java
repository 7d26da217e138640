package org.bib.ext4;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The blocks of a directory: one linear block, or a hash tree
 * (Documentation/filesystems/ext4/directory.rst). Checksums are added when they are written.
 */
final class DirectoryBlocks {
  private static final int SIZE = Ext4Writer.BLOCK_SIZE;
  private static final int TAIL = 12; // struct ext4_dir_entry_tail
  private static final int DX_TAIL = 8;
  private static final int ROOT_ENTRIES = 32; // offset of the index entries in the root
  private static final int NODE_ENTRIES = 8;
  private static final int HALF_MD4 = 1;

  private DirectoryBlocks() {}

  /**
   * A name in a directory.
   *
   * @param type EXT4_FT_REG_FILE 1, EXT4_FT_DIR 2, EXT4_FT_SYMLINK 7
   */
  record Entry(ByteBuffer name, int inode, int type, long hash, long minorHash) {
    int size() {
      return (8 + name.remaining() + 3) & ~3;
    }
  }

  private record IndexEntry(long hash, int block) {}

  /** Whether all entries fit into one linear block. */
  static boolean fitOneBlock(List<Entry> entries) {
    return entries.stream().mapToInt(Entry::size).sum() <= SIZE - TAIL - 24;
  }

  /** The one block of a small directory. */
  static byte[] linear(int self, int parent, List<Entry> entries) {
    byte[] blockBytes = new byte[SIZE];
    ByteBuffer block = wrap(blockBytes);
    put(block, 0, 12, self, 2, ByteBuffer.wrap(new byte[] {'.'}));
    if (entries.isEmpty()) {
      put(block, 12, SIZE - TAIL - 12, parent, 2, ByteBuffer.wrap(new byte[] {'.', '.'}));
    } else {
      put(block, 12, 12, parent, 2, ByteBuffer.wrap(new byte[] {'.', '.'}));
      fill(block, 24, entries);
    }
    putTail(block);
    return blockBytes;
  }

  /** A further block of a linear directory with no names in it. */
  static byte[] empty() {
    byte[] blockBytes = new byte[SIZE];
    ByteBuffer block = wrap(blockBytes);
    block.putShort(4, (short) (SIZE - TAIL));
    putTail(block);
    return blockBytes;
  }

  /**
   * The blocks of a hash tree: root, leaves, inner nodes, in the order of the directory's blocks.
   */
  static List<byte[]> tree(int self, int parent, List<Entry> entries) {
    List<Entry> sorted = new ArrayList<>(entries);
    sorted.sort(
        Comparator.comparingLong(Entry::hash)
            .thenComparingLong(Entry::minorHash)
            .thenComparing(Entry::name));
    List<byte[]> blocks = new ArrayList<>();
    blocks.add(new byte[SIZE]); // the root, once it is known
    List<IndexEntry> index = new ArrayList<>();
    int from = 0;
    while (from < sorted.size()) {
      int to = from;
      int used = 0;
      while (to < sorted.size() && used + sorted.get(to).size() <= SIZE - TAIL) {
        used += sorted.get(to).size();
        to++;
      }
      byte[] leafBytes = new byte[SIZE];
      ByteBuffer leaf = wrap(leafBytes);
      fill(leaf, 0, sorted.subList(from, to));
      putTail(leaf);
      // The lowest bit says that the hash goes on from the block before.
      long hash = from == 0 ? 0 : sorted.get(from).hash();
      boolean goesOn = from > 0 && sorted.get(from - 1).hash() == hash;
      index.add(new IndexEntry(goesOn ? hash | 1 : hash, blocks.size()));
      blocks.add(leafBytes);
      from = to;
    }
    int levels = 0;
    int rootLimit = (SIZE - ROOT_ENTRIES - DX_TAIL) / 8;
    int nodeLimit = (SIZE - NODE_ENTRIES - DX_TAIL) / 8;
    while (index.size() > rootLimit) {
      List<IndexEntry> above = new ArrayList<>();
      for (int i = 0; i < index.size(); i += nodeLimit) {
        byte[] nodeBytes = new byte[SIZE];
        ByteBuffer node = wrap(nodeBytes);
        node.putShort(4, (short) SIZE); // a dirent that spans the block
        List<IndexEntry> part = index.subList(i, Math.min(index.size(), i + nodeLimit));
        putIndex(node, NODE_ENTRIES, nodeLimit, part);
        above.add(new IndexEntry(part.get(0).hash(), blocks.size()));
        blocks.add(nodeBytes);
      }
      index = above;
      levels++;
    }
    byte[] rootBytes = new byte[SIZE];
    ByteBuffer root = wrap(rootBytes);
    put(root, 0, 12, self, 2, ByteBuffer.wrap(new byte[] {'.'}));
    put(root, 12, SIZE - 12, parent, 2, ByteBuffer.wrap(new byte[] {'.', '.'}));
    root.put(28, (byte) HALF_MD4);
    root.put(29, (byte) 8); // info_length
    root.put(30, (byte) levels);
    putIndex(root, ROOT_ENTRIES, rootLimit, index);
    blocks.set(0, rootBytes);
    return blocks;
  }

  private static void putIndex(ByteBuffer block, int at, int limit, List<IndexEntry> index) {
    for (int i = 0; i < index.size(); i++) {
      // The first entry has no hash: limit and count stand in its place.
      block.putInt(at + 8 * i, (int) index.get(i).hash());
      block.putInt(at + 8 * i + 4, index.get(i).block());
    }
    block.putShort(at, (short) limit);
    block.putShort(at + 2, (short) index.size());
  }

  /** Writes entries from {@code at} on; the last one takes the rest up to the tail. */
  private static void fill(ByteBuffer block, int at, List<Entry> entries) {
    int offset = at;
    for (int i = 0; i < entries.size(); i++) {
      Entry entry = entries.get(i);
      int length = i == entries.size() - 1 ? SIZE - TAIL - offset : entry.size();
      put(block, offset, length, entry.inode(), entry.type(), entry.name());
      offset += length;
    }
  }

  private static void put(
      ByteBuffer block, int at, int length, int inode, int type, ByteBuffer name) {
    block.putInt(at, inode);
    block.putShort(at + 4, (short) length);
    block.put(at + 6, (byte) name.remaining());
    block.put(at + 7, (byte) type);
    block.position(at + 8);
    block.put(name.duplicate());
  }

  private static void putTail(ByteBuffer block) {
    block.putShort(SIZE - TAIL + 4, (short) TAIL);
    block.put(SIZE - TAIL + 7, (byte) 0xDE);
  }

  private static ByteBuffer wrap(byte[] block) {
    return ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN);
  }
}
