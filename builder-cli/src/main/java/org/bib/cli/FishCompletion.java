package org.bib.cli;

import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** A completion script for fish, which picocli does not write; see fish's complete(1). */
final class FishCompletion {
  private FishCompletion() {}

  static String script(CommandLine root) {
    StringBuilder script = new StringBuilder("complete -c bib -e\n");
    for (Map.Entry<String, CommandLine> command : root.getSubcommands().entrySet()) {
      String description =
          String.join(" ", command.getValue().getCommandSpec().usageMessage().description());
      script.append(
          "complete -c bib -n __fish_use_subcommand -a "
              + command.getKey()
              + " -d "
              + quote(description)
              + "\n");
      for (OptionSpec option : command.getValue().getCommandSpec().options()) {
        if (!option.hidden()) {
          append(script, command.getKey(), option);
        }
      }
    }
    return script.toString();
  }

  private static void append(StringBuilder script, String command, OptionSpec option) {
    script.append("complete -c bib -n '__fish_seen_subcommand_from " + command + "'");
    for (String name : option.names()) {
      script.append(
          name.startsWith("--") ? " -l " + name.substring(2) : " -s " + name.substring(1));
    }
    if (option.arity().max() > 0) {
      script.append(" -r");
      if (option.completionCandidates() != null) {
        script.append(" -f -a " + quote(String.join(" ", option.completionCandidates())));
      }
    }
    script.append(" -d " + quote(String.join(" ", option.description())) + "\n");
  }

  private static String quote(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }
}
