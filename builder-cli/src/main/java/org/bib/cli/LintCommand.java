package org.bib.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.bib.build.ImageSpec;
import org.bib.failure.ConfigException;
import org.bib.lint.LintReport;
import org.bib.report.Renderer;
import org.bib.report.Text;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParentCommand;

/** {@code bib lint}. */
@Command(
    name = "lint",
    description = {
      "Tells what is wrong with an image and builds nothing.",
      "",
      "A finding a line, \"fatal: RULE: ...\" or \"warning: RULE: ...\", then how many there are."
    },
    exitCodeList = {
      "0:Nothing is fatal.",
      "1:What is fatal would stop a build, or bib failed.",
      "2:Wrong command line.",
      "70:A bug of bib.",
      "130, 143:Stopped by SIGINT, by SIGTERM."
    },
    footer = {"  Before an image is pushed:", "    bib lint oci:layout:latest"})
final class LintCommand implements Callable<Integer> {
  private final CommandContext context;
  @ParentCommand private RootCommand root = new RootCommand();
  @Mixin private SourceArguments arguments = new SourceArguments();

  @Mixin private WorkDirectory directory = new WorkDirectory();

  LintCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws ConfigException {
    return new Run(context, root, arguments.progress).execute(this::run);
  }

  private int run(Renderer renderer) throws IOException, ConfigException, InterruptedException {
    SourceReader reader = new SourceReader(arguments, context.environment());
    LintReport report =
        context
            .builder()
            .lint(
                new ImageSpec(reader.image(), reader.source(), directory.path(), reader.threads()),
                renderer);
    List<String> lines = new ArrayList<>();
    report.fatal().forEach(finding -> lines.add(Text.line(finding.toString())));
    report.warnings().forEach(finding -> lines.add(Text.line(finding.toString())));
    lines.add(report.fatal().size() + " fatal, " + Text.warnings(report.warnings().size()));
    Run.print(context.out(), lines);
    return report.fatal().isEmpty() ? ExitStatus.OK : ExitStatus.FAILED;
  }
}
