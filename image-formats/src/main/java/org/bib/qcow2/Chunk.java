package org.bib.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bib.disk.ByteRange;
import org.bib.disk.DiskImage;

/**
 * A run of clusters that is read and compressed as one piece of work.
 *
 * @param offset on the disk, a multiple of {@link #SIZE}
 * @param ranges of the disk to read, all within the chunk; the rest is zeros
 */
record Chunk(long offset, List<ByteRange> ranges) {
  static final int SIZE = 16 * Layout.CLUSTER_SIZE;

  private static final byte[] ZEROS = new byte[Layout.CLUSTER_SIZE];

  /** The bytes of one cluster as they will be stored; plain if {@code bytes} is a whole cluster. */
  static final class Cluster {
    final long number;
    final byte[] bytes;

    Cluster(long number, byte[] bytes) {
      this.number = number;
      this.bytes = bytes;
    }
  }

  /** How many bytes of the disk are read for this chunk. */
  long dataLength() {
    return ranges.stream().mapToLong(ByteRange::length).sum();
  }

  /** Reads the clusters and compresses those that are not all zeros. */
  List<Cluster> compress(DiskImage disk, ClusterCompressor compressor) throws IOException {
    byte[] bytes = new byte[SIZE];
    for (ByteRange range : ranges) {
      int start = Math.toIntExact(range.offset() - offset);
      disk.read(range.offset(), ByteBuffer.wrap(bytes, start, Math.toIntExact(range.length())));
    }
    List<Cluster> clusters = new ArrayList<>();
    for (int at = 0; at < SIZE; at += Layout.CLUSTER_SIZE) {
      int end = at + Layout.CLUSTER_SIZE;
      if (!Arrays.equals(bytes, at, end, ZEROS, 0, ZEROS.length)) {
        byte[] cluster = Arrays.copyOfRange(bytes, at, end);
        clusters.add(
            new Cluster((offset + at) >> Layout.CLUSTER_BITS, compressor.compress(cluster)));
      }
    }
    return clusters;
  }
}
