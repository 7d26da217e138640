package org.bib.rootfs;

import java.io.IOException;
import org.bib.disk.Content;

/** Where the contents of a layer's files are kept while the tree is in use. */
interface Contents {
  /**
   * Takes the content of the current member of {@code tar}, all of it. It can be read, from any
   * thread, once {@link #flush} was called.
   */
  Content add(TarReader tar, TarEntry entry) throws IOException;

  /** Is called once, when all have been taken. */
  void flush() throws IOException;
}
