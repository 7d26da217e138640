package org.bib.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Arrays;

/** The qcow2 file: hands out its clusters in order, and counts the references to each. */
final class HostFile {
  private final FileChannel channel;
  private short[] refcounts = new short[1024];
  private long clusters;
  // Where the next compressed cluster may begin; on a cluster boundary if no cluster is open.
  private long packed;

  HostFile(FileChannel channel) {
    this.channel = channel;
  }

  /** The clusters handed out so far. */
  long clusters() {
    return clusters;
  }

  /** Takes the next cluster, counts one reference, and returns its offset. */
  long allocate() {
    long offset = clusters << Layout.CLUSTER_BITS;
    clusters++;
    reference(offset);
    return offset;
  }

  /** Stores a whole cluster or table in the next clusters and returns its offset. */
  long append(ByteBuffer bytes) throws IOException {
    long offset = allocate();
    for (long taken = Layout.CLUSTER_SIZE; taken < bytes.remaining(); ) {
      allocate();
      taken += Layout.CLUSTER_SIZE;
    }
    write(offset, bytes);
    return offset;
  }

  /** Packs a compressed cluster behind the one before it and returns its offset. */
  long pack(byte[] compressed) throws IOException {
    int used = Math.floorMod(packed, Layout.CLUSTER_SIZE);
    int room = used == 0 ? 0 : Layout.CLUSTER_SIZE - used;
    boolean atEnd = packed + room == clusters << Layout.CLUSTER_BITS;
    long offset;
    if (room == 0 || (compressed.length > room && !atEnd)) {
      offset = allocate();
    } else {
      offset = packed;
      reference(offset);
      if (compressed.length > room) {
        allocate();
      }
    }
    write(offset, ByteBuffer.wrap(compressed));
    packed = offset + compressed.length;
    return offset;
  }

  /** Writes {@code bytes} at {@code offset}, which must have been handed out. */
  void write(long offset, ByteBuffer bytes) throws IOException {
    long at = offset;
    while (bytes.hasRemaining()) {
      at += channel.write(bytes, at);
    }
  }

  /** The references to the cluster with this number, 0 behind the last. */
  short refcount(long cluster) {
    return cluster < clusters ? refcounts[Math.toIntExact(cluster)] : 0;
  }

  private void reference(long offset) {
    int cluster = Math.toIntExact(offset >> Layout.CLUSTER_BITS);
    if (cluster >= refcounts.length) {
      refcounts = Arrays.copyOf(refcounts, Math.multiplyExact(cluster, 2));
    }
    refcounts[cluster]++;
  }
}
