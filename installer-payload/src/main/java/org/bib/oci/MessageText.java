package org.bib.oci;

import java.util.Collection;
import java.util.List;

/** Foreign text made fit for one line of a message. */
final class MessageText {
  private static final int MAX_LENGTH = 200;

  private static final int MAX_NAMES = 20;

  private MessageText() {}

  /** Without control characters, and not longer than a line should be. */
  static String oneLine(String text) {
    StringBuilder line = new StringBuilder();
    text.codePoints()
        .limit(MAX_LENGTH)
        .forEach(c -> line.appendCodePoint(Character.isISOControl(c) ? ' ' : c));
    return line.toString().strip();
  }

  /**
   * Names of what is there, sorted, not too many of them.
   *
   * @param how what stands before them, as in "tagged"
   */
  static String list(String how, Collection<String> names) {
    List<String> sorted = names.stream().map(MessageText::oneLine).distinct().sorted().toList();
    if (sorted.isEmpty()) {
      return "none of them " + how;
    }
    int shown = Math.min(sorted.size(), MAX_NAMES);
    return how
        + " "
        + String.join(", ", sorted.subList(0, shown))
        + (shown < sorted.size() ? " and " + (sorted.size() - shown) + " more" : "");
  }

  static String quoted(String text) {
    return "\"" + oneLine(text) + "\"";
  }
}
