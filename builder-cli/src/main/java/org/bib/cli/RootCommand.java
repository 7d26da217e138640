package org.bib.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The options that every command has. */
@Command(
    name = "bib",
    description = "Turns an OCI bootable container into disks that boot, as an ordinary user.",
    customSynopsis = {"bib [build] [OPTIONS] IMAGE", "       bib COMMAND [OPTIONS]"},
    footer = {
      "  The options of a build, the command that is meant if none is named:",
      "    bib build --help",
      "  A qcow2 disk in the current directory:",
      "    bib --type qcow2 quay.io/x/os:1"
    })
@InSection(Section.GENERAL)
final class RootCommand implements Runnable {
  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "Tell details; plain lines instead of bars.")
  boolean verbose;

  @Option(
      names = "--log-level",
      paramLabel = "LEVEL",
      defaultValue = "",
      scope = ScopeType.INHERIT,
      description = "Log of the libraries on standard error: debug, info or error.")
  String logLevel = "";

  @Option(
      names = "--stacktrace",
      scope = ScopeType.INHERIT,
      description = "Show where in the program a failure came from.")
  boolean stacktrace;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Tell the usage of a command.")
  boolean help;

  @Option(
      names = {"-V", "--version"},
      description = "Tell the version.")
  boolean version;

  @Override
  public void run() {
    // Arguments without a command become those of build before they are parsed.
  }
}
