package org.bib.ext4;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;

/**
 * An inode as it stands on the disk (struct ext4_inode); see {@link InodeImage} for its writer.
 *
 * @param number of the inode, from 1 on
 * @param bytes all of it, in little-endian order
 */
record InodeReading(int number, ByteBuffer bytes) {
  static final int IFMT = 0170000;
  static final int IFDIR = 0040000;
  static final int IFREG = 0100000;
  static final int IFLNK = 0120000;

  static final int FLAG_ENCRYPT = 0x800;
  static final int FLAG_EA_INODE = 0x200000;
  static final int FLAG_INLINE_DATA = 0x10000000;

  private static final int P_CHECKSUM_LO = 124;
  private static final int P_CHECKSUM_HI = 130;

  static InodeReading of(int number, byte[] bytes) {
    return new InodeReading(number, ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
  }

  int mode() {
    return unsigned(0);
  }

  int type() {
    return mode() & IFMT;
  }

  long uid() {
    return unsigned(2) | (long) unsigned(120) << 16;
  }

  long gid() {
    return unsigned(24) | (long) unsigned(122) << 16;
  }

  int links() {
    return unsigned(26);
  }

  long size() {
    return Integer.toUnsignedLong(bytes.getInt(4)) | (long) bytes.getInt(108) << 32;
  }

  int flags() {
    return bytes.getInt(32);
  }

  boolean has(int flag) {
    return (flags() & flag) != 0;
  }

  int generation() {
    return bytes.getInt(100);
  }

  /** Sectors of 512 bytes, or blocks if the inode is huge; only whether it is 0 counts here. */
  long blocks() {
    return Integer.toUnsignedLong(bytes.getInt(28)) | (long) unsigned(116) << 32;
  }

  /** The block of attributes, 0 if there is none. */
  long fileAcl() {
    return Integer.toUnsignedLong(bytes.getInt(104)) | (long) unsigned(118) << 32;
  }

  /** The 60 bytes of {@code i_block}. */
  ByteBuffer block() {
    return bytes.slice(40, 60).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** How many bytes of fields follow the first 128; 0 if that is not what it can be. */
  int extraSize() {
    if (bytes.capacity() == 128) {
      return 0;
    }
    int extra = unsigned(128);
    return extra % 4 != 0 || extra < 4 || 128 + extra > bytes.capacity() ? 0 : extra;
  }

  Instant mtime() {
    int seconds = bytes.getInt(16);
    if (extraSize() < 12) {
      return Instant.ofEpochSecond(seconds);
    }
    int extra = bytes.getInt(136);
    return Instant.ofEpochSecond(seconds + ((extra & 3L) << 32), extra >>> 2);
  }

  /** What follows the fields: room for attributes. */
  ByteBuffer attributes() {
    int at = 128 + extraSize();
    return bytes
        .slice(at, extraSize() == 0 ? 0 : bytes.capacity() - at)
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  /** What checksums of what belongs to this inode begin with. */
  int checksumSeed(int filesystem) {
    return Crc32c.update(Crc32c.update(filesystem, number), generation());
  }

  /** Whether its own checksum is right. */
  boolean isIntact(int filesystem) {
    boolean wide = extraSize() >= 4;
    byte[] copy = new byte[bytes.capacity()];
    bytes.get(0, copy);
    copy[P_CHECKSUM_LO] = 0;
    copy[P_CHECKSUM_LO + 1] = 0;
    if (wide) {
      copy[P_CHECKSUM_HI] = 0;
      copy[P_CHECKSUM_HI + 1] = 0;
    }
    int crc = Crc32c.update(checksumSeed(filesystem), copy, 0, copy.length);
    int told = unsigned(P_CHECKSUM_LO) | (wide ? unsigned(P_CHECKSUM_HI) << 16 : 0);
    return wide ? crc == told : (crc & 0xFFFF) == told;
  }

  private int unsigned(int at) {
    return bytes.getShort(at) & 0xFFFF;
  }
}
