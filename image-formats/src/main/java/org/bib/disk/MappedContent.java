package org.bib.disk;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** The bytes of a file within a filesystem on a disk: runs of it, and holes between them. */
public final class MappedContent implements Content {
  private final ReadableDisk disk;
  private final long size;
  private final List<Run> runs;

  /**
   * A run of bytes.
   *
   * @param position of the first one in the file
   * @param offset of it on the disk
   * @param length in bytes
   */
  public record Run(long position, long offset, long length) {
    long end() {
      return position + length;
    }
  }

  /**
   * Refers to runs of {@code disk}.
   *
   * @param disk open for as long as this content is used; not closed by it
   * @param size in bytes
   * @param runs ascending, disjoint, within {@code size}
   */
  public MappedContent(ReadableDisk disk, long size, List<Run> runs) {
    this.disk = disk;
    this.size = size;
    this.runs = List.copyOf(runs);
    long at = 0;
    for (Run run : runs) {
      if (run.position() < at || run.length() <= 0 || run.end() > size) {
        throw new IllegalArgumentException(run + " in " + size + " bytes after " + at);
      }
      at = run.end();
    }
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public List<ByteRange> dataRanges() {
    return DataRanges.union(
        List.of(), runs.stream().map(run -> new ByteRange(run.position(), run.length())).toList());
  }

  @Override
  public void read(long position, ByteBuffer target) throws IOException {
    if (position < 0 || position > size - target.remaining()) {
      throw new EOFException("read past the end of content of " + size + " bytes");
    }
    int index = firstEndingAfter(position);
    long at = position;
    int limit = target.limit();
    while (target.hasRemaining()) {
      Run run = index < runs.size() ? runs.get(index) : new Run(size, 0, 0);
      if (at < run.position()) {
        int zeros = (int) Math.min(target.remaining(), run.position() - at);
        target.put(new byte[zeros]);
        at += zeros;
      } else {
        int n = (int) Math.min(target.remaining(), run.end() - at);
        target.limit(target.position() + n);
        disk.read(run.offset() + at - run.position(), target);
        target.limit(limit);
        at += n;
        index++;
      }
    }
  }

  private int firstEndingAfter(long position) {
    int low = 0;
    int high = runs.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (runs.get(middle).end() <= position) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
