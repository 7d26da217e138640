package org.bib.tree;

import java.util.Comparator;

/**
 * The order of names by their UTF-8 bytes, as {@code strcmp(3)} has it and ostree stores it. It
 * differs from {@link String#compareTo} where surrogates meet U+E000 to U+FFFF.
 */
public final class NameOrder implements Comparator<String> {
  /** The only instance. */
  public static final NameOrder INSTANCE = new NameOrder();

  private NameOrder() {}

  @Override
  public int compare(String a, String b) {
    int length = Math.min(a.length(), b.length());
    for (int i = 0; i < length; i++) {
      char x = a.charAt(i);
      char y = b.charAt(i);
      if (x != y) {
        // Surrogates stand for code points above all others; UTF-8 keeps the order of code points.
        boolean sx = Character.isSurrogate(x);
        boolean sy = Character.isSurrogate(y);
        return sx == sy ? Character.compare(x, y) : sx ? 1 : -1;
      }
    }
    return Integer.compare(a.length(), b.length());
  }
}
