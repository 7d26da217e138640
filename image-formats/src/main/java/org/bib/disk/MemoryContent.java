package org.bib.disk;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** Bytes in memory. */
final class MemoryContent implements Content {
  private final byte[] bytes;

  MemoryContent(byte[] bytes) {
    this.bytes = bytes;
  }

  @Override
  public long size() {
    return bytes.length;
  }

  @Override
  public List<ByteRange> dataRanges() {
    return bytes.length == 0 ? List.of() : List.of(new ByteRange(0, bytes.length));
  }

  @Override
  public void read(long position, ByteBuffer target) throws IOException {
    if (position < 0 || position + target.remaining() > bytes.length) {
      throw new EOFException("read past the end of content of " + bytes.length + " bytes");
    }
    target.put(bytes, Math.toIntExact(position), target.remaining());
  }
}
