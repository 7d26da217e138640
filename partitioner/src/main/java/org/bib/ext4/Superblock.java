package org.bib.ext4;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.bib.disk.MalformedDiskException;
import org.bib.disk.ReadableDisk;

/**
 * What the superblock says (struct ext4_super_block; Documentation/filesystems/ext4/super.rst), as
 * far as reading needs it. All numbers fit the filesystem and the partition.
 *
 * @param blocks number of blocks
 * @param inodes number of inodes
 * @param blockSize in bytes
 * @param firstBlock the one that group 0 begins with: that of the superblock, but 0 with bigalloc
 * @param blocksPerGroup of each group but the last
 * @param inodesPerGroup of each group
 * @param inodeSize in bytes
 * @param descriptorSize of a group in bytes
 * @param incompatible features without which it cannot be read
 * @param readOnlyCompatible features without which it cannot be written
 * @param checksumSeed what checksums of metadata begin with
 * @param uuid of the filesystem
 * @param label of the filesystem
 */
record Superblock(
    long blocks,
    long inodes,
    int blockSize,
    int firstBlock,
    int blocksPerGroup,
    int inodesPerGroup,
    int inodeSize,
    int descriptorSize,
    int incompatible,
    int readOnlyCompatible,
    int checksumSeed,
    UUID uuid,
    String label) {
  static final int OFFSET = 1024;
  private static final int SIZE = 1024;
  private static final int MAGIC = 0xEF53;

  private static final int P_INODES_COUNT = 0x0;
  private static final int P_BLOCKS_COUNT = 0x4;
  private static final int P_FIRST_DATA_BLOCK = 0x14;
  private static final int P_LOG_BLOCK_SIZE = 0x18;
  private static final int P_BLOCKS_PER_GROUP = 0x20;
  private static final int P_INODES_PER_GROUP = 0x28;
  private static final int P_MAGIC = 0x38;
  private static final int P_REV_LEVEL = 0x4C;
  private static final int P_INODE_SIZE = 0x58;
  private static final int P_FEATURE_INCOMPAT = 0x60;
  private static final int P_FEATURE_RO_COMPAT = 0x64;
  private static final int P_UUID = 0x68;
  private static final int P_VOLUME_NAME = 0x78;
  private static final int VOLUME_NAME = 16;
  private static final int P_DESC_SIZE = 0xFE;
  private static final int P_BLOCKS_COUNT_HI = 0x150;
  private static final int P_CHECKSUM_SEED = 0x270;
  private static final int P_CHECKSUM = 0x3FC;

  static final int FILETYPE = 0x2;
  private static final int RECOVER = 0x4;
  private static final int META_BG = 0x10;
  private static final int EXTENTS = 0x40;
  private static final int BITS_64 = 0x80;
  private static final int MMP = 0x100;
  private static final int FLEX_BG = 0x200;
  private static final int EA_INODE = 0x400;
  private static final int CSUM_SEED = 0x2000;
  private static final int LARGEDIR = 0x4000;
  private static final int INLINE_DATA = 0x8000;
  private static final int ENCRYPT = 0x10000;
  private static final int CASEFOLD = 0x20000;
  private static final int READ =
      FILETYPE
          | RECOVER
          | EXTENTS
          | BITS_64
          | MMP
          | FLEX_BG
          | EA_INODE
          | CSUM_SEED
          | LARGEDIR
          | INLINE_DATA
          | ENCRYPT
          | CASEFOLD;
  private static final int BIGALLOC = 0x200;
  private static final int METADATA_CSUM = 0x400;

  /** Whether {@code partition} has the magic number where it would be. */
  static boolean isThere(ReadableDisk partition) throws IOException {
    if (partition.size() < OFFSET + SIZE) {
      return false;
    }
    ByteBuffer magic = ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN);
    partition.read(OFFSET + P_MAGIC, magic);
    return (magic.getShort(0) & 0xFFFF) == MAGIC;
  }

  /**
   * Reads the superblock of {@code partition}.
   *
   * @throws MalformedDiskException if there is none, it is damaged, or needs what is not read
   */
  static Superblock read(ReadableDisk partition) throws IOException {
    if (!isThere(partition)) {
      throw malformed("it has no magic number");
    }
    byte[] bytes = new byte[SIZE];
    partition.read(OFFSET, ByteBuffer.wrap(bytes));
    ByteBuffer block = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int incompatible = block.getInt(P_FEATURE_INCOMPAT);
    int readOnly = block.getInt(P_FEATURE_RO_COMPAT);
    if ((readOnly & METADATA_CSUM) != 0
        && Crc32c.update(Crc32c.START, bytes, 0, P_CHECKSUM) != block.getInt(P_CHECKSUM)) {
      throw malformed("its checksum is wrong");
    }
    if ((incompatible & ~READ) != 0) {
      throw malformed(
          "features are not read: "
              + ((incompatible & META_BG) != 0 ? "meta_bg, " : "")
              + "0x"
              + Integer.toHexString(incompatible & ~READ));
    }
    int logBlockSize = block.getInt(P_LOG_BLOCK_SIZE);
    if (logBlockSize < 0 || logBlockSize > 6) {
      throw malformed("its block size is none: 1024 << " + logBlockSize);
    }
    boolean wide = (incompatible & BITS_64) != 0;
    UUID uuid =
        new UUID(
            Long.reverseBytes(block.getLong(P_UUID)), Long.reverseBytes(block.getLong(P_UUID + 8)));
    Superblock superblock =
        new Superblock(
            unsigned(block, P_BLOCKS_COUNT) | (wide ? unsigned(block, P_BLOCKS_COUNT_HI) << 32 : 0),
            unsigned(block, P_INODES_COUNT),
            1024 << logBlockSize,
            block.getInt(P_FIRST_DATA_BLOCK),
            block.getInt(P_BLOCKS_PER_GROUP),
            block.getInt(P_INODES_PER_GROUP),
            block.getInt(P_REV_LEVEL) == 0 ? 128 : block.getShort(P_INODE_SIZE),
            wide ? block.getShort(P_DESC_SIZE) : 32,
            incompatible,
            readOnly,
            (incompatible & CSUM_SEED) != 0
                ? block.getInt(P_CHECKSUM_SEED)
                : Crc32c.update(Crc32c.START, bytes, P_UUID, 16),
            uuid,
            text(bytes));
    superblock.check(partition.size());
    return superblock;
  }

  private void check(long partition) throws MalformedDiskException {
    boolean good =
        blocks > 0
            && blocks <= partition / blockSize
            && firstBlock == (blockSize == 1024 && !hasBigalloc() ? 1 : 0)
            && blocksPerGroup > 0
            && inodesPerGroup > 0
            && inodeSize >= 128
            && inodeSize <= blockSize
            && Integer.bitCount(inodeSize) == 1
            && inodesPerGroup <= blockSize * 8
            && (hasBigalloc() || blocksPerGroup <= blockSize * 8)
            && descriptorSize >= 32
            && descriptorSize <= 1024
            && Integer.bitCount(descriptorSize) == 1
            && inodes == groups() * inodesPerGroup;
    if (!good) {
      throw malformed(
          blocks > partition / blockSize
              ? "it counts "
                  + blocks
                  + " blocks of "
                  + blockSize
                  + " bytes, which its partition of "
                  + partition
                  + " bytes does not have"
              : "its numbers do not fit each other");
    }
  }

  private static MalformedDiskException malformed(String what) {
    return new MalformedDiskException("ext4 superblock: " + what);
  }

  /** Where the descriptors of the groups begin, in bytes: in the block after the superblock's. */
  long descriptorsOffset() {
    return (OFFSET / blockSize + 1L) * blockSize;
  }

  /** Number of block groups. */
  long groups() {
    return (blocks - firstBlock + blocksPerGroup - 1) / blocksPerGroup;
  }

  /** Whether metadata has checksums. */
  boolean hasChecksums() {
    return (readOnlyCompatible & METADATA_CSUM) != 0;
  }

  boolean hasBigalloc() {
    return (readOnlyCompatible & BIGALLOC) != 0;
  }

  /** Whether directory entries tell the type of what they name. */
  boolean hasFileTypes() {
    return (incompatible & FILETYPE) != 0;
  }

  /** Whether the journal has to be replayed first: the filesystem was not unmounted. */
  boolean needsRecovery() {
    return (incompatible & RECOVER) != 0;
  }

  /** Names of features that a reader may want to know. */
  List<String> featureNames() {
    List<String> names = new ArrayList<>();
    if (hasChecksums()) {
      names.add("metadata_csum");
    }
    if ((readOnlyCompatible & 0x8000) != 0) {
      names.add("verity");
    }
    if (needsRecovery()) {
      names.add("needs_recovery");
    }
    return names;
  }

  private static long unsigned(ByteBuffer block, int at) {
    return Integer.toUnsignedLong(block.getInt(at));
  }

  private static String text(byte[] bytes) {
    int length = 0;
    while (length < VOLUME_NAME && bytes[P_VOLUME_NAME + length] != 0) {
      length++;
    }
    return new String(bytes, P_VOLUME_NAME, length, StandardCharsets.UTF_8);
  }
}
