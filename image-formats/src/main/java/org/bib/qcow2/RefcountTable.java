package org.bib.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The refcount table as the header tells it.
 *
 * @param offset in the file, in bytes
 * @param clusters it takes
 */
record RefcountTable(long offset, int clusters) {
  /** Appends the refcount blocks and their table, which count themselves too. */
  static RefcountTable write(HostFile host) throws IOException {
    long before = host.clusters();
    long blocks = 0;
    long tables = 0;
    long needed = 1;
    while (blocks < needed) {
      blocks = needed;
      tables = Layout.ceilDiv(blocks, Layout.TABLE_ENTRIES);
      needed = Layout.ceilDiv(before + blocks + tables, Layout.REFCOUNTS_PER_BLOCK);
    }
    for (long i = 0; i < blocks + tables; i++) {
      host.allocate();
    }
    ByteBuffer table = ByteBuffer.allocate(Math.toIntExact(tables * Layout.CLUSTER_SIZE));
    for (long block = 0; block < blocks; block++) {
      ByteBuffer bytes = ByteBuffer.allocate(Layout.CLUSTER_SIZE);
      for (int i = 0; i < Layout.REFCOUNTS_PER_BLOCK; i++) {
        bytes.putShort(host.refcount(block * Layout.REFCOUNTS_PER_BLOCK + i));
      }
      long offset = (before + block) << Layout.CLUSTER_BITS;
      host.write(offset, bytes.flip());
      table.putLong(offset);
    }
    long offset = (before + blocks) << Layout.CLUSTER_BITS;
    host.write(offset, table.rewind());
    return new RefcountTable(offset, Math.toIntExact(tables));
  }
}
