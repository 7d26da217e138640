package org.bib.cli;

import java.util.Map;
import java.util.concurrent.Callable;
import org.bib.config.Spelling;
import org.bib.failure.ConfigException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code bib help [COMMAND]}. */
@Command(
    name = "help",
    description = "Tells the usage of a command.",
    footer = {"  The options of a build:", "    bib help build"})
final class HelpCommand implements Callable<Integer> {
  private final CommandContext context;

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "COMMAND", arity = "0..1", description = "A command, or nothing.")
  private @Nullable String command;

  HelpCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws ConfigException {
    CommandLine root = spec.root().commandLine();
    Map<String, CommandLine> commands = root.getSubcommands();
    CommandLine wanted = command == null ? root : commands.get(command);
    if (wanted == null) {
      throw new ConfigException(
          "COMMAND",
          "\""
              + command
              + "\" is none"
              + Spelling.suggestion(String.valueOf(command), commands.keySet()));
    }
    wanted.usage(context.out());
    return ExitStatus.OK;
  }
}
