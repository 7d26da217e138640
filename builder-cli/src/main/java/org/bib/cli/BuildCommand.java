package org.bib.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.bib.build.BuildSpec;
import org.bib.failure.ConfigException;
import org.bib.report.Renderer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code bib build}. */
@Command(
    name = "build",
    description = "Builds disks from an image; the paths of what it made go to standard output.",
    footer = {
      "  A qcow2 disk of an image in a registry, with what config.toml says:",
      "    bib build --type qcow2 --config config.toml --output disks quay.io/x/os:1",
      "  Two types of disk at once, for arm64, from a layout in a directory:",
      "    bib build --type raw --type qcow2 --target-arch arm64 oci:layout:latest",
      "  A small disk of an image in a file, which follows a registry afterwards:",
      "    bib build --disk-size minimal --target-imgref quay.io/x/os oci-archive:os.tar",
      "  The plan alone:",
      "    bib build --dry-run oci:layout | jq ."
    })
@InSection(Section.OUTPUT)
final class BuildCommand implements Callable<Integer> {
  private final CommandContext context;
  @ParentCommand private RootCommand root = new RootCommand();
  @Mixin private ImageOptions options = new ImageOptions();

  @Option(
      names = "--output",
      paramLabel = "DIR",
      defaultValue = ".",
      description = "Directory for the artefacts (default: the current one).")
  private String output = ".";

  @Option(names = "--chown", paramLabel = "UID[:GID]", description = "Who is to own the artefacts.")
  private @Nullable String chown;

  @Option(
      names = "--dry-run",
      description = "Print the plan as JSON and build nothing, as bib manifest does.")
  private boolean dryRun;

  BuildCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws ConfigException {
    return new Run(context, root, options.source.progress).execute(this::run);
  }

  private int run(Renderer renderer) throws IOException, ConfigException, InterruptedException {
    SpecReader reader = SpecReader.of(options, context.environment(), renderer);
    Optional<Ownership> owner =
        chown == null ? Optional.empty() : Optional.of(Ownership.parse(chown));
    Path directory = Run.path("--output", output);
    BuildSpec spec = reader.read(directory);
    if (dryRun) {
      Run.print(context.out(), List.of(context.builder().manifest(spec, renderer)));
      return ExitStatus.OK;
    }
    if (owner.isPresent()) {
      owner.get().probe(directory);
    }
    List<Path> results = context.builder().build(spec, renderer);
    if (owner.isPresent()) {
      owner.get().apply(directory, results);
    }
    renderer.finished(results);
    Run.print(context.out(), results.stream().map(Path::toString).toList());
    return ExitStatus.OK;
  }
}
