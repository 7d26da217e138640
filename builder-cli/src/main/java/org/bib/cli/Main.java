package org.bib.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.bib.build.BuildSpec;
import org.bib.build.ImageBuild;
import org.bib.build.ImageSpec;
import org.bib.build.VerifyReport;
import org.bib.build.VerifySpec;
import org.bib.config.EmbeddedFiles;
import org.bib.failure.ConfigException;
import org.bib.inspect.DiskDocument;
import org.bib.inspect.Document;
import org.bib.lint.LintReport;
import org.bib.progress.BuildListener;
import org.bib.report.Text;
import picocli.CommandLine;

/** The entry of the program. */
public final class Main {
  /** The names of all commands. */
  static final List<String> COMMANDS =
      List.of(
          "build",
          "manifest",
          "lint",
          "inspect",
          "verify",
          "cache",
          "version",
          "completion",
          "help");

  private Main() {}

  /** Runs the command that {@code arguments} name and exits with its status. */
  public static void main(String[] arguments) {
    ResultStream results = new ResultStream(new FileOutputStream(FileDescriptor.out));
    PrintWriter out = writer(results);
    PrintWriter err = writer(new FileOutputStream(FileDescriptor.err));
    Interruption interruption = new Interruption(Thread.currentThread());
    interruption.install();
    int status = ExitStatus.BUG;
    try {
      status = run(arguments, builder(interruption), Environment.ofProcess(), out, err);
      if (results.failure().isPresent() && status == ExitStatus.OK) {
        err.println("error: standard output: " + Text.line(results.failure().get()));
        err.flush();
        status = ExitStatus.FAILED;
      }
    } finally {
      interruption.workEnded();
    }
    System.exit(status);
  }

  /** The flow behind the commands; a build registers its workspace with the interruption. */
  private static Builder builder(Interruption interruption) {
    return new FlowBuilder(interruption);
  }

  /**
   * Runs one command.
   *
   * @return its exit status
   */
  public static int run(
      String[] arguments,
      Builder builder,
      Environment environment,
      PrintWriter out,
      PrintWriter err) {
    CommandContext context = new CommandContext(builder, environment, out, err);
    List<String> normal = Arguments.normalize(Arrays.asList(arguments));
    try {
      CommandLine line = commandLine(context);
      if (isVersion(normal)) {
        return line.execute("version");
      }
      return line.execute(normal.toArray(String[]::new));
    } catch (RuntimeException | Error e) {
      return tell(e, err, true);
    } finally {
      out.flush();
      err.flush();
    }
  }

  private static int tell(Throwable thrown, PrintWriter err, boolean stacktrace) {
    Failure failure = Failure.of(thrown);
    err.println("error: " + Text.line(failure.problem()));
    failure.hint().ifPresent(hint -> err.println("hint: " + Text.line(hint)));
    if (stacktrace || failure.isBug()) {
      thrown.printStackTrace(err);
    }
    return failure.status();
  }

  private static boolean isVersion(List<String> arguments) {
    return !COMMANDS.contains(arguments.get(0))
        && (arguments.contains("--version") || arguments.contains("-V"));
  }

  /** All commands and their options. */
  static CommandLine commandLine(CommandContext context) {
    RootCommand root = new RootCommand();
    CommandLine line =
        new CommandLine(root)
            .addSubcommand(new BuildCommand(context))
            .addSubcommand(new ManifestCommand(context))
            .addSubcommand(new LintCommand(context))
            .addSubcommand(new InspectCommand(context))
            .addSubcommand(VerifyCommand.of(context))
            .addSubcommand(new CacheCommand(context))
            .addSubcommand(new VersionCommand(context))
            .addSubcommand(new CompletionCommand(context))
            .addSubcommand(new HelpCommand(context));
    line.setOut(context.out())
        .setErr(context.err())
        .setExpandAtFiles(false)
        .setHelpFactory(new HelpSections())
        .setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF))
        .setParameterExceptionHandler(new ParameterFailure())
        .setExecutionExceptionHandler(
            (thrown, command, parsed) -> tell(thrown, context.err(), root.stacktrace));
    return line;
  }

  /** UTF-8 whatever the locale, as names in images are. */
  private static PrintWriter writer(OutputStream stream) {
    return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), false);
  }

  /** Hands a build over to the flow, which deletes its workspace when the process is to end. */
  private record FlowBuilder(Interruption interruption) implements Builder {
    @Override
    public List<Path> build(BuildSpec spec, BuildListener listener)
        throws IOException, ConfigException, InterruptedException {
      return ImageBuild.run(spec, new EmbeddedFiles(), listener, this::register);
    }

    @Override
    public String manifest(BuildSpec spec, BuildListener listener)
        throws IOException, ConfigException, InterruptedException {
      return ImageBuild.manifest(spec, new EmbeddedFiles(), listener, this::register);
    }

    @Override
    public LintReport lint(ImageSpec spec, BuildListener listener)
        throws IOException, ConfigException, InterruptedException {
      return ImageBuild.lint(spec, listener, this::register);
    }

    @Override
    public Document inspect(ImageSpec spec, BuildListener listener)
        throws IOException, ConfigException, InterruptedException {
      return ImageBuild.inspect(spec, listener, this::register);
    }

    @Override
    public Document inspect(Path disk) throws IOException {
      return DiskDocument.of(disk);
    }

    @Override
    public VerifyReport verify(VerifySpec spec, BuildListener listener)
        throws IOException, ConfigException, InterruptedException {
      return ImageBuild.verify(spec, new EmbeddedFiles(), listener, this::register);
    }

    private ImageBuild.Shutdown.Registration register(Runnable cleanup) {
      return interruption.onShutdown(cleanup)::close;
    }
  }
}
