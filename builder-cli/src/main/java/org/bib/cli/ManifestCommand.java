package org.bib.cli;

import java.util.List;
import java.util.concurrent.Callable;
import org.bib.failure.ConfigException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParentCommand;

/** {@code bib manifest}. */
@Command(
    name = "manifest",
    description = "Prints the plan of a build as JSON and builds nothing.",
    sortOptions = false)
final class ManifestCommand implements Callable<Integer> {
  private final CommandContext context;
  @ParentCommand private RootCommand root = new RootCommand();
  @Mixin private ImageOptions options = new ImageOptions();

  ManifestCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws ConfigException {
    return new Run(context, root, options)
        .execute(
            (reader, renderer) ->
                Run.print(
                    context.out(),
                    List.of(
                        context
                            .builder()
                            .manifest(reader.read(Run.path("--output", ".")), renderer))));
  }
}
