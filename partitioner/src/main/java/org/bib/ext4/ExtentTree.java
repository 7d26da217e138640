package org.bib.ext4;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Extents of a file as a tree: up to four in the inode, else leaves of up to 340 and inner nodes
 * over them (Documentation/filesystems/ext4/ifork.rst). Nodes are numbered leaves first.
 */
final class ExtentTree {
  private static final int IN_ROOT = 4; // of 60 bytes
  // A header of 12 bytes before, a checksum of 4 behind.
  private static final int IN_NODE = (Ext4Writer.BLOCK_SIZE - Extent.SIZE - 4) / Extent.SIZE;

  private final List<Extent> extents;
  private final List<List<Integer>> levels; // of node numbers, leaves first

  private ExtentTree(List<Extent> extents, List<List<Integer>> levels) {
    this.extents = extents;
    this.levels = levels;
  }

  static ExtentTree of(List<Extent> extents) {
    List<List<Integer>> levels = new ArrayList<>();
    int count = extents.size();
    int next = 0;
    while (count > IN_ROOT) {
      List<Integer> level = new ArrayList<>();
      for (int i = 0; i < count; i += IN_NODE) {
        level.add(next++);
      }
      levels.add(level);
      count = level.size();
    }
    return new ExtentTree(List.copyOf(extents), levels);
  }

  /** How many blocks the tree needs besides the inode. */
  int nodeCount() {
    return levels.stream().mapToInt(List::size).sum();
  }

  /** Writes the root into {@code i_block}; {@code blocks} are those of the nodes. */
  void putRoot(ByteBuffer root, List<Long> blocks) {
    putNode(root, IN_ROOT, levels.size(), 0, blocks);
  }

  /** The block of node {@code number}, without its checksum. */
  byte[] node(int number, List<Long> blocks) {
    int depth = 0;
    int first = 0;
    while (number >= first + levels.get(depth).size()) {
      first += levels.get(depth).size();
      depth++;
    }
    ByteBuffer node = ByteBuffer.allocate(Ext4Writer.BLOCK_SIZE).order(ByteOrder.LITTLE_ENDIAN);
    putNode(node, IN_NODE, depth, (number - first) * IN_NODE, blocks);
    return node.array();
  }

  /** Writes the entries from {@code from} on of what is below {@code depth}. */
  private void putNode(ByteBuffer node, int max, int depth, int from, List<Long> blocks) {
    int below = depth == 0 ? extents.size() : levels.get(depth - 1).size();
    int count = Math.min(max, below - from);
    Extent.putHeader(node, count, max, depth);
    for (int i = 0; i < count; i++) {
      if (depth == 0) {
        extents.get(from + i).put(node, i);
      } else {
        int child = levels.get(depth - 1).get(from + i);
        Extent.putIndex(node, i, firstLogical(depth - 1, from + i), blocks.get(child));
      }
    }
  }

  private long firstLogical(int depth, int index) {
    int extent = index;
    for (int i = 0; i <= depth; i++) {
      extent *= IN_NODE;
    }
    return extents.get(extent).logical();
  }
}
