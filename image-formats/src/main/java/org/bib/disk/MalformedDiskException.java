package org.bib.disk;

import java.io.IOException;

/** A disk, or a structure on it, is not what its format demands. The message names both. */
public final class MalformedDiskException extends IOException {
  private static final long serialVersionUID = 1L;

  /** The structure and what is wrong with it. */
  public MalformedDiskException(String message) {
    super(message);
  }

  /** Likewise, as another failure told. */
  public MalformedDiskException(String message, Throwable cause) {
    super(message, cause);
  }
}
