package org.bib.cli;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.bib.build.BuildSpec;
import org.bib.failure.ConfigException;
import org.bib.report.Renderer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParentCommand;

/** {@code bib manifest}. */
@Command(
    name = "manifest",
    description = "Prints the plan of a build as JSON and builds nothing.",
    footer = {
      "  Which partitions a disk would have:",
      "    bib manifest quay.io/x/os:1 | jq .disk.partitions"
    })
final class ManifestCommand implements Callable<Integer> {
  private final CommandContext context;
  @ParentCommand private RootCommand root = new RootCommand();
  @Mixin private ImageOptions options = new ImageOptions();

  @Mixin private WorkDirectory directory = new WorkDirectory();

  ManifestCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws ConfigException {
    return new Run(context, root, options.source.progress).execute(this::run);
  }

  private int run(Renderer renderer) throws IOException, ConfigException, InterruptedException {
    SpecReader reader = SpecReader.of(options, context.environment(), renderer);
    BuildSpec spec = reader.read(directory.path());
    Run.print(context.out(), List.of(context.builder().manifest(spec, renderer)));
    return ExitStatus.OK;
  }
}
