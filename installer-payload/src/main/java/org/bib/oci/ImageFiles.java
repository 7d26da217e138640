package org.bib.oci;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;

/** The files that an image is kept in, wherever they lie. */
interface ImageFiles extends Closeable {
  /**
   * Opens a file.
   *
   * @param path below the root of the image, with slashes
   * @throws java.nio.file.NoSuchFileException if it is not there
   */
  InputStream open(String path) throws IOException;
}
