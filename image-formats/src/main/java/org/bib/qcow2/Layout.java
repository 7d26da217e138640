package org.bib.qcow2;

/** Constants of the format; names and values as in QEMU's docs/interop/qcow2.rst. */
final class Layout {
  /** {@code cluster_bits}: QEMU's default. */
  static final int CLUSTER_BITS = 16;

  static final int CLUSTER_SIZE = 1 << CLUSTER_BITS;

  /** Entries of 8 bytes in one cluster: of an L2 table, or of the refcount table. */
  static final int TABLE_ENTRIES = CLUSTER_SIZE / Long.BYTES;

  /** {@code refcount_order}: refcounts of 1 &lt;&lt; 4 bits. */
  static final int REFCOUNT_ORDER = 4;

  static final int REFCOUNTS_PER_BLOCK = CLUSTER_SIZE / Short.BYTES;

  /** Bit 63 of an L1 or L2 entry: the refcount of what it refers to is exactly one. */
  static final long COPIED = 1L << 63;

  /** Bit 62 of an L2 entry: the cluster is compressed. */
  static final long COMPRESSED = 1L << 62;

  /** Compressed clusters descriptor: where the number of additional sectors begins. */
  static final int SECTORS_SHIFT = 62 - (CLUSTER_BITS - 8);

  /** The unit in which the length of a compressed cluster is told. */
  static final int SECTOR_SIZE = 512;

  private Layout() {}

  static long ceilDiv(long dividend, long divisor) {
    return (dividend + divisor - 1) / divisor;
  }
}
