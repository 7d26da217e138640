package org.bib.fsverity;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;

/**
 * Computes fs-verity over a file that is read once (Documentation/filesystems/fsverity.rst):
 * SHA-256, blocks of 4096 bytes, no salt, as libostree enables it. Blocks of the Merkle tree are
 * handed out as soon as they are complete, so memory does not grow with the file. One thread, one
 * use.
 */
public final class FsVerity {
  /** Size of the blocks of data and of the Merkle tree, in bytes. */
  public static final int BLOCK_SIZE = 4096;

  /** Size of {@link #descriptor} in bytes (struct fsverity_descriptor). */
  public static final int DESCRIPTOR_SIZE = 256;

  private static final int HASH_SIZE = 32;
  private static final int HASHES = BLOCK_SIZE / HASH_SIZE;

  private static final int P_VERSION = 0;
  private static final int P_HASH_ALGORITHM = 1;
  private static final int P_LOG_BLOCKSIZE = 2;
  private static final int P_DATA_SIZE = 8;
  private static final int P_ROOT_HASH = 16;
  private static final int SHA256 = 1; // FS_VERITY_HASH_ALG_SHA256

  private final long size;
  private final TreeSink sink;
  private final MessageDigest sha256 = sha256();
  private final ByteBuffer data = ByteBuffer.allocate(BLOCK_SIZE);
  private final List<Level> levels = new ArrayList<>(); // leaves first
  private byte[] rootHash = new byte[HASH_SIZE]; // zeros for an empty file
  private long seen;

  /** Takes the blocks of a Merkle tree, in no particular order. */
  @FunctionalInterface
  public interface TreeSink {
    /** No tree is wanted. */
    TreeSink NONE = (position, block) -> {};

    /**
     * Takes a block.
     *
     * @param position of its first byte in the tree; the root is at 0
     * @param block is used again after that
     */
    void write(long position, ByteBuffer block) throws IOException;
  }

  /** Blocks of hashes of the level below. */
  private static final class Level {
    final ByteBuffer hashes = ByteBuffer.allocate(BLOCK_SIZE);
    long position;

    Level(long position) {
      this.position = position;
    }
  }

  /**
   * Begins a file.
   *
   * @param size in bytes of what {@link #update} will be given
   * @param sink gets the tree
   */
  public FsVerity(long size, TreeSink sink) {
    this.size = size;
    this.sink = sink;
    long end = treeSize(size);
    for (long blocks : levelBlocks(size)) {
      end -= blocks * BLOCK_SIZE; // the leaves are the last level of the tree
      levels.add(new Level(end));
    }
  }

  /** Size of the Merkle tree of a file of {@code size} bytes, in bytes; 0 up to one block. */
  public static long treeSize(long size) {
    return levelBlocks(size).stream().mapToLong(Long::longValue).sum() * BLOCK_SIZE;
  }

  private static List<Long> levelBlocks(long size) {
    List<Long> levels = new ArrayList<>();
    for (long below = blocks(size, BLOCK_SIZE); below > 1; ) {
      below = blocks(below, HASHES);
      levels.add(below);
    }
    return levels;
  }

  private static long blocks(long count, int perBlock) {
    return count / perBlock + (count % perBlock == 0 ? 0 : 1);
  }

  /** Takes the next bytes of the file. */
  public void update(ByteBuffer bytes) throws IOException {
    seen += bytes.remaining();
    while (bytes.hasRemaining()) {
      int n = Math.min(bytes.remaining(), data.remaining());
      data.put(bytes.slice().limit(n));
      bytes.position(bytes.position() + n);
      if (!data.hasRemaining()) {
        add(0, hash(data));
      }
    }
  }

  /**
   * Ends the file.
   *
   * @return the descriptor, whose hash is the digest of the file
   */
  public byte[] descriptor() throws IOException {
    if (seen != size) {
      throw new IllegalStateException(seen + " bytes of " + size);
    }
    if (data.position() > 0) {
      add(0, hash(data));
    }
    for (int level = 0; level < levels.size(); level++) {
      if (levels.get(level).hashes.position() > 0) {
        endBlock(level);
      }
    }
    ByteBuffer descriptor = ByteBuffer.allocate(DESCRIPTOR_SIZE).order(ByteOrder.LITTLE_ENDIAN);
    descriptor.put(P_VERSION, (byte) 1);
    descriptor.put(P_HASH_ALGORITHM, (byte) SHA256);
    descriptor.put(P_LOG_BLOCKSIZE, (byte) Integer.numberOfTrailingZeros(BLOCK_SIZE));
    descriptor.putLong(P_DATA_SIZE, size);
    descriptor.put(P_ROOT_HASH, rootHash);
    return descriptor.array();
  }

  /** Ends the file as {@link #descriptor} does, and tells its digest. */
  public VerityDigest digest() throws IOException {
    return VerityDigest.of(sha256.digest(descriptor()));
  }

  private void add(int level, byte[] hash) throws IOException {
    if (level == levels.size()) {
      rootHash = hash;
      return;
    }
    ByteBuffer hashes = levels.get(level).hashes.put(hash);
    if (!hashes.hasRemaining()) {
      endBlock(level);
    }
  }

  private void endBlock(int index) throws IOException {
    Level level = levels.get(index);
    byte[] hash = hash(level.hashes);
    sink.write(level.position, level.hashes.duplicate().clear());
    level.position += BLOCK_SIZE;
    add(index + 1, hash);
  }

  /** Hashes a block, filled up with zeros, and makes room for the next one. */
  private byte[] hash(ByteBuffer block) {
    sha256.update(block.put(new byte[block.remaining()]).flip());
    block.clear();
    return sha256.digest();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
