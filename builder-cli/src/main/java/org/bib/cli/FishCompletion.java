package org.bib.cli;

import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** A completion script for fish, which picocli does not write; see fish's complete(1). */
final class FishCompletion {
  private FishCompletion() {}

  static String script(CommandLine root) {
    StringBuilder script = new StringBuilder("complete -c bib -e\n");
    append(script, root, "__fish_use_subcommand", "__fish_seen_subcommand_from ");
    return script.toString();
  }

  /**
   * Appends the commands below {@code parent}.
   *
   * @param awaited condition under which one of them is awaited
   * @param seen condition, but for its name, under which one of them was given
   */
  private static void append(
      StringBuilder script, CommandLine parent, String awaited, String seen) {
    for (Map.Entry<String, CommandLine> command : parent.getSubcommands().entrySet()) {
      String description = command.getValue().getCommandSpec().usageMessage().description()[0];
      script.append(
          "complete -c bib -n "
              + (awaited.contains(" ") ? quote(awaited) : awaited)
              + " -a "
              + command.getKey()
              + " -d "
              + quote(description)
              + "\n");
      String given = seen + command.getKey();
      for (OptionSpec option : command.getValue().getCommandSpec().options()) {
        if (!option.hidden()) {
          append(script, given, option);
        }
      }
      for (PositionalParamSpec parameter :
          command.getValue().getCommandSpec().positionalParameters()) {
        if (parameter.completionCandidates() != null) {
          script.append("complete -c bib -n " + quote(given) + " -f -a ");
          script.append(quote(String.join(" ", parameter.completionCandidates())) + "\n");
        }
      }
      append(script, command.getValue(), given, given + "; and __fish_seen_subcommand_from ");
    }
  }

  private static void append(StringBuilder script, String given, OptionSpec option) {
    script.append("complete -c bib -n " + quote(given));
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
