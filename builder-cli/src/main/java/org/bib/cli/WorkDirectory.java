package org.bib.cli;

import java.nio.file.Path;
import org.bib.failure.ConfigException;
import picocli.CommandLine.Option;

/** Where a command that leaves nothing puts what it needs meanwhile. */
@InSection(Section.OUTPUT)
final class WorkDirectory {
  @Option(
      names = "--output",
      paramLabel = "DIR",
      defaultValue = ".",
      description = "Directory for the image's contents meanwhile (default: the current one).")
  private String output = ".";

  Path path() throws ConfigException {
    return Run.path("--output", output);
  }
}
