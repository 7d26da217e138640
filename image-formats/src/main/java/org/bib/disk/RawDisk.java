package org.bib.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** A file that is a disk byte for byte. */
public final class RawDisk implements ReadableDisk {
  private final Path file;
  private final FileChannel channel;
  private final long size;

  private RawDisk(Path file, FileChannel channel, long size) {
    this.file = file;
    this.channel = channel;
    this.size = size;
  }

  /** Opens a file. */
  public static RawDisk open(Path file) throws IOException {
    FileChannel channel = FileChannel.open(file);
    try {
      return new RawDisk(file, channel, channel.size());
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  @Override
  public long size() {
    return size;
  }

  /** The bytes of the file that are no holes. */
  public static long allocated(Path file, long size) throws IOException {
    return SparseFile.dataRanges(file, size).stream().mapToLong(ByteRange::length).sum();
  }

  @Override
  public void read(long offset, ByteBuffer target) throws IOException {
    ReadableDisk.requireInside(offset, target.remaining(), size);
    long at = offset;
    while (target.hasRemaining()) {
      int n = channel.read(target, at);
      if (n < 0) {
        throw new MalformedDiskException(file + " became shorter while it was read");
      }
      at += n;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
