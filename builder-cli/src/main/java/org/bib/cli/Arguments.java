package org.bib.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What is done to the arguments before they are parsed, for the sake of the peer's users. */
final class Arguments {
  private static final Set<String> ROOT_ONLY = Set.of("-h", "--help", "-V", "--version");
  private static final Set<String> ROOT_FLAGS = Set.of("-v", "--verbose", "--stacktrace");
  private static final String ROOT_VALUE = "--log-level";

  /** Options that take {@code =true} or {@code =false}, and mean true alone. */
  private static final Set<String> TRUTHS = Set.of("--tls-verify", "--local", "--use-librepo");

  private Arguments() {}

  /** Makes {@code build} the command if none is named, and gives lone truths their value. */
  static List<String> normalize(List<String> arguments) {
    List<String> normal = new ArrayList<>();
    for (String argument : arguments) {
      normal.add(TRUTHS.contains(argument) ? argument + "=true" : argument);
    }
    if (needsCommand(normal)) {
      normal.add(0, "build");
    }
    return normal;
  }

  private static boolean needsCommand(List<String> arguments) {
    for (int i = 0; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      if (ROOT_ONLY.contains(argument)) {
        return false;
      }
      if (argument.equals(ROOT_VALUE)) {
        i++;
      } else if (!ROOT_FLAGS.contains(argument) && !argument.startsWith(ROOT_VALUE + "=")) {
        return !Main.COMMANDS.contains(argument);
      }
    }
    return true;
  }
}
