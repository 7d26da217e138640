package org.bib.oci;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;

/** How bytes are compressed, told by how they begin. */
enum Compression {
  NONE("not compressed"),
  GZIP("gzip"),
  ZSTD("zstd");

  private final String label;

  Compression(String label) {
    this.label = label;
  }

  /**
   * Looks at the first bytes: RFC 1952 section 2.3.1 for gzip, RFC 8878 sections 3.1.1 and 3.1.2
   * for zstd and its skippable frames.
   *
   * @param length how many of {@code head} are there; four are enough
   */
  static Compression of(byte[] head, int length) {
    if (length >= 2 && head[0] == 0x1f && (head[1] & 0xff) == 0x8b) {
      return GZIP;
    }
    if (length >= 4 && (head[1] & 0xff) == 0xb5 && head[2] == 0x2f && (head[3] & 0xff) == 0xfd) {
      return head[0] == 0x28 ? ZSTD : NONE;
    }
    if (length >= 4 && (head[0] & 0xf0) == 0x50 && head[1] == 0x2a && head[2] == 0x4d) {
      return head[3] == 0x18 ? ZSTD : NONE;
    }
    return NONE;
  }

  /** What {@code in} inflates to, however it is compressed; closing it closes {@code in}. */
  static InputStream inflated(InputStream in) throws IOException {
    PushbackInputStream sniffed = new PushbackInputStream(in, 4);
    byte[] head = sniffed.readNBytes(4);
    sniffed.unread(head);
    return switch (of(head, head.length)) {
      case GZIP -> new GzipMembersInputStream(sniffed);
      case ZSTD -> new ZstdInputStreamNoFinalizer(sniffed);
      case NONE -> sniffed;
    };
  }

  @Override
  public String toString() {
    return label;
  }
}
