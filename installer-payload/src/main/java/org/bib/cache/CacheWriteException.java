package org.bib.cache;

import java.io.IOException;

/** The cache does not take what is to be kept; without it, the layer can be read all the same. */
public final class CacheWriteException extends IOException {
  private static final long serialVersionUID = 1L;

  CacheWriteException(IOException cause) {
    super(String.valueOf(cause.getMessage()), cause);
  }
}
