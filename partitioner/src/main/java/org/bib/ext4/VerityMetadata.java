package org.bib.ext4;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bib.fsverity.FsVerity;

/**
 * Where ext4 keeps the fs-verity metadata of a file (Linux, fs/ext4/verity.c): in blocks past its
 * end, first the Merkle tree from the next multiple of 64 KiB on, then a block that begins with the
 * descriptor and ends with the length of that.
 *
 * @param contentSize of the file in bytes
 */
record VerityMetadata(long contentSize) {
  private static final int ALIGNMENT = 65536;

  /** The first block, counted from the start of the file. */
  long firstBlock() {
    long rest = contentSize % ALIGNMENT;
    return (contentSize + (rest == 0 ? 0 : ALIGNMENT - rest)) / Ext4Writer.BLOCK_SIZE;
  }

  /** Number of blocks, the one of the descriptor included. */
  long blocks() {
    return FsVerity.treeSize(contentSize) / Ext4Writer.BLOCK_SIZE + 1;
  }

  /** The last block. */
  static ByteBuffer descriptorBlock(byte[] descriptor) {
    ByteBuffer block = ByteBuffer.allocate(Ext4Writer.BLOCK_SIZE).order(ByteOrder.LITTLE_ENDIAN);
    block.put(0, descriptor);
    block.putInt(Ext4Writer.BLOCK_SIZE - Integer.BYTES, descriptor.length);
    return block;
  }
}
