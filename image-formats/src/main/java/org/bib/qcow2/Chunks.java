package org.bib.qcow2;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.bib.disk.ByteRange;

/** Cuts the data ranges of a disk into chunks, in the order of the disk. */
final class Chunks implements Iterator<Chunk> {
  private final List<ByteRange> ranges;
  private int next;
  private long at;

  Chunks(List<ByteRange> ranges) {
    this.ranges = ranges.stream().filter(range -> range.length() > 0).toList();
    this.at = this.ranges.isEmpty() ? 0 : this.ranges.get(0).offset();
  }

  @Override
  public boolean hasNext() {
    return next < ranges.size();
  }

  @Override
  public Chunk next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    long offset = at - at % Chunk.SIZE;
    long end = offset + Chunk.SIZE;
    List<ByteRange> parts = new ArrayList<>();
    while (next < ranges.size() && at < end) {
      long stop = Math.min(end, ranges.get(next).end());
      parts.add(new ByteRange(at, stop - at));
      at = stop;
      if (stop == ranges.get(next).end()) {
        next++;
        at = next < ranges.size() ? ranges.get(next).offset() : at;
      }
    }
    return new Chunk(offset, List.copyOf(parts));
  }
}
