package org.bib.disk;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.List;

/**
 * Bytes of a spool file. The file holds all of {@code size} bytes from {@code start} on, its own
 * holes included, so a position in the content is a position in the file.
 */
public final class SpooledContent implements Content {
  private final FileChannel spool;
  private final long start;
  private final long size;
  private final List<ByteRange> dataRanges;

  /**
   * Refers to a run of {@code spool}.
   *
   * @param spool open for reading for as long as this content is used; not closed by it
   * @param start offset in the spool, in bytes
   * @param size in bytes
   * @param dataRanges as {@link Content#dataRanges}
   */
  public SpooledContent(FileChannel spool, long start, long size, List<ByteRange> dataRanges) {
    this.spool = spool;
    this.start = start;
    this.size = size;
    this.dataRanges = List.copyOf(dataRanges);
  }

  /** Refers to a run of {@code spool} without holes. */
  public SpooledContent(FileChannel spool, long start, long size) {
    this(spool, start, size, size == 0 ? List.of() : List.of(new ByteRange(0, size)));
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public List<ByteRange> dataRanges() {
    return dataRanges;
  }

  @Override
  public void read(long position, ByteBuffer target) throws IOException {
    if (position < 0 || position + target.remaining() > size) {
      throw new EOFException("read past the end of content of " + size + " bytes");
    }
    long at = start + position;
    while (target.hasRemaining()) {
      int n = spool.read(target, at);
      if (n < 0) {
        throw new EOFException("the spool ends at " + at);
      }
      at += n;
    }
  }

  /**
   * Copies a run of this content to {@code target} without bringing it into the heap.
   *
   * @param position in this content
   * @param length in bytes
   * @param target positioned write target
   * @param targetOffset in the target
   */
  void copyTo(long position, long length, FileChannel target, long targetOffset)
      throws IOException {
    long done = 0;
    target.position(targetOffset);
    while (done < length) {
      long n = spool.transferTo(start + position + done, length - done, target);
      if (n <= 0) {
        throw new EOFException("the spool ends at " + (start + position + done));
      }
      done += n;
    }
  }
}
