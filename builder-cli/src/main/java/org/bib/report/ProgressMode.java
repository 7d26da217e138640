package org.bib.report;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** How {@code --progress} tells what happens. */
public enum ProgressMode {
  /** {@link #TERM} on a terminal, {@link #VERBOSE} elsewhere. */
  AUTO,
  /** Bars that overwrite themselves. */
  TERM,
  /** A line for each step. */
  VERBOSE,
  /** A line for each event. */
  DEBUG,
  /** A JSON object in each line, see {@link JsonRenderer}. */
  JSON;

  /** As {@code --progress} takes it. */
  public String modeName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** All names. */
  public static List<String> names() {
    return Arrays.stream(values()).map(ProgressMode::modeName).toList();
  }
}
