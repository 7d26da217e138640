package org.bib.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * bib as it was built, where a user without privileges can run it: as nobody, without capabilities
 * and without a way to get any.
 */
final class Launcher {
  /** The checkout that is tested. */
  static final Path TOP = Path.of("..").toAbsolutePath().normalize();

  /** The example OS, where {@code tests/run} puts it. */
  static final Path EXAMPLE = TOP.resolve("build/example-os");

  /** Before one is installed. */
  static final Launcher NONE = new Launcher(Path.of(""), Path.of(""));

  static final String NOBODY = "65534";
  private static final long MAX_MINUTES = 20;

  private final Path bib;
  private final Path logs;

  /** A run that goes on. */
  record Running(Process process, Path out, Path err) {
    /** Waits for its end. */
    Result await() throws IOException, InterruptedException {
      if (!process.waitFor(MAX_MINUTES, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        throw new AssertionError("does not end; it said\n" + Files.readString(err));
      }
      Result result = new Result(process.exitValue(), Files.readString(out), Files.readString(err));
      Files.delete(out);
      Files.delete(err);
      return result;
    }
  }

  private Launcher(Path bib, Path logs) {
    this.bib = bib;
    this.logs = logs;
  }

  /** A directory that everyone may use, as a test's own. */
  static Path directory(String name) throws IOException {
    Path made = Files.createTempDirectory(name);
    Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rwxrwxrwx"));
    return made;
  }

  /** Installs what was built; a checkout may lie where only its owner can read. */
  static Launcher install(Path directory) throws IOException, InterruptedException {
    Path target = TOP.resolve("builder-cli/target");
    assertThat(target.resolve("lib")).as("made by bib itself, which tests/run calls").exists();
    Path logs = Files.createDirectories(directory.resolve("logs"));
    Tools.checked(
        "sh",
        "-c",
        "mkdir -p \"$2/bib/builder-cli/target\" && cp \"$1/bib\" \"$2/bib\""
            + " && cd \"$1/builder-cli/target\" && cp -r builder-cli-*.jar lib native"
            + " \"$2/bib/builder-cli/target\" && chmod -R a+rX \"$2/bib\"",
        "sh",
        TOP.toString(),
        directory.toString());
    return new Launcher(directory.resolve("bib/bib"), logs);
  }

  /** Runs bib to its end. */
  Result run(String... arguments) throws IOException, InterruptedException {
    return run(Map.of(), arguments);
  }

  /** Runs bib to its end with more in its environment. */
  Result run(Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    return start(environment, arguments).await();
  }

  /** Runs a script of bash in which {@code "$0"} is bib. */
  Result shell(String script) throws IOException, InterruptedException {
    return start(Map.of(), List.of("bash", "-c", script, bib.toString())).await();
  }

  /** Starts bib. */
  Running start(Map<String, String> environment, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(bib.toString()));
    command.addAll(List.of(arguments));
    return start(environment, command);
  }

  private Running start(Map<String, String> environment, List<String> unprivileged)
      throws IOException {
    List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT,TERM"));
    command.addAll(List.of("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"));
    command.addAll(List.of("--no-new-privs", "--bounding-set=-all"));
    command.addAll(unprivileged);
    ProcessBuilder builder = new ProcessBuilder(command).directory(logs.toFile());
    builder.environment().putAll(environment);
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Path out = Files.createTempFile(logs, "out", "");
    Path err = Files.createTempFile(logs, "err", "");
    Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    process.getOutputStream().close();
    return new Running(process, out, err);
  }
}
