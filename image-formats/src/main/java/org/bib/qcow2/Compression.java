package org.bib.qcow2;

/** How clusters are compressed: the compression types of the qcow2 specification. */
public enum Compression {
  /** Raw deflate; every reader of qcow2 knows it. */
  ZLIB(0),
  /** Zstandard; needs QEMU 5.1 or later. */
  ZSTD(1);

  private final int type;

  Compression(int type) {
    this.type = type;
  }

  /** The value of the header's field {@code compression_type}. */
  int type() {
    return type;
  }

  /** A compressor of this kind, for one thread at a time. */
  ClusterCompressor compressor() {
    return switch (this) {
      case ZLIB -> new ZlibCompressor();
      case ZSTD -> new ZstdCompressor();
    };
  }
}
