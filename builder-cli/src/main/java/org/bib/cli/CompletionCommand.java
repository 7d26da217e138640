package org.bib.cli;

import java.util.List;
import java.util.concurrent.Callable;
import org.bib.failure.ConfigException;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code bib completion SHELL}. */
@Command(
    name = "completion",
    description = "Prints a completion script, to be sourced by the shell.",
    footer = {
      "  In this bash, or in ~/.bashrc:",
      "    source <(bib completion bash)",
      "  For all of a user's fish:",
      "    bib completion fish >~/.config/fish/completions/bib.fish"
    })
final class CompletionCommand implements Callable<Integer> {
  private static final List<String> SHELLS = List.of("bash", "zsh", "fish");
  private final CommandContext context;

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "SHELL",
      completionCandidates = Completions.Shells.class,
      description = "${COMPLETION-CANDIDATES}")
  private String shell;

  CompletionCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws ConfigException {
    if (!SHELLS.contains(shell)) {
      throw new ConfigException(
          "SHELL", "\"" + shell + "\" has no completion; valid are " + String.join(", ", SHELLS));
    }
    CommandLine root = spec.root().commandLine();
    String script =
        shell.equals("fish") ? FishCompletion.script(root) : AutoComplete.bash("bib", root);
    Run.print(context.out(), List.of(script));
    return ExitStatus.OK;
  }
}
