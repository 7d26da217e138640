package org.bib.ext4;

import java.nio.ByteBuffer;

/**
 * A run of blocks (struct ext4_extent).
 *
 * @param logical first block of the run within the file
 * @param physical first block of the run within the filesystem
 * @param length 1 to 32768 blocks; more would mark it unwritten
 */
record Extent(long logical, long physical, int length) {
  static final int MAX_LENGTH = 32768;
  static final int SIZE = 12;
  private static final int MAGIC = 0xF30A;
  private static final int P_ENTRIES = 2;
  private static final int P_MAX = 4;
  private static final int P_DEPTH = 6;

  /** Writes struct ext4_extent_header. */
  static void putHeader(ByteBuffer node, int entries, int max, int depth) {
    node.putShort(0, (short) MAGIC);
    node.putShort(P_ENTRIES, (short) entries);
    node.putShort(P_MAX, (short) max);
    node.putShort(P_DEPTH, (short) depth);
  }

  /** Writes this extent as entry {@code index} of a leaf node. */
  void put(ByteBuffer node, int index) {
    int at = SIZE * (index + 1);
    node.putInt(at, (int) logical);
    node.putShort(at + 4, (short) length);
    node.putShort(at + 6, (short) (physical >>> 32));
    node.putInt(at + 8, (int) physical);
  }

  /** Writes struct ext4_extent_idx as entry {@code index} of an inner node. */
  static void putIndex(ByteBuffer node, int index, long logical, long child) {
    int at = SIZE * (index + 1);
    node.putInt(at, (int) logical);
    node.putInt(at + 4, (int) child);
    node.putShort(at + 8, (short) (child >>> 32));
  }
}
