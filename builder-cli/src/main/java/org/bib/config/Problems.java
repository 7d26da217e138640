package org.bib.config;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.bib.failure.ConfigException;

/** Everything that is wrong with one file, so that its author learns it in one go. */
final class Problems {
  private static final int MOST_TOLD = 10;

  private final String file;
  private final List<String> lines = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();

  Problems(String file) {
    this.file = file;
  }

  /** Notes that {@code keyPath} is wrong; an empty path is the file itself. */
  void add(String keyPath, String problem) {
    lines.add(keyPath.isEmpty() ? problem : keyPath + ": " + problem);
  }

  /** Notes that {@code keyPath} asks for what no disk honours, and what to do instead. */
  void warn(String keyPath, String remedy) {
    warnings.add(file + ": " + keyPath + ": not supported: " + remedy);
  }

  /** All that was noted by {@link #warn}, a line each. */
  List<String> warnings() {
    return List.copyOf(warnings);
  }

  boolean isEmpty() {
    return lines.isEmpty();
  }

  /**
   * Throws if anything was noted: all of it in one line, after the name of the file.
   *
   * @throws ConfigException with all problems
   */
  void throwIfAny() throws ConfigException {
    if (!lines.isEmpty()) {
      List<String> told = lines.stream().distinct().toList();
      int more = told.size() - MOST_TOLD;
      throw new ConfigException(
          file,
          told.stream().limit(MOST_TOLD).collect(Collectors.joining("; also "))
              + (more > 0 ? "; and " + more + " more" : ""));
    }
  }
}
