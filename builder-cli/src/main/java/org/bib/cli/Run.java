package org.bib.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import org.bib.failure.ConfigException;
import org.bib.report.ProgressMode;
import org.bib.report.Renderer;

/** One run of a command that plans or builds: its renderer, its warnings, its failure. */
final class Run {
  private final CommandContext context;
  private final RootCommand root;
  private final String progress;

  /**
   * A run.
   *
   * @param progress the mode of {@code --progress}, as typed
   */
  Run(CommandContext context, RootCommand root, String progress) {
    this.context = context;
    this.root = root;
    this.progress = progress;
  }

  /**
   * Runs {@code work} and tells its failure, if it fails.
   *
   * @return the exit status
   * @throws ConfigException if not even the way to tell is known
   */
  int execute(Work work) throws ConfigException {
    LibraryLog.level(root.logLevel);
    ProgressMode mode = SpecReader.progress(progress, root.verbose);
    try (Renderer renderer =
        Renderer.of(mode, context.err(), context.environment().terminal(), root.verbose)) {
      try {
        return work.run(renderer);
      } catch (ConfigException | IOException | InterruptedException | RuntimeException e) {
        return tell(e, renderer);
      }
    }
  }

  private int tell(Exception thrown, Renderer renderer) {
    if (thrown instanceof InterruptedException) {
      Thread.currentThread().interrupt();
    }
    Failure failure = Failure.of(thrown);
    renderer.failed(failure.status(), failure.problem(), failure.hint());
    if (root.stacktrace || failure.isBug()) {
      thrown.printStackTrace(context.err());
      context.err().flush();
    }
    return failure.status();
  }

  /** The path that {@code option} names. */
  static Path path(String option, String text) throws ConfigException {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new ConfigException(option, "is not a path: " + e.getReason());
    }
  }

  /** Prints results; a reader that went away wants no more of them. */
  static void print(PrintWriter out, List<String> lines) {
    lines.forEach(out::println);
    out.flush();
  }

  /** What a command does; the result is its exit status. */
  @FunctionalInterface
  interface Work {
    int run(Renderer renderer) throws IOException, ConfigException, InterruptedException;
  }
}
