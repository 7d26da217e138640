package org.bib.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code bib version}. */
@Command(
    name = "version",
    description = "Tells the version, its revision and the Java it runs on.",
    footer = {"  For a report:", "    bib version"})
final class VersionCommand implements Callable<Integer> {
  private final CommandContext context;

  VersionCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    Run.print(context.out(), Version.current().lines());
    return ExitStatus.OK;
  }
}
