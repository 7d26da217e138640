package org.bib.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * The bytes of a file, wherever they are: in memory, in a spool, in a hole. Immutable, readable
 * from any thread, and never closed: who opened what lies below owns it.
 */
public sealed interface Content permits MemoryContent, SpooledContent, MappedContent {
  /** Nothing at all. */
  Content EMPTY = of(new byte[0]);

  /** Bytes in memory, for small generated files. The array is not copied: leave it alone. */
  static Content of(byte[] bytes) {
    return new MemoryContent(bytes);
  }

  /** The length in bytes, holes counted. */
  long size();

  /**
   * Ranges that may hold something else than zeros: ascending, disjoint, not adjacent, within the
   * size; all the rest reads as zeros. Ranges start at multiples of 4096.
   */
  List<ByteRange> dataRanges();

  /**
   * Fills {@code target} from {@code position} on.
   *
   * @throws IOException if less than {@code target.remaining()} bytes are there
   */
  void read(long position, ByteBuffer target) throws IOException;

  /** Takes the bytes of a content, piece by piece. */
  @FunctionalInterface
  interface Sink {
    /** Takes the remaining bytes of {@code piece}, which is used again after that. */
    void accept(ByteBuffer piece) throws IOException;
  }

  /**
   * Hands all bytes to {@code sink} in their order; holes are made in memory, not read.
   *
   * @param buffer where the pieces are
   */
  default void readAll(ByteBuffer buffer, Sink sink) throws IOException {
    long at = 0;
    for (ByteRange range : dataRanges()) {
      zeros(range.offset() - at, buffer, sink);
      long position = range.offset();
      while (position < range.end()) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), range.end() - position));
        read(position, buffer);
        position += buffer.position();
        sink.accept(buffer.flip());
      }
      at = range.end();
    }
    zeros(size() - at, buffer, sink);
  }

  private static void zeros(long count, ByteBuffer buffer, Sink sink) throws IOException {
    if (count == 0) {
      return;
    }
    buffer.clear().put(new byte[buffer.capacity()]);
    for (long left = count; left > 0; left -= Math.min(buffer.capacity(), left)) {
      sink.accept(buffer.position(0).limit((int) Math.min(buffer.capacity(), left)));
    }
  }
}
