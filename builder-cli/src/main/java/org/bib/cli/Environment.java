package org.bib.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What a command finds around itself, apart from its arguments.
 *
 * @param variables environment variables
 * @param root directory in which {@code config.toml} or {@code config.json} is looked for
 * @param in standard input
 * @param terminal whether standard error is a terminal
 */
public record Environment(
    Map<String, String> variables, Path root, InputStream in, boolean terminal) {
  private static final List<String> TERMINAL_DEVICES =
      List.of("/dev/pts/", "/dev/tty", "/dev/console");

  public Environment {
    variables = Map.copyOf(variables);
  }

  /** That of this process. */
  static Environment ofProcess() {
    Map<String, String> variables = System.getenv();
    return new Environment(variables, Path.of("/"), System.in, isTerminal(variables));
  }

  /** {@code System.console()} tells about standard input and output only. */
  private static boolean isTerminal(Map<String, String> variables) {
    if (variables.getOrDefault("TERM", "dumb").equals("dumb")) {
      return false;
    }
    try {
      String device = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
      return TERMINAL_DEVICES.stream().anyMatch(device::startsWith);
    } catch (IOException e) {
      return false;
    }
  }
}
