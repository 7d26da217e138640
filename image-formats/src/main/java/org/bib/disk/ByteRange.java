package org.bib.disk;

/**
 * A run of bytes.
 *
 * @param offset of its first byte
 * @param length in bytes, may be 0
 */
public record ByteRange(long offset, long length) {
  public ByteRange {
    if (offset < 0 || length < 0 || offset + length < 0) {
      throw new IllegalArgumentException("no byte range: " + offset + "+" + length);
    }
  }

  /** The offset just past the last byte. */
  public long end() {
    return offset + length;
  }
}
