package org.bib.config;

import java.util.Arrays;

/** Absolute paths without {@code .}, {@code ..}, double or trailing slashes. */
final class CanonicalPath {
  private CanonicalPath() {}

  static boolean isCanonical(String path) {
    if (path.equals("/")) {
      return true;
    }
    return path.startsWith("/")
        && path.chars().noneMatch(Character::isISOControl)
        && Arrays.stream(path.substring(1).split("/", -1))
            .noneMatch(name -> name.isEmpty() || name.equals(".") || name.equals(".."));
  }

  /** Why {@code path} is not canonical. */
  static String problem(String path) {
    return "\"" + path + "\" must be " + (path.startsWith("/") ? "canonical" : "absolute");
  }

  /** Whether {@code path} is {@code ancestor} or lies below it. */
  static boolean isWithin(String path, String ancestor) {
    return path.equals(ancestor) || path.startsWith(ancestor.equals("/") ? "/" : ancestor + "/");
  }
}
