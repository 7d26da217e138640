package org.bib.disk;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A finished disk, or a part of one, whatever file it is in. Readable from any thread. */
public interface ReadableDisk extends Closeable {
  /** The length of the disk in bytes, as a machine sees it. */
  long size();

  /**
   * Fills {@code target} from {@code offset} on.
   *
   * @throws MalformedDiskException if that is not all within the disk, or the format of its file is
   *     damaged there
   */
  void read(long offset, ByteBuffer target) throws IOException;

  /** A part of this disk; closing it does nothing. */
  default ReadableDisk slice(long offset, long length) throws MalformedDiskException {
    requireInside(offset, length, size());
    ReadableDisk whole = this;
    return new ReadableDisk() {
      @Override
      public long size() {
        return length;
      }

      @Override
      public void read(long at, ByteBuffer target) throws IOException {
        requireInside(at, target.remaining(), length);
        whole.read(offset + at, target);
      }

      @Override
      public void close() {}
    };
  }

  /** Refuses what is not within {@code size} bytes. */
  static void requireInside(long offset, long length, long size) throws MalformedDiskException {
    if (offset < 0 || length < 0 || offset > size - length) {
      throw new MalformedDiskException(
          "byte "
              + offset
              + " and the "
              + length
              + " from there lie outside of "
              + size
              + " bytes");
    }
  }
}
