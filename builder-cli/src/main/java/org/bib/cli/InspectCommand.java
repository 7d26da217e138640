package org.bib.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.bib.build.ImageSpec;
import org.bib.failure.ConfigException;
import org.bib.inspect.Document;
import org.bib.report.Renderer;
import org.bib.report.Text;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code bib inspect}. */
@Command(
    name = "inspect",
    description = {
      "Tells what an image is, or what is on a disk (raw or qcow2).",
      "",
      "What is a file is taken for a disk, everything else for an image. Contents of files, such as",
      "passwords and keys, are not told, only their names."
    },
    footer = {
      "  An image in a registry:",
      "    bib inspect quay.io/x/os:1",
      "  A disk, for programs:",
      "    bib inspect --json disks/qcow2/disk.qcow2 | jq ."
    })
final class InspectCommand implements Callable<Integer> {
  private final CommandContext context;
  @ParentCommand private RootCommand root = new RootCommand();
  @Mixin private SourceArguments arguments = new SourceArguments();

  @Option(names = "--json", description = "As JSON, whose schema has a version.")
  private boolean json;

  @Mixin private WorkDirectory directory = new WorkDirectory();

  InspectCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws ConfigException {
    return new Run(context, root, arguments.progress).execute(this::run);
  }

  private int run(Renderer renderer) throws IOException, ConfigException, InterruptedException {
    SourceReader reader = new SourceReader(arguments, context.environment());
    String name = reader.image();
    Optional<Path> disk = file(name);
    Document document =
        disk.isPresent()
            ? context.builder().inspect(disk.get())
            : context
                .builder()
                .inspect(
                    new ImageSpec(name, reader.source(), directory.path(), reader.threads()),
                    renderer);
    Run.print(
        context.out(),
        json
            ? List.of(document.json())
            : document.text().stream().map(InspectCommand::line).toList());
    return ExitStatus.OK;
  }

  /** A line that keeps its indentation. */
  private static String line(String text) {
    int indent = text.length() - text.stripLeading().length();
    return " ".repeat(indent) + Text.line(text);
  }

  private static Optional<Path> file(String name) {
    try {
      Path path = Path.of(name);
      return Files.isRegularFile(path) ? Optional.of(path) : Optional.empty();
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }
}
