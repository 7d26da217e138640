package org.bib.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** What somebody who mistyped a word may have meant. */
public final class Spelling {
  private Spelling() {}

  /**
   * The candidate nearest to {@code word} by edits (insert, delete, replace, swap neighbours), if
   * it is near enough to be meant: at most a third of the letters, or an abbreviation.
   */
  public static Optional<String> nearest(String word, Collection<String> candidates) {
    return candidates.stream()
        .filter(candidate -> near(word, candidate))
        .min(
            Comparator.<String>comparingInt(candidate -> distance(word, candidate))
                .thenComparing(Comparator.naturalOrder()));
  }

  /** {@code , did you mean "x"?} or nothing. */
  public static String suggestion(String word, Collection<String> candidates) {
    return nearest(word, candidates).map(found -> ", did you mean \"" + found + "\"?").orElse("");
  }

  private static boolean near(String word, String candidate) {
    int longest = Math.max(word.length(), candidate.length());
    return distance(word, candidate) <= Math.max(1, longest / 3)
        || (word.length() >= 3 && candidate.startsWith(word));
  }

  private static int distance(String from, String to) {
    String a = from.toLowerCase(Locale.ROOT);
    String b = to.toLowerCase(Locale.ROOT);
    int[][] edits = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          edits[i][j] = i + j;
          continue;
        }
        boolean same = a.charAt(i - 1) == b.charAt(j - 1);
        int best = Math.min(edits[i - 1][j], edits[i][j - 1]) + 1;
        best = Math.min(best, edits[i - 1][j - 1] + (same ? 0 : 1));
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          best = Math.min(best, edits[i - 2][j - 2] + 1);
        }
        edits[i][j] = best;
      }
    }
    return edits[a.length()][b.length()];
  }
}
