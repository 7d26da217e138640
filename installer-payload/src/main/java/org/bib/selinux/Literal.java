package org.bib.selinux;

import org.jspecify.annotations.Nullable;

/**
 * Regular expressions that match one text only (label_file.h: {@code regex_has_meta_chars}, {@code
 * regex_simplify}).
 */
final class Literal {
  private static final String META = ".^$?*+|[({])}";
  private static final String ESCAPABLE = META + "-_,";

  private Literal() {}

  /** The text that {@code regex} matches; null if it has other than escaped meta characters. */
  static @Nullable String of(String regex) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < regex.length(); i++) {
      char c = regex.charAt(i);
      if (META.indexOf(c) >= 0) {
        return null;
      }
      if (c == '\\') {
        i++;
        if (i == regex.length() || ESCAPABLE.indexOf(regex.charAt(i)) < 0) {
          return null;
        }
        c = regex.charAt(i);
      }
      text.append(c);
    }
    return text.toString();
  }
}
