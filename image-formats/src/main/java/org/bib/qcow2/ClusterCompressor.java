package org.bib.qcow2;

import java.io.Closeable;

/** Compresses one cluster after the other; not thread-safe, holds native memory until closed. */
sealed interface ClusterCompressor extends Closeable permits ZlibCompressor, ZstdCompressor {
  /**
   * Compresses a whole cluster, or returns the array it got if that would not make it smaller.
   *
   * @param cluster of {@link Layout#CLUSTER_SIZE} bytes
   */
  byte[] compress(byte[] cluster);

  @Override
  void close();
}
