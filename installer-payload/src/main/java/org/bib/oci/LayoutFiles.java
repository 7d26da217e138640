package org.bib.oci;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;

/** The files of an OCI image layout, wherever they lie. */
interface LayoutFiles extends Closeable {
  /**
   * Opens a file.
   *
   * @param path below the layout, with slashes
   * @throws java.nio.file.NoSuchFileException if it is not there
   */
  InputStream open(String path) throws IOException;
}
