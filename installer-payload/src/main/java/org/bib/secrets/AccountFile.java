package org.bib.secrets;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * A file of lines with fields between colons, the first of them a name: passwd(5), shadow(5),
 * group(5), gshadow(5), subuid(5). Lines that are not touched stay as they are, byte by byte.
 */
final class AccountFile {
  private final List<String> lines = new ArrayList<>();
  private final int fieldCount;
  private boolean changed;

  /**
   * Parses a file.
   *
   * @param text each char a byte
   * @param fieldCount how many fields an entry has; shorter ones are read as if padded
   */
  AccountFile(String text, int fieldCount) {
    this.fieldCount = fieldCount;
    text.lines().forEach(lines::add);
  }

  boolean isChanged() {
    return changed;
  }

  String text() {
    StringBuilder text = new StringBuilder();
    lines.forEach(line -> text.append(line).append('\n'));
    return text.toString();
  }

  /** The first entry of that name, as the system finds it. */
  Optional<List<String>> find(String name) {
    int index = indexOf(name);
    return index < 0 ? Optional.empty() : Optional.of(fields(lines.get(index)));
  }

  /** All entries, in order; comments and those of NIS left out. */
  List<List<String>> entries() {
    return lines.stream()
        .filter(line -> !line.isEmpty() && "#+-".indexOf(line.charAt(0)) < 0)
        .map(this::fields)
        .toList();
  }

  /** Replaces the first entry of the same name, or adds one. */
  void put(List<String> fields) {
    String line = String.join(":", fields);
    int index = indexOf(fields.get(0));
    if (index < 0) {
      add(line);
    } else if (!fields(lines.get(index)).equals(fields)) {
      lines.set(index, line);
      changed = true;
    }
  }

  private void add(String line) {
    int index = 0;
    // What follows an entry of NIS may never be looked at.
    while (index < lines.size() && !isNis(lines.get(index))) {
      index++;
    }
    lines.add(index, line);
    changed = true;
  }

  private static boolean isNis(String line) {
    return line.startsWith("+") || line.startsWith("-");
  }

  private int indexOf(String name) {
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).startsWith(name + ":")) {
        return i;
      }
    }
    return -1;
  }

  private List<String> fields(String line) {
    List<String> fields = new ArrayList<>(Arrays.asList(line.split(":", -1)));
    while (fields.size() < fieldCount) {
      fields.add("");
    }
    return List.copyOf(fields);
  }

  /** {@code fields} with field {@code index} replaced, its chars being bytes. */
  static List<String> with(List<String> fields, int index, String value) {
    List<String> copy = new ArrayList<>(fields);
    copy.set(index, value);
    return List.copyOf(copy);
  }

  /** The members of a group's last field. */
  static List<String> members(List<String> fields) {
    return Arrays.stream(fields.get(3).split(",", -1)).filter(name -> !name.isEmpty()).toList();
  }

  /** The fields of a group with other members. */
  static List<String> withMembers(List<String> fields, Collection<String> members) {
    return with(fields, 3, String.join(",", members));
  }
}
