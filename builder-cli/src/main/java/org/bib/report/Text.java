package org.bib.report;

import java.time.Duration;
import java.util.Locale;

/** Words as the renderers write them. */
public final class Text {
  private static final long BYTES_PER_MEBIBYTE = 1L << 20;

  private Text() {}

  /**
   * {@code text} as one line that cannot move the cursor: names in an image or words of a registry
   * may hold any character.
   */
  public static String line(String text) {
    StringBuilder line = new StringBuilder(text.length());
    text.strip()
        .codePoints()
        .map(c -> c == '\n' || c == '\t' ? ' ' : c)
        .map(c -> Character.isISOControl(c) || isDirectional(c) ? '?' : c)
        .forEach(line::appendCodePoint);
    return line.toString();
  }

  /** Whether it turns the direction of writing (Unicode Bidirectional Algorithm, section 2). */
  private static boolean isDirectional(int c) {
    return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
  }

  /** A number of warnings, as in {@code 2 warnings}. */
  public static String warnings(int count) {
    return count == 1 ? "1 warning" : count + " warnings";
  }

  /** That a build ended well, and how many warnings it gave. */
  static String complete(int warnings) {
    return "Build complete" + (warnings == 0 ? "" : ", " + warnings(warnings));
  }

  static String seconds(Duration took) {
    return String.format(Locale.ROOT, "%.1f s", took.toMillis() / 1000.0);
  }

  static String mebibytes(long bytes) {
    return bytes / BYTES_PER_MEBIBYTE + " MiB";
  }
}
