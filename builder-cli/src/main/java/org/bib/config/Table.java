package org.bib.config;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One table of a parsed file, read key by key. Values of the wrong type are noted and read as
 * absent; what nobody asked for is noted by {@link #refuseUnknownKeys}.
 */
final class Table {
  private final String path;
  private final Map<?, ?> values;
  private final Problems problems;
  private final Set<String> known = new TreeSet<>();

  Table(String path, Map<?, ?> values, Problems problems) {
    this.path = path;
    this.values = values;
    this.problems = problems;
  }

  /** The path of this table in the file. */
  String path() {
    return path;
  }

  /** Whether anything is wrong with the file so far. */
  boolean hasProblems() {
    return !problems.isEmpty();
  }

  /** A table without values in place of one that is not there. */
  Table empty(String key) {
    return new Table(pathOf(key), Map.of(), problems);
  }

  /** Notes a problem of {@code key}. */
  void problem(String key, String problem) {
    problems.add(pathOf(key), problem);
  }

  boolean has(String key) {
    known.add(key);
    return values.get(key) != null;
  }

  boolean isText(String key) {
    return values.get(key) instanceof String;
  }

  Optional<String> text(String key) {
    return value(key, String.class, "a string");
  }

  /** A string that must be there and not be empty. */
  Optional<String> required(String key) {
    if (!has(key)) {
      problem(key, "is missing");
      return Optional.empty();
    }
    Optional<String> text = text(key);
    if (text.isPresent() && text.get().isEmpty()) {
      problem(key, "must not be empty");
      return Optional.empty();
    }
    return text;
  }

  /** An integer from {@code minimum} to {@code maximum}. */
  OptionalLong integer(String key, long minimum, long maximum) {
    Optional<Number> number = value(key, Number.class, "an integer");
    if (number.isEmpty()) {
      return OptionalLong.empty();
    }
    OptionalLong integer = exact(number.get());
    if (integer.isEmpty() || integer.getAsLong() < minimum || integer.getAsLong() > maximum) {
      problem(key, "must be an integer from " + minimum + " to " + maximum);
      return OptionalLong.empty();
    }
    return integer;
  }

  boolean flag(String key) {
    return truth(key).orElse(false);
  }

  /** True or false, if it is there. */
  Optional<Boolean> truth(String key) {
    return value(key, Boolean.class, "true or false");
  }

  /** Integers from {@code minimum} to {@code maximum}. */
  List<Long> integers(String key, long minimum, long maximum) {
    List<Long> integers = new ArrayList<>();
    List<?> list = value(key, List.class, "an array of integers").orElse(List.of());
    for (int i = 0; i < list.size(); i++) {
      OptionalLong integer =
          list.get(i) instanceof Number number ? exact(number) : OptionalLong.empty();
      if (integer.isEmpty() || integer.getAsLong() < minimum || integer.getAsLong() > maximum) {
        problem(key + "[" + i + "]", "must be an integer from " + minimum + " to " + maximum);
      } else {
        integers.add(integer.getAsLong());
      }
    }
    return integers;
  }

  /** Takes {@code keys} for known, though nothing is read of them. */
  void ignore(List<String> keys) {
    known.addAll(keys);
  }

  /** A string, or an integer as text. */
  Optional<String> textOrInteger(String key) {
    known.add(key);
    Object value = values.get(key);
    if (value instanceof Integer || value instanceof Long || value instanceof BigInteger) {
      return Optional.of(value.toString());
    }
    return value(key, String.class, "a string or an integer");
  }

  List<String> texts(String key) {
    List<String> texts = new ArrayList<>();
    List<?> list = value(key, List.class, "an array of strings").orElse(List.of());
    for (int i = 0; i < list.size(); i++) {
      if (list.get(i) instanceof String text) {
        texts.add(text);
      } else {
        problem(key + "[" + i + "]", "must be a string, not " + kind(list.get(i)));
      }
    }
    return texts;
  }

  Optional<Table> table(String key) {
    return value(key, Map.class, "a table").map(values -> new Table(pathOf(key), values, problems));
  }

  /** An array of tables. */
  List<Table> tables(String key) {
    known.add(key);
    List<Table> tables = new ArrayList<>();
    List<?> list =
        value(key, List.class, "an array of tables ([[" + pathOf(key) + "]])").orElse(List.of());
    for (int i = 0; i < list.size(); i++) {
      String element = key + "[" + i + "]";
      if (list.get(i) instanceof Map<?, ?> table) {
        tables.add(new Table(pathOf(element), table, problems));
      } else {
        problem(element, "must be a table, not " + kind(list.get(i)));
      }
    }
    return tables;
  }

  /** Refuses {@code key}, which the format knows but bib does not do. */
  void refuse(String key, String remedy) {
    if (has(key)) {
      problems.add("", pathOf(key) + " is not supported: " + remedy);
    }
  }

  /** Notes that {@code key}, which the format knows, has no effect on a disk. */
  void unsupported(String key, String remedy) {
    known.add(key);
    Object value = values.get(key);
    boolean empty =
        value == null
            || value.equals("")
            || value.equals(false)
            || (value instanceof List<?> list && list.isEmpty())
            || (value instanceof Map<?, ?> map && map.isEmpty());
    if (!empty) {
      problems.warn(pathOf(key), remedy);
    }
  }

  /** Notes that not all of {@code key} has an effect on a disk. */
  void warn(String key, String remedy) {
    problems.warn(pathOf(key), remedy);
  }

  /** Strings, of which one may stand alone. */
  List<String> textOrTexts(String key) {
    return isText(key) ? List.of(text(key).orElseThrow()) : texts(key);
  }

  /** Notes every key that no other call named. */
  void refuseUnknownKeys() {
    Set<String> names = new TreeSet<>();
    // YAML has keys of all types.
    values.keySet().forEach(key -> names.add(key instanceof String text ? text : kind(key)));
    for (String name : names) {
      if (!known.contains(name)) {
        problem(name, "unknown key" + Spelling.suggestion(name, known));
      }
    }
  }

  private <T> Optional<T> value(String key, Class<T> type, String expected) {
    known.add(key);
    Object value = values.get(key);
    if (value == null || type.isInstance(value)) {
      return Optional.ofNullable(value).map(type::cast);
    }
    problem(key, "must be " + expected + ", not " + kind(value));
    return Optional.empty();
  }

  private static OptionalLong exact(Number number) {
    if (number instanceof Integer || number instanceof Long) {
      return OptionalLong.of(number.longValue());
    }
    return OptionalLong.empty();
  }

  private static String kind(@Nullable Object value) {
    if (value == null) {
      return "null";
    }
    if (value instanceof String) {
      return "a string";
    }
    if (value instanceof Boolean) {
      return "a boolean";
    }
    if (value instanceof Integer || value instanceof Long || value instanceof BigInteger) {
      return "an integer";
    }
    if (value instanceof Number) {
      return "a fraction";
    }
    if (value instanceof Map) {
      return "a table";
    }
    if (value instanceof List) {
      return "an array";
    }
    return "a date or time";
  }

  private String pathOf(String key) {
    String shown = key.matches("[A-Za-z0-9_\\-\\[\\]]+") ? key : "\"" + key + "\"";
    return path.isEmpty() ? shown : path + "." + shown;
  }
}
