package org.bib.cache;

import java.io.IOException;
import java.nio.channels.FileChannel;
import org.bib.oci.BulkInputStream;

/**
 * The tar of a layer as it is read, front to end, by one thread. What has been read is found again
 * in a file, at the same place, once the end was reached. Closing closes that file, too.
 */
public abstract sealed class LayerTar extends BulkInputStream permits CachedTar, RecordedTar {
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
  public void close() throws IOException {
    file.close();
  }
}
