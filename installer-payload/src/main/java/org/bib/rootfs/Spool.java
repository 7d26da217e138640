package org.bib.rootfs;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.bib.disk.ByteRange;
import org.bib.disk.Content;
import org.bib.disk.SpooledContent;

/**
 * A file without a name that takes the contents of a layer's files one after the other. Runs of
 * zeros stay holes of it and are remembered, so that they never are written anywhere. One thread
 * writes; contents may be read from any thread once {@link #flush} was called.
 */
final class Spool implements Contents, Closeable {
  private static final long MAX_SIZE = 1L << 40; // holes take no space, but time to hash

  private final FileChannel channel;
  private final HoleFinder holes = new HoleFinder();
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
  private long bufferStart; // where in the file the buffer belongs
  private long end;

  private Spool(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Makes one, which the system takes back when it is closed or the process ends, however it ends.
   *
   * @param file what it is called for the moment in which it is made
   */
  static Spool create(Path file) throws IOException {
    FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.SPARSE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    Files.delete(file);
    return new Spool(channel);
  }

  @Override
  public Content add(TarReader tar, TarEntry entry) throws IOException {
    if (entry.size() == 0) {
      return Content.EMPTY;
    }
    long start = end;
    List<ByteRange> data = new ArrayList<>();
    for (ByteRange range : entry.sparse().orElse(List.of(new ByteRange(0, entry.size())))) {
      holes.read(tar, range, data, (at, bytes, length) -> write(start + at, bytes, length));
    }
    end = start + entry.size();
    if (end > MAX_SIZE) {
      throw new IOException("its files have more than " + MAX_SIZE + " bytes");
    }
    return new SpooledContent(channel, start, entry.size(), data);
  }

  private void write(long position, byte[] bytes, int length) throws IOException {
    if (position != bufferStart + buffer.position() || buffer.remaining() < length) {
      flush();
      bufferStart = position;
    }
    buffer.put(bytes, 0, length);
  }

  /** Writes out what is buffered. */
  @Override
  public void flush() throws IOException {
    buffer.flip();
    long at = bufferStart;
    while (buffer.hasRemaining()) {
      at += channel.write(buffer, at);
    }
    buffer.clear();
    bufferStart = at;
    if (channel.size() < end) {
      channel.write(ByteBuffer.allocate(1), end - 1); // a hole at the end has a length, too
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
