package org.bib.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.bib.build.BuildSpec;
import org.bib.build.VerifyReport;
import org.bib.build.VerifySpec;
import org.bib.config.Configuration;
import org.bib.failure.ConfigException;
import org.bib.inspect.Differences;
import org.bib.report.Renderer;
import org.bib.report.Text;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code bib verify}. */
@Command(
    name = "verify",
    description = {
      "Proves that a disk (raw or qcow2) is what it was built of.",
      "",
      "Every object and file of the deployment is compared with the commit, kernel and boot loaders",
      "with the deployment; with --image all of that with the image, with --config every byte of the",
      "filesystems' files with what the build writes. A line \"differs: ...\" for each difference,",
      "\"added: ...\" for what is not from the image; contents are never told."
    },
    exitCodeList = {
      "0:Proved.",
      "1:Differences, a damaged disk, or bib failed.",
      "2:Wrong command line or configuration.",
      "70:A bug of bib.",
      "130, 143:Stopped by SIGINT, by SIGTERM."
    },
    footer = {
      "  That the deployment is what its commit says:",
      "    bib verify disks/qcow2/disk.qcow2",
      "  That the whole disk is what this image and this configuration give:",
      "    bib verify --image quay.io/x/os:1 --config config.toml disk.raw"
    })
final class VerifyCommand implements Callable<Integer> {
  /** Options of a build that decide nothing of what is on a disk. */
  private static final Set<String> OF_NO_USE =
      Set.of("--type", "--qcow2-compression", "--no-checksum");

  private final CommandContext context;
  @ParentCommand private RootCommand root = new RootCommand();

  @Option(
      names = "--image",
      paramLabel = "REF",
      description = "The image that the disk was built of, to compare it with.")
  private @Nullable String image;

  @Mixin private ImageOptions options = new ImageOptions();

  @Mixin private WorkDirectory directory = new WorkDirectory();

  private VerifyCommand(CommandContext context) {
    this.context = context;
  }

  /** The command, with those options of a build that count here. */
  static CommandLine of(CommandContext context) {
    CommandLine line = new CommandLine(new VerifyCommand(context));
    CommandSpec spec = line.getCommandSpec();
    for (PositionalParamSpec parameter : List.copyOf(spec.positionalParameters())) {
      spec.remove(parameter);
      spec.add(
          PositionalParamSpec.builder(parameter)
              .paramLabel("DISK")
              .description("A disk in a file, raw or qcow2.")
              .build());
    }
    for (OptionSpec option : List.copyOf(spec.options())) {
      if (OF_NO_USE.contains(option.longestName())) {
        spec.remove(option);
        spec.add(OptionSpec.builder(option).hidden(true).build());
      }
    }
    return line;
  }

  @Override
  public Integer call() throws ConfigException {
    return new Run(context, root, options.source.progress).execute(this::run);
  }

  private int run(Renderer renderer) throws IOException, ConfigException, InterruptedException {
    if (options.source.images.size() != 1) {
      throw new ConfigException("DISK", "name one disk, raw or qcow2");
    }
    if (image == null && options.config != null) {
      throw new ConfigException("--config", "needs --image, which it configured");
    }
    String disk = options.source.images.get(0);
    Optional<BuildSpec> asked = Optional.empty();
    boolean configured = false;
    if (image != null) {
      options.source.images = new ArrayList<>(List.of(image));
      BuildSpec spec =
          SpecReader.of(options, context.environment(), renderer).read(directory.path());
      configured =
          options.config != null || !spec.configDigest().equals(Configuration.EMPTY.digest());
      asked = Optional.of(spec);
    }
    int threads = new SourceReader(options.source, context.environment()).threads();
    VerifyReport report =
        context
            .builder()
            .verify(new VerifySpec(Run.path("DISK", disk), asked, configured, threads), renderer);
    List<String> lines = new ArrayList<>();
    add(lines, "differs: ", report.differences());
    add(lines, "added: ", report.additions());
    lines.add(
        report.differences().count()
            + " differences from "
            + report.proof().words()
            + ", "
            + report.additions().count()
            + " additions");
    Run.print(context.out(), lines);
    return report.differences().count() == 0 ? ExitStatus.OK : ExitStatus.FAILED;
  }

  private static void add(List<String> lines, String word, Differences differences) {
    differences.lines().forEach(line -> lines.add(word + Text.line(line)));
    long more = differences.count() - differences.lines().size();
    if (more > 0) {
      lines.add(word + more + " more");
    }
  }
}
