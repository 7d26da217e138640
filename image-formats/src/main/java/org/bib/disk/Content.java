package org.bib.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * The bytes of a file, wherever they are: in memory, in a spool, in a hole. Immutable, readable
 * from any thread, and never closed: who opened what lies below owns it.
 */
public sealed interface Content permits MemoryContent, SpooledContent {
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
}
