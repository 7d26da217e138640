package org.bib.units;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a unit file and its drop-ins say in {@code [Install]} (systemd.unit, "[Install] Section
 * Options"; systemd.syntax).
 */
final class InstallSection {
  private static final List<String> LISTS =
      List.of("WantedBy", "RequiredBy", "UpheldBy", "Alias", "Also");

  private final Map<String, List<String>> lists = new TreeMap<>();
  private Optional<String> defaultInstance = Optional.empty();

  /** Reads one file more; an empty value forgets what the files before said. */
  void read(String text) {
    String section = "";
    for (String line : joined(text)) {
      if (line.startsWith("[") && line.endsWith("]")) {
        section = line.substring(1, line.length() - 1);
      } else if (section.equals("Install") && line.indexOf('=') > 0) {
        String key = line.substring(0, line.indexOf('=')).stripTrailing();
        assign(key, line.substring(line.indexOf('=') + 1).strip());
      }
    }
  }

  private void assign(String key, String value) {
    if (key.equals("DefaultInstance")) {
      defaultInstance = value.isEmpty() ? Optional.empty() : Optional.of(value);
    } else if (LISTS.contains(key)) {
      if (value.isEmpty() && !key.equals("Also")) {
        lists.remove(key);
      } else {
        lists.computeIfAbsent(key, unused -> new ArrayList<>()).addAll(words(value));
      }
    }
  }

  /** The lines, a backslash at the end of which joins them with the next; no comments. */
  private static List<String> joined(String text) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String next : text.split("\n", -1)) {
      String stripped = next.strip();
      if (stripped.startsWith("#") || stripped.startsWith(";")) {
        continue; // within a joined line, too
      }
      if (stripped.endsWith("\\")) {
        line.append(stripped, 0, stripped.length() - 1).append(' ');
      } else {
        lines.add(line.append(stripped).toString().strip());
        line.setLength(0);
      }
    }
    lines.add(line.toString().strip());
    return lines;
  }

  /** Words between blanks; quotes around one are no part of it. */
  private static List<String> words(String value) {
    List<String> words = new ArrayList<>();
    for (String word : value.split("\\s+", -1)) {
      String bare =
          word.length() > 1
                  && (word.charAt(0) == '"' || word.charAt(0) == '\'')
                  && word.charAt(word.length() - 1) == word.charAt(0)
              ? word.substring(1, word.length() - 1)
              : word;
      if (!bare.isEmpty()) {
        words.add(bare);
      }
    }
    return words;
  }

  /** The units after the key that have the unit in {@code .wants} and its like. */
  List<String> list(String key) {
    return lists.getOrDefault(key, List.of());
  }

  Optional<String> defaultInstance() {
    return defaultInstance;
  }

  /** Whether there is nothing to enable the unit by. */
  boolean isEmpty() {
    return lists.isEmpty();
  }
}
