package org.bib.ostree;

/** Names of the refs that ostree-ext keeps for container images. */
public final class RefName {
  private RefName() {}

  /** The ref of the image that {@code transportReference} names, such as {@code docker://q/a:b}. */
  public static String image(String transportReference) {
    return "ostree/container/image/" + escape(transportReference);
  }

  /** The ref of a layer, by the digest of its blob. */
  public static String blob(String digest) {
    return "ostree/container/blob/" + escape(digest);
  }

  /**
   * Makes a text fit for a ref (ostree-ext, refescape.rs): letters, digits and {@code -} stay, so
   * does a {@code /} after one of the former two that is not the last character; {@code _} doubles;
   * all else becomes its code point in upper-case hexadecimal between underscores.
   */
  static String escape(String text) {
    StringBuilder out = new StringBuilder();
    int previous = 0;
    int[] codePoints = text.codePoints().toArray();
    for (int i = 0; i < codePoints.length; i++) {
      int c = codePoints[i];
      boolean slash = c == '/' && isAlphanumeric(previous) && i < codePoints.length - 1;
      if (isAlphanumeric(c) || c == '-' || slash) {
        out.appendCodePoint(c);
      } else if (c == '_') {
        out.append("__");
      } else {
        out.append(String.format("_%02X_", c));
      }
      previous = c;
    }
    return out.toString();
  }

  private static boolean isAlphanumeric(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }
}
