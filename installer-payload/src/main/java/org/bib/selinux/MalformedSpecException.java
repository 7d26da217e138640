package org.bib.selinux;

/** Why a specification cannot be had, without saying where it stands. */
final class MalformedSpecException extends Exception {
  private static final long serialVersionUID = 1;

  MalformedSpecException(String message) {
    super(message);
  }
}
