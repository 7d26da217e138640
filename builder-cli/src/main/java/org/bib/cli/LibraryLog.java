package org.bib.cli;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.logging.LogManager;
import org.bib.config.Spelling;
import org.bib.failure.ConfigException;

/**
 * What libraries log, off unless asked for. Named to {@link LogManager} as its configuration class,
 * so that logging costs nothing before the first library logs.
 */
public final class LibraryLog {
  private static final String LEVEL_PROPERTY = "bib.log.level";
  private static final Map<String, String> LEVELS =
      Map.of("debug", "FINE", "info", "INFO", "error", "SEVERE", "", "OFF");

  /** Called by {@link LogManager}. */
  public LibraryLog() throws IOException {
    String level = System.getProperty(LEVEL_PROPERTY, "OFF");
    String properties =
        "handlers=java.util.logging.ConsoleHandler\n"
            + "java.util.logging.ConsoleHandler.level=ALL\n"
            + "java.util.logging.SimpleFormatter.format=%4$s: %5$s [%3$s]%6$s%n\n"
            + ".level="
            + level
            + "\n";
    LogManager.getLogManager()
        .readConfiguration(
            new ByteArrayInputStream(properties.getBytes(StandardCharsets.ISO_8859_1)));
  }

  /**
   * Chooses what is logged, before anything is.
   *
   * @param name {@code debug}, {@code info}, {@code error}, or empty for nothing
   * @throws ConfigException if it is another word
   */
  static void level(String name) throws ConfigException {
    String level = LEVELS.get(name);
    if (level == null) {
      List<String> names = List.of("debug", "info", "error");
      throw new ConfigException(
          "--log-level",
          "\""
              + name
              + "\" is not a level"
              + Spelling.suggestion(name, names).replace("?", "")
              + "; valid are debug, info, error");
    }
    System.setProperty(LEVEL_PROPERTY, level);
    System.setProperty("java.util.logging.config.class", LibraryLog.class.getName());
  }
}
