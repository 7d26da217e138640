package org.bib.cache;

import java.io.IOException;

/** An entry of the cache is not, or no longer, what its name says. */
public final class DamagedEntryException extends IOException {
  private static final long serialVersionUID = 1L;

  DamagedEntryException(String message) {
    super(message);
  }

  DamagedEntryException(String message, IOException cause) {
    super(message, cause);
  }
}
