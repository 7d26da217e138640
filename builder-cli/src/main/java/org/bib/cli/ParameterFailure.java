package org.bib.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bib.config.Spelling;
import org.bib.report.Text;
import picocli.CommandLine;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Tells what is wrong with a command line in one line, and where to read on in another. */
final class ParameterFailure implements IParameterExceptionHandler {

  @Override
  public int handleParseException(ParameterException failure, String[] arguments) {
    CommandLine command = failure.getCommandLine();
    command.getErr().println("error: " + Text.line(words(failure)));
    command
        .getErr()
        .println(
            "hint: \"" + command.getCommandSpec().qualifiedName() + " --help\" tells the usage");
    command.getErr().flush();
    return ExitStatus.USAGE;
  }

  private static String words(ParameterException failure) {
    if (failure instanceof UnmatchedArgumentException unmatched
        && !unmatched.getUnmatched().isEmpty()) {
      return unmatched(unmatched.getUnmatched().get(0), failure.getCommandLine());
    }
    if (failure instanceof MissingParameterException missing && !missing.getMissing().isEmpty()) {
      return "a value is missing: " + missing.getMissing().get(0).paramLabel() + label(missing);
    }
    return String.valueOf(failure.getMessage());
  }

  private static String label(MissingParameterException missing) {
    return missing.getMissing().get(0) instanceof OptionSpec option
        ? " of " + option.longestName()
        : "";
  }

  private static String unmatched(String argument, CommandLine command) {
    if (!argument.startsWith("-")) {
      return "unexpected argument \"" + argument + "\"";
    }
    String name = argument.contains("=") ? argument.substring(0, argument.indexOf('=')) : argument;
    return "unknown option " + name + Spelling.suggestion(name, options(command));
  }

  private static List<String> options(CommandLine command) {
    List<String> names = new ArrayList<>();
    command.getCommandSpec().options().stream()
        .filter(option -> !option.hidden())
        .forEach(option -> names.addAll(Arrays.asList(option.names())));
    return names;
  }
}
