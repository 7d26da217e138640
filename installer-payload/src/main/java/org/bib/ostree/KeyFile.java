package org.bib.ostree;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.bib.failure.BuildException;

/** A key file as GLib reads it (GLib, gkeyfile.c): groups of keys with values, a later one wins. */
final class KeyFile {
  private static final String REMEDY = "correct the file in the image";

  private final String file;
  private final Map<String, String> values = new HashMap<>(); // "group.key" to values

  private KeyFile(String file) {
    this.file = file;
  }

  /** A file without keys. */
  static KeyFile empty(String file) {
    return new KeyFile(file);
  }

  /**
   * Reads a file.
   *
   * @param file its path in the image, absolute, for messages
   */
  static KeyFile parse(String file, String text) throws BuildException {
    KeyFile parsed = new KeyFile(file);
    String group = "";
    int number = 0;
    for (String line : text.split("\n", -1)) {
      number++;
      String stripped = line.stripLeading();
      if (stripped.isEmpty() || stripped.startsWith("#")) {
        continue;
      }
      String whole = stripped.stripTrailing();
      int equals = stripped.indexOf('=');
      if (whole.startsWith("[") && whole.endsWith("]")) {
        group = whole.substring(1, whole.length() - 1);
      } else if (equals > 0 && !group.isEmpty()) {
        String key = stripped.substring(0, equals).stripTrailing();
        String value = stripped.substring(equals + 1).stripLeading();
        parsed.values.put(
            group + "." + key,
            value.endsWith("\r") ? value.substring(0, value.length() - 1) : value);
      } else {
        throw new BuildException(
            file + " of the image: line " + number + " is not what a key file has", REMEDY);
      }
    }
    return parsed;
  }

  /** A value, white space at its end included. */
  Optional<String> value(String group, String key) {
    return Optional.ofNullable(values.get(group + "." + key));
  }

  /** The truth value of a key, false if it is not there. */
  boolean flag(String group, String key) throws BuildException {
    String value = value(group, key).orElse("false");
    return switch (value.stripTrailing()) {
      case "true", "1" -> true;
      case "false", "0" -> false;
      default -> throw wrong(group, key, value, "true, false");
    };
  }

  /** The error of a value that is not among {@code choices}. */
  BuildException wrong(String group, String key, String value, String choices) {
    return new BuildException(
        "%s of the image: %s.%s is \"%s\", not one of %s"
            .formatted(file, group, key, value.replaceAll("\\p{Cntrl}", "?"), choices),
        REMEDY);
  }
}
