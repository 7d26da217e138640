package org.bib.selinux;

import java.util.ArrayList;
import java.util.List;

/** Lines of a policy's files as libselinux takes them apart (label_support.c). */
final class Words {
  private Words() {}

  /** What stands between white space; a NUL ends a line. */
  static List<String> of(String line) {
    int nul = line.indexOf('\0');
    String text = nul < 0 ? line : line.substring(0, nul);
    List<String> words = new ArrayList<>();
    int at = 0;
    while (at < text.length()) {
      int end = at;
      while (end < text.length() && !isSpace(text.charAt(end))) {
        end++;
      }
      if (end > at) {
        words.add(text.substring(at, end));
      }
      at = end + 1;
    }
    return words;
  }

  private static boolean isSpace(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
  }
}
