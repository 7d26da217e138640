package org.bib.cache;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;

/**
 * The tar of a layer as it is read, front to end, by one thread. What has been read is found again
 * in a file, at the same place, once the end was reached. Closing closes that file, too.
 */
public abstract sealed class LayerTar extends InputStream permits CachedTar, RecordedTar {
  private final FileChannel file;

  LayerTar(FileChannel file) {
    this.file = file;
  }

  /** The file, open for reading until this is closed. */
  public final FileChannel file() {
    return file;
  }

  /** How many bytes have been read. */
  public abstract long position();

  @Override
  public final int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public abstract int read(byte[] buffer, int offset, int length) throws IOException;

  @Override
  public void close() throws IOException {
    file.close();
  }
}
