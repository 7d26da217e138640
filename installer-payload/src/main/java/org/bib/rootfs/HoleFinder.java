package org.bib.rootfs;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.bib.disk.ByteRange;

/**
 * Finds where a file holds something else than zeros while it is read from a tar. What it finds
 * decides what is written to a disk, so it depends on the file alone.
 */
final class HoleFinder {
  private static final int CHUNK = 1 << 16; // the grain in which zeros are found
  private static final byte[] ZEROS = new byte[CHUNK];

  private final byte[] chunk = new byte[CHUNK];

  /** Takes what is not zero. */
  @FunctionalInterface
  interface Sink {
    /**
     * Takes the first {@code length} of {@code bytes}.
     *
     * @param at where they belong in the file
     */
    void take(long at, byte[] bytes, int length) throws IOException;
  }

  /**
   * Reads what belongs to {@code range} of the file that is the current member of {@code tar}.
   *
   * @param data gets the ranges that hold data, as {@link org.bib.disk.Content#dataRanges} has them
   */
  void read(TarReader tar, ByteRange range, List<ByteRange> data, Sink sink) throws IOException {
    long at = range.offset();
    while (at < range.end()) {
      // Chunks start at multiples of their size within the file, so that holes are aligned.
      long stop = Math.min(range.end(), (at / CHUNK + 1) * CHUNK);
      int length = Math.toIntExact(stop - at);
      int n = 0;
      while (n < length) {
        int got = tar.read(chunk, n, length - n);
        if (got < 0) {
          throw new IOException("a file is shorter than its header says");
        }
        n += got;
      }
      if (length < CHUNK || !Arrays.equals(chunk, ZEROS)) {
        sink.take(at, chunk, length);
        extend(data, at, length);
      }
      at = stop;
    }
  }

  /** Adds a run to the data ranges, which start at multiples of 4096 and are not adjacent. */
  private static void extend(List<ByteRange> data, long offset, int length) {
    long aligned = offset & -4096;
    ByteRange last = data.isEmpty() ? null : data.get(data.size() - 1);
    if (last != null && aligned <= last.end()) {
      data.set(data.size() - 1, new ByteRange(last.offset(), offset + length - last.offset()));
    } else {
      data.add(new ByteRange(aligned, offset + length - aligned));
    }
  }
}
