package org.bib.oci;

/** Foreign text made fit for one line of a message. */
final class MessageText {
  private static final int MAX_LENGTH = 200;

  private MessageText() {}

  /** Without control characters, and not longer than a line should be. */
  static String oneLine(String text) {
    StringBuilder line = new StringBuilder();
    text.codePoints()
        .limit(MAX_LENGTH)
        .forEach(c -> line.appendCodePoint(Character.isISOControl(c) ? ' ' : c));
    return line.toString().strip();
  }

  static String quoted(String text) {
    return "\"" + oneLine(text) + "\"";
  }
}
