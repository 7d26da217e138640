package org.bib.qcow2;

import org.bib.deflate.DeflateEncoder;

/** Raw deflate, without the zlib header, as qcow2 has it. */
final class DeflateCompressor implements ClusterCompressor {
  private final DeflateEncoder encoder = new DeflateEncoder();

  @Override
  public byte[] compress(byte[] cluster) {
    byte[] compressed = encoder.encode(cluster);
    return compressed.length < cluster.length ? compressed : cluster;
  }

  @Override
  public void close() {}
}
