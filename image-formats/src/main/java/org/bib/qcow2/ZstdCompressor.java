package org.bib.qcow2;

import com.github.luben.zstd.ZstdCompressCtx;

/** One Zstandard frame for each cluster, its content size told. */
final class ZstdCompressor implements ClusterCompressor {
  private static final int LEVEL = 3;

  private final ZstdCompressCtx context =
      new ZstdCompressCtx().setLevel(LEVEL).setContentSize(true).setChecksum(false);

  @Override
  public byte[] compress(byte[] cluster) {
    byte[] compressed = context.compress(cluster);
    return compressed.length < cluster.length ? compressed : cluster;
  }

  @Override
  public void close() {
    context.close();
  }
}
