package org.bib.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Runs the independent tools that judge what bib made. */
final class Tools {
  private Tools() {}

  /** Runs a command that must succeed; returns what it said. */
  static String checked(String... command) throws IOException, InterruptedException {
    Result result = run(command);
    assertThat(result.status()).as(String.join(" ", command) + "\n" + result.out()).isZero();
    return result.out();
  }

  /**
   * Runs a script with arguments {@code $1} and so on, which must succeed; returns what it said.
   */
  static String sh(String script, Object... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("sh", "-c", script, "sh"));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    return checked(command.toArray(String[]::new));
  }

  /** Runs a command; all that it says is the result's output. */
  static Result run(String... command) throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("PATH", "/usr/local/bin:/usr/sbin:/sbin:/usr/bin:/bin");
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Process process = builder.start();
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Result(process.waitFor(), out, "");
  }
}
