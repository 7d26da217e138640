package org.bib.cli;

/** The documented exit status of every command. */
final class ExitStatus {
  static final int OK = 0;

  /** The world failed. */
  static final int FAILED = 1;

  /** The command line or the configuration is wrong. */
  static final int USAGE = 2;

  /** A bug of bib; {@code EX_SOFTWARE} of sysexits.h. */
  static final int BUG = 70;

  /** 128 + SIGINT, as shells report it. */
  static final int INTERRUPTED = 130;

  private ExitStatus() {}
}
