package org.bib.oci;

import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import java.util.zip.ZipException;

/**
 * Inflates gzip members (RFC 1952), one after the other, with large buffers. Anything but a member
 * after a member is an error.
 */
final class GzipMembersInputStream extends FilterInputStream {
  private static final int BUFFER_SIZE = 256 << 10;
  private static final int FLAG_HEADER_CRC = 1 << 1;
  private static final int FLAG_EXTRA = 1 << 2;
  private static final int FLAG_NAME = 1 << 3;
  private static final int FLAG_COMMENT = 1 << 4;
  private static final int METHOD_DEFLATE = 8;

  private final Inflater inflater = new Inflater(true);
  private final CRC32 crc = new CRC32();
  private final byte[] input = new byte[BUFFER_SIZE];
  private int position;
  private int limit;
  private boolean inMember;
  private boolean first = true;
  private boolean closed;

  GzipMembersInputStream(InputStream in) {
    super(in);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    while (true) {
      if (!inMember && !startMember()) {
        return -1;
      }
      int n;
      try {
        n = inflater.inflate(buffer, offset, length);
      } catch (DataFormatException e) {
        throw new ZipException(e.getMessage() == null ? "bad deflate data" : e.getMessage());
      }
      if (n > 0) {
        crc.update(buffer, offset, n);
        return n;
      }
      if (inflater.finished()) {
        position = limit - inflater.getRemaining();
        endMember();
      } else if (inflater.needsDictionary()) {
        throw new ZipException("asks for a preset dictionary");
      } else {
        if (!fill()) {
          throw new EOFException("ends within a gzip member");
        }
        inflater.setInput(input, 0, limit);
      }
    }
  }

  @Override
  public long skip(long n) throws IOException {
    byte[] sink = new byte[(int) Math.min(Math.max(n, 0), BUFFER_SIZE)];
    int got = sink.length == 0 ? 0 : read(sink, 0, sink.length);
    return Math.max(got, 0);
  }

  @Override
  public int available() {
    return 0;
  }

  @Override
  public boolean markSupported() {
    return false;
  }

  @Override
  public void close() throws IOException {
    if (!closed) {
      closed = true;
      inflater.end();
      in.close();
    }
  }

  private boolean startMember() throws IOException {
    if (position == limit && !fill()) {
      if (first) {
        throw new EOFException("is empty");
      }
      return false;
    }
    if (next() != 0x1f || next() != 0x8b) {
      throw new ZipException(first ? "is not gzip" : "has bytes after the last gzip member");
    }
    if (next() != METHOD_DEFLATE) {
      throw new ZipException("has an unknown compression method");
    }
    int flags = next();
    discard(6); // MTIME, XFL, OS
    if ((flags & FLAG_EXTRA) != 0) {
      discard(next() | next() << 8);
    }
    if ((flags & FLAG_NAME) != 0) {
      discardText();
    }
    if ((flags & FLAG_COMMENT) != 0) {
      discardText();
    }
    if ((flags & FLAG_HEADER_CRC) != 0) {
      discard(2);
    }
    inflater.reset();
    crc.reset();
    inflater.setInput(input, position, limit - position);
    inMember = true;
    first = false;
    return true;
  }

  private void endMember() throws IOException {
    long expectedCrc = nextUnsignedInt();
    long expectedSize = nextUnsignedInt();
    if (expectedCrc != crc.getValue()) {
      throw new ZipException("has a CRC error");
    }
    if (expectedSize != (inflater.getBytesWritten() & 0xffff_ffffL)) {
      throw new ZipException("has a wrong length in a gzip trailer");
    }
    inMember = false;
  }

  private long nextUnsignedInt() throws IOException {
    long value = 0;
    for (int shift = 0; shift < 32; shift += 8) {
      value |= (long) next() << shift;
    }
    return value;
  }

  private void discard(int count) throws IOException {
    for (int i = 0; i < count; i++) {
      next();
    }
  }

  private void discardText() throws IOException {
    int c;
    do {
      c = next();
    } while (c != 0);
  }

  private int next() throws IOException {
    if (position == limit && !fill()) {
      throw new EOFException("ends within a gzip header or trailer");
    }
    return input[position++] & 0xff;
  }

  private boolean fill() throws IOException {
    position = 0;
    limit = Math.max(in.read(input, 0, input.length), 0);
    return limit > 0;
  }
}
