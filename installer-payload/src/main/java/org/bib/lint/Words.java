package org.bib.lint;

import java.util.ArrayList;
import java.util.List;

/**
 * Splits lines of tmpfiles.d(5) and sysusers.d(5): fields at white space, quotes around those that
 * hold some, and escapes after a backslash.
 */
final class Words {
  private final String line;
  private int at;

  private Words(String line) {
    this.line = line;
  }

  /** At most the first {@code most} fields of a line. */
  static List<String> of(String line, int most) {
    Words words = new Words(line);
    List<String> fields = new ArrayList<>();
    while (fields.size() < most && words.skipSpace()) {
      fields.add(words.next());
    }
    return fields;
  }

  private boolean skipSpace() {
    while (at < line.length() && Character.isWhitespace(line.charAt(at))) {
      at++;
    }
    return at < line.length();
  }

  private String next() {
    char first = line.charAt(at);
    char quote = first == '"' || first == '\'' ? first : 0;
    if (quote != 0) {
      at++;
    }
    StringBuilder word = new StringBuilder();
    while (at < line.length()) {
      char c = line.charAt(at++);
      if (quote != 0 ? c == quote : Character.isWhitespace(c)) {
        break;
      }
      word.append(c == '\\' && at < line.length() ? escaped() : c);
    }
    return word.toString();
  }

  /** What stands after a backslash; of the escapes of C those that paths are written with. */
  private char escaped() {
    char c = line.charAt(at++);
    return switch (c) {
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 's' -> ' ';
      case 'x' -> {
        int end = Math.min(line.length(), at + 2);
        String digits = line.substring(at, end);
        if (!digits.matches("[0-9A-Fa-f]{2}")) {
          yield c;
        }
        at = end;
        yield (char) Integer.parseInt(digits, 16);
      }
      default -> c;
    };
  }
}
