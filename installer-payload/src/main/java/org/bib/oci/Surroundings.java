package org.bib.oci;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * What a source takes from the process around it.
 *
 * @param environment variables
 * @param home of the user
 * @param etc where the system keeps its configuration
 * @param patience with registries
 */
record Surroundings(Map<String, String> environment, Path home, Path etc, Patience patience) {
  Surroundings {
    environment = Map.copyOf(environment);
  }

  static Surroundings ofProcess() {
    // The variable first, as engines do; the JDK asks the user database alone.
    String home = System.getenv("HOME");
    return new Surroundings(
        System.getenv(),
        Path.of(home == null || home.isEmpty() ? System.getProperty("user.home", "/") : home),
        Path.of("/etc"),
        Patience.DEFAULT);
  }

  /** A variable that is set and not empty. */
  Optional<String> variable(String name) {
    return Optional.ofNullable(environment.get(name)).filter(value -> !value.isEmpty());
  }

  /**
   * How long to wait, and how often to try.
   *
   * @param connect until a connection stands
   * @param probe from the question whether a registry speaks TLS to its answer; some servers of
   *     plain http never give one
   * @param response from a request to the head of its response
   * @param idle between two pieces of a body
   * @param tries in a row without progress
   * @param pause before the second try; doubles from try to try
   */
  record Patience(
      Duration connect,
      Duration probe,
      Duration response,
      Duration idle,
      int tries,
      Duration pause) {
    static final Patience DEFAULT =
        new Patience(
            Duration.ofSeconds(10),
            Duration.ofSeconds(5),
            Duration.ofSeconds(30),
            Duration.ofSeconds(60),
            5,
            Duration.ofMillis(250));

    /** This patience, but for what {@code limits} say. */
    Patience within(RegistryLimits limits) {
      Duration read = limits.readTimeout().orElse(probe);
      return new Patience(
          limits.connectTimeout().orElse(connect),
          read.compareTo(probe) < 0 ? read : probe,
          limits.readTimeout().orElse(response),
          limits.readTimeout().orElse(idle),
          limits.retries().isPresent() ? limits.retries().getAsInt() + 1 : tries,
          pause);
    }
  }
}
