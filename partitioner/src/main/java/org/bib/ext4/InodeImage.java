package org.bib.ext4;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import org.bib.tree.Metadata;

/** The 256 bytes of an inode (struct ext4_inode); libext2fs adds the checksum. */
final class InodeImage {
  static final int SIZE = 256;
  static final int EXTRA_ISIZE = 32;

  static final int FLAG_IMMUTABLE = 0x10;
  static final int FLAG_INDEX = 0x1000;
  static final int FLAG_EXTENTS = 0x80000;
  static final int FLAG_VERITY = 0x100000;

  private static final int P_MODE = 0;
  private static final int P_UID = 2;
  private static final int P_SIZE = 4;
  private static final int P_ATIME = 8;
  private static final int P_CTIME = 12;
  private static final int P_MTIME = 16;
  private static final int P_GID = 24;
  private static final int P_LINKS_COUNT = 26;
  private static final int P_BLOCKS = 28;
  private static final int P_FLAGS = 32;
  private static final int P_BLOCK = 40;
  private static final int P_FILE_ACL = 104;
  private static final int P_SIZE_HIGH = 108;
  private static final int P_BLOCKS_HIGH = 116;
  private static final int P_FILE_ACL_HIGH = 118;
  private static final int P_UID_HIGH = 120;
  private static final int P_GID_HIGH = 122;
  private static final int P_EXTRA_ISIZE = 128;
  private static final int P_CTIME_EXTRA = 132;
  private static final int P_MTIME_EXTRA = 136;
  private static final int P_ATIME_EXTRA = 140;
  private static final int P_CRTIME = 144;
  private static final int P_CRTIME_EXTRA = 148;

  private final ByteBuffer bytes = ByteBuffer.allocate(SIZE).order(ByteOrder.LITTLE_ENDIAN);
  private int flags;

  /**
   * An inode of this type and metadata.
   *
   * @param type the S_IFMT bits
   * @param links number of names
   */
  InodeImage(int type, Metadata metadata, int links) {
    bytes.putShort(P_MODE, (short) (type | metadata.permissions()));
    bytes.putShort(P_UID, (short) metadata.uid());
    bytes.putShort(P_UID_HIGH, (short) (metadata.uid() >>> 16));
    bytes.putShort(P_GID, (short) metadata.gid());
    bytes.putShort(P_GID_HIGH, (short) (metadata.gid() >>> 16));
    bytes.putShort(P_LINKS_COUNT, (short) links);
    bytes.putShort(P_EXTRA_ISIZE, (short) EXTRA_ISIZE);
    putTime(P_ATIME, P_ATIME_EXTRA, metadata.mtime());
    putTime(P_CTIME, P_CTIME_EXTRA, metadata.mtime());
    putTime(P_MTIME, P_MTIME_EXTRA, metadata.mtime());
    putTime(P_CRTIME, P_CRTIME_EXTRA, metadata.mtime());
  }

  /** 34 bits of seconds and 30 of nanoseconds; a time outside is moved to the nearest inside. */
  private void putTime(int at, int extraAt, Instant time) {
    long seconds =
        Math.max(Integer.MIN_VALUE, Math.min(time.getEpochSecond(), (1L << 34) - (1L << 31) - 1));
    long epoch = (seconds - (int) seconds) >> 32;
    bytes.putInt(at, (int) seconds);
    bytes.putInt(extraAt, time.getNano() << 2 | (int) (epoch & 3));
  }

  void setSize(long size) {
    bytes.putInt(P_SIZE, (int) size);
    bytes.putInt(P_SIZE_HIGH, (int) (size >>> 32));
  }

  /** Blocks of 4096 bytes that the inode holds, those of attributes and extent nodes included. */
  void setBlocks(long blocks) {
    long sectors = Math.multiplyExact(blocks, 8L);
    bytes.putInt(P_BLOCKS, (int) sectors);
    bytes.putShort(P_BLOCKS_HIGH, (short) (sectors >>> 32));
  }

  void setFileAcl(long block) {
    bytes.putInt(P_FILE_ACL, (int) block);
    bytes.putShort(P_FILE_ACL_HIGH, (short) (block >>> 32));
  }

  void addFlags(int more) {
    flags |= more;
    bytes.putInt(P_FLAGS, flags);
  }

  /** The 60 bytes of {@code i_block}. */
  ByteBuffer block() {
    return bytes.slice(P_BLOCK, 60).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** What follows the fixed fields: room for attributes. */
  ByteBuffer attributes() {
    int at = P_EXTRA_ISIZE + EXTRA_ISIZE;
    return bytes.slice(at, SIZE - at).order(ByteOrder.LITTLE_ENDIAN);
  }

  byte[] toByteArray() {
    return bytes.array().clone();
  }
}
