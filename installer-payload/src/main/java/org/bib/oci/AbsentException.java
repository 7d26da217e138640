package org.bib.oci;

import java.io.IOException;

/** A registry has nothing under a name; the message is what it answered. */
final class AbsentException extends IOException {
  private static final long serialVersionUID = 1L;

  AbsentException(String answer) {
    super(answer);
  }
}
