package org.bib.cache;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.bib.oci.Digest;

/**
 * A tar that is fetched, and written to the cache as it is read; blocks of zeros become holes.
 * Whoever reads it to its end has it verified by the stream it comes from, and {@linkplain
 * LayerCache#keep keeps} it then. Closing it deletes the file if it was not kept.
 */
public final class RecordedTar extends LayerTar {
  private static final int BLOCK = 64 << 10; // the grain in which zeros are found
  private static final int BUFFER_SIZE = 4 * BLOCK;
  private static final byte[] ZEROS = new byte[BLOCK];

  private final Digest diffId;
  private final Path path;
  private final InputStream fetched;
  private final byte[] buffer = new byte[BUFFER_SIZE];
  private int filled;
  private long start; // where in the file the buffer belongs, a multiple of BLOCK

  RecordedTar(FileChannel file, Path path, Digest diffId, InputStream fetched) {
    super(file);
    this.path = path;
    this.diffId = diffId;
    this.fetched = fetched;
  }

  Digest diffId() {
    return diffId;
  }

  Path path() {
    return path;
  }

  @Override
  public long position() {
    return start + filled;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    int n = fetched.read(target, offset, length);
    int at = offset;
    for (int left = Math.max(n, 0); left > 0; ) {
      int step = Math.min(left, BUFFER_SIZE - filled);
      System.arraycopy(target, at, buffer, filled, step);
      filled += step;
      at += step;
      left -= step;
      if (filled == BUFFER_SIZE) {
        writeOut();
      }
    }
    return n;
  }

  /**
   * Writes out what is buffered: all that was read can be read again from the file.
   *
   * @throws CacheWriteException if the file does not take it
   */
  public void flush() throws IOException {
    writeOut();
    try {
      if (file().size() < start) {
        file().write(ByteBuffer.allocate(1), start - 1); // a hole at the end has a length, too
      }
    } catch (ClosedChannelException e) {
      throw e;
    } catch (IOException e) {
      throw new CacheWriteException(e);
    }
  }

  private void writeOut() throws IOException {
    try {
      int from = 0;
      while (from < filled) {
        if (isZero(from)) {
          from += BLOCK;
          continue;
        }
        int to = from;
        while (to < filled && !isZero(to)) {
          to += BLOCK;
        }
        ByteBuffer data = ByteBuffer.wrap(buffer, from, Math.min(to, filled) - from);
        long at = start + from;
        while (data.hasRemaining()) {
          at += file().write(data, at);
        }
        from = to;
      }
    } catch (ClosedChannelException e) {
      throw e; // The build was interrupted; that is not the cache's fault.
    } catch (IOException e) {
      throw new CacheWriteException(e);
    }
    start += filled;
    filled = 0;
  }

  /** Whether the block that begins at {@code from} holds zeros alone; the last may be short. */
  private boolean isZero(int from) {
    int length = Math.min(BLOCK, filled - from);
    return Arrays.equals(buffer, from, from + length, ZEROS, 0, length);
  }

  @Override
  public void close() throws IOException {
    super.close();
    Files.deleteIfExists(path); // It is not there any more if it was kept.
  }
}
