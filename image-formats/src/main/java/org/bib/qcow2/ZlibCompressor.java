package org.bib.qcow2;

import java.util.Arrays;
import java.util.zip.Deflater;

/** Raw deflate, without the zlib header, as qcow2 has it. */
final class ZlibCompressor implements ClusterCompressor {
  private static final int LEVEL = 6;

  private final Deflater deflater = new Deflater(LEVEL, true);
  private final byte[] output = new byte[Layout.CLUSTER_SIZE - 1];

  @Override
  public byte[] compress(byte[] cluster) {
    deflater.reset();
    deflater.setInput(cluster);
    deflater.finish();
    int length = deflater.deflate(output);
    return deflater.finished() ? Arrays.copyOf(output, length) : cluster;
  }

  @Override
  public void close() {
    deflater.end();
  }
}
