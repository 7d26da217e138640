package org.bib.failure;

/** The configuration or the command line asks for something that cannot be; exit status 2. */
public final class ConfigException extends Exception {
  private static final long serialVersionUID = 1L;

  /**
   * Creates a failure.
   *
   * @param where the file and the key path, or the option, that is wrong
   * @param problem what is wrong with it, and the way out
   */
  public ConfigException(String where, String problem) {
    super(where + ": " + problem);
  }
}
