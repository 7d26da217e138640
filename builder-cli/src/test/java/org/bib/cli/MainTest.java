package org.bib.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.bib.build.BuildSpec;
import org.bib.build.ImageSpec;
import org.bib.build.ImageType;
import org.bib.build.VerifyReport;
import org.bib.build.VerifySpec;
import org.bib.config.Configuration;
import org.bib.disk.ByteSize;
import org.bib.failure.BuildException;
import org.bib.failure.ConfigException;
import org.bib.inspect.Differences;
import org.bib.inspect.Document;
import org.bib.layout.Architecture;
import org.bib.layout.FilesystemType;
import org.bib.lint.Finding;
import org.bib.lint.LintReport;
import org.bib.oci.RegistryLimits;
import org.bib.oci.SourceOptions;
import org.bib.progress.BuildEvent;
import org.bib.progress.BuildListener;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {
  @TempDir Path root;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final Map<String, String> variables = new HashMap<>();
  private final RecordingBuilder builder = new RecordingBuilder();
  private InputStream in = InputStream.nullInputStream();

  private int bib(String... arguments) {
    return Main.run(
        arguments,
        builder,
        new Environment(variables, root, in, false),
        new PrintWriter(out),
        new PrintWriter(err));
  }

  private BuildSpec built(String... arguments) {
    assertThat(bib(arguments)).as(err.toString()).isZero();
    return builder.specs.get(0);
  }

  @Test
  void withoutACommandItBuilds() {
    BuildSpec spec = built("quay.io/x/os:1");
    assertThat(spec.image()).isEqualTo("quay.io/x/os:1");
    assertThat(spec.types()).containsExactly(ImageType.QCOW2);
    assertThat(spec.output()).isEqualTo(Path.of("."));
    assertThat(spec.source().tlsVerify()).isEmpty();
    assertThat(spec.kernel().defaults()).isTrue();
    assertThat(spec.configDigest()).isEqualTo(Configuration.EMPTY.digest());
    assertThat(spec.threads()).isPositive();
    assertThat(spec.compression()).isEqualTo(BuildSpec.Compression.ZLIB);
    assertThat(spec.checksum()).isTrue();
  }

  @Test
  void resultsGoToStandardOutputAndTheRestToStandardError() {
    assertThat(bib("build", "--output", "o", "i")).isZero();
    assertThat(out.toString()).isEqualTo("o/qcow2/disk.qcow2\n");
    assertThat(err.toString()).isEqualTo("Reading\nBuild complete\n");
  }

  @Test
  void everyOptionReachesTheSpecification() throws Exception {
    Path auth = Files.createFile(root.resolve("auth.json"));
    Path certs = Files.createDirectory(root.resolve("certs"));
    variables.put("SOURCE_DATE_EPOCH", "1700000000");
    BuildSpec spec =
        built(
            "--type=raw",
            "--type",
            "qcow2",
            "--type=raw",
            "--rootfs=ext4",
            "--target-arch=aarch64",
            "--disk-size",
            "20 GiB",
            "--target-imgref=quay.io/y",
            "--authfile=" + auth,
            "--tls-verify=false",
            "--cert-dir=" + certs,
            "--no-default-kernel-args",
            "--seed=7",
            "--qcow2-compression=zstd",
            "--no-checksum",
            "--threads=3",
            "oci:dir");
    assertThat(spec.types()).containsExactly(ImageType.RAW, ImageType.QCOW2);
    assertThat(spec.disk().rootfs()).contains(FilesystemType.EXT4);
    assertThat(spec.disk().size().exact()).contains(ByteSize.gibibytes(20));
    assertThat(spec.source().architecture()).isEqualTo(Architecture.ARM64);
    assertThat(spec.source().authfile()).contains(auth);
    assertThat(spec.source().certDir()).contains(certs);
    assertThat(spec.source().tlsVerify()).contains(false);
    assertThat(spec.targetImgref()).contains("quay.io/y");
    assertThat(spec.kernel().defaults()).isFalse();
    assertThat(spec.seed()).contains("7");
    assertThat(spec.sourceDateEpoch()).hasValue(1700000000);
    assertThat(spec.compression()).isEqualTo(BuildSpec.Compression.ZSTD);
    assertThat(spec.checksum()).isFalse();
    assertThat(spec.threads()).isEqualTo(3);
  }

  @Test
  void aLoneTlsVerifyDoesNotSwallowTheImage() {
    assertThat(built("--tls-verify", "oci:dir").image()).isEqualTo("oci:dir");
  }

  @Test
  void localIsThePeersWordForPodmansStore() {
    assertThat(built("--local", "quay.io/x/os").image())
        .isEqualTo("containers-storage:quay.io/x/os");
  }

  @Test
  void localMayBeSaidTwice() {
    assertThat(built("--local=true", "containers-storage:os").image())
        .isEqualTo("containers-storage:os");
  }

  @Test
  void notLocalIsAnErrorAsWithThePeer() {
    assertThat(bib("--local=false", "quay.io/x/os")).isEqualTo(2);
    assertThat(err.toString())
        .endsWith(
            "error: --local=false: remove it: an image without a transport comes from its registry\n");
  }

  @Test
  void flagsOfThePeerWithoutEffectAreTold() {
    assertThat(bib("--store", "/s", "--rpmmd=/r", "--use-librepo=true", "--in-vm", "i")).isZero();
    assertThat(err.toString())
        .contains("warning: --store has no effect: layers are kept in ~/.cache/bib\n")
        .contains("warning: --in-vm has no effect: ");
  }

  @Test
  void configurationIsFoundWhereThePeerLooks() throws Exception {
    Files.writeString(root.resolve("config.toml"), "customizations.kernel.append = 'quiet'");
    assertThat(built("i").kernel().append()).containsExactly("quiet");
    Files.writeString(root.resolve("config.json"), "{}");
    assertThat(bib("i")).isEqualTo(2);
    assertThat(err.toString())
        .contains("config.json: found both, but only one is read; choose with --config\n");
  }

  @Test
  void aGivenConfigurationIsTheOnlyOne() throws Exception {
    Files.writeString(root.resolve("config.toml"), "nonsense");
    Path given = Files.writeString(root.resolve("c.json"), "{}");
    assertThat(built("--config", given.toString(), "i").kernel().append()).isEmpty();
  }

  @Test
  void configurationComesFromStandardInputAsJson() {
    in =
        new ByteArrayInputStream(
            "{\"customizations\":{\"hostname\":\"h\"}}".getBytes(StandardCharsets.UTF_8));
    assertThat(built("--config", "-", "i").customizations().hostname()).contains("h");
  }

  @Test
  void everyProblemOfAConfigurationIsInTheOneLine() throws Exception {
    Path given = Files.writeString(root.resolve("c.toml"), "x = 1\ny = 2\n");
    assertThat(bib("--config", given.toString(), "i")).isEqualTo(2);
    assertThat(err.toString())
        .isEqualTo("error: " + given + ": x: unknown key; also y: unknown key\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "--tpye raw i | unknown option --tpye, did you mean \"--type\"?",
        "--frob i | unknown option --frob",
        "--type bad i | --type: \"bad\" is not a type of image; valid are qcow2, raw, ami",
        "--type vmdk i | --type: \"vmdk\" is not made by this version, which makes qcow2, raw, ami",
        "--rootfs xfs i | --rootfs: \"xfs\" is not made by this version, which makes ext4",
        "--rootfs ext5 i | --rootfs: \"ext5\" is not a root filesystem, did you mean \"ext4\";"
            + " valid are ext4",
        "--target-arch vax i | --target-arch: \"vax\" is not an architecture; choose amd64"
            + " (x86_64), arm64 (aarch64)",
        "--target-arch s390x i | --target-arch: \"s390x\" is not made by this version, which makes"
            + " amd64 (x86_64), arm64 (aarch64)",
        "--config none.toml i | none.toml: no such file",
        "--disk-size 1x i | --disk-size: \"1x\" is not a size; write bytes or a number and a unit,"
            + " such as 10 GiB, or minimal",
        "--disk-size 0 i | --disk-size: must be greater than 0",
        "--authfile none i | --authfile: none: no such file",
        "--cert-dir none i | --cert-dir: none: no such directory",
        "--tls-verify=maybe i | --tls-verify: \"maybe\" is neither true nor false",
        "--threads 0 i | --threads: \"0\" is not a number from 1 to 1024",
        "--progress bars i | --progress: \"bars\" is not a way to tell; valid are auto, term,"
            + " verbose, debug, json",
        "--log-level loud i | --log-level: \"loud\" is not a level; valid are debug, info, error",
        "--chown me i | --chown: \"me\" is not UID or UID:GID in numbers",
        "--qcow2-compression lzma i | --qcow2-compression: \"lzma\" is not a compression; valid are zlib, zstd",
        "--installer-payload-ref x i | --installer-payload-ref: installers are not made by this"
            + " version",
        "--type | a value is missing: TYPE of --type",
        "lint --type raw i | unknown option --type",
        "lint | IMAGE: is missing; name one, such as quay.io/fedora/fedora-bootc:44",
        "lint --cache-size x i | --cache-size: \"x\" is not a size; write bytes or a number and a"
            + " unit, such as 10 GiB",
        "cache | bib cache: what is missing; choose ls, prune or verify",
        "cache list | unexpected argument \"list\"",
        "cache prune --all --cache-size 1 | --all: leaves nothing; give it or --cache-size",
        "cache prune --cache-size x | --cache-size: \"x\" is not a size; write bytes or a number and"
            + " a unit, such as 10 GiB",
        "lint --threads x i | --threads: \"x\" is not a number from 1 to 1024",
        "buidl i | IMAGE: takes one, not buidl i; did you mean the command \"build\"?",
        "completion ksh | SHELL: \"ksh\" has no completion; valid are bash, zsh, fish",
        "help bild | COMMAND: \"bild\" is none, did you mean \"build\"?",
      })
  void aWrongCommandLineIsOneLineAndStatusTwo(String arguments, String expected) {
    assertThat(bib(arguments.strip().split(" "))).isEqualTo(2);
    assertThat(err.toString().lines().findFirst()).contains("error: " + expected.strip());
    assertThat(err.toString().lines().filter(line -> !line.startsWith("hint: "))).hasSize(1);
    assertThat(out.toString()).isEmpty();
    assertThat(builder.specs).isEmpty();
  }

  @Test
  void withoutAnImageItTellsWhatIsMissing() {
    assertThat(bib()).isEqualTo(2);
    assertThat(err.toString()).startsWith("error: IMAGE: is missing; ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "x", "1.5", "99999999999", "１"})
  void aWrongSourceDateEpochIsRefused(String value) {
    variables.put("SOURCE_DATE_EPOCH", value);
    assertThat(bib("i")).isEqualTo(2);
    assertThat(err.toString())
        .isEqualTo(
            "error: SOURCE_DATE_EPOCH: \""
                + value
                + "\" is not a number of seconds from 0 to 4294967295\n");
  }

  @Test
  void aFailureOfTheWorldIsOneLineAndStatusOne() {
    builder.failure = new BuildException("layer x: truncated", "pull again");
    assertThat(bib("i")).isEqualTo(1);
    assertThat(err.toString()).isEqualTo("Reading\nerror: layer x: truncated\nhint: pull again\n");
  }

  @Test
  void libraryFailuresAreToldWithoutClassNames() {
    builder.failure =
        new IOException("reading the image", new UnknownHostException("registry.example"));
    assertThat(bib("i")).isEqualTo(1);
    assertThat(err.toString())
        .endsWith("error: reading the image: unknown host registry.example\n");
    builder.failure =
        new IOException("reading", new BuildException("x: no", "do", new IOException("deeper")));
    assertThat(bib("i")).isEqualTo(1);
    assertThat(err.toString()).endsWith("error: reading: x: no\nhint: do\n");
    builder.failure = new UncheckedIOException(new NoSuchFileException("/x"));
    assertThat(bib("i")).isEqualTo(1);
    assertThat(err.toString()).endsWith("error: /x: no such file or directory\n");
  }

  @Test
  void aBugTellsTraceAndVersionAndStatusSeventy() {
    builder.failure = new IllegalStateException("lba 7");
    assertThat(bib("i")).isEqualTo(70);
    assertThat(err.toString())
        .contains("error: this is a bug, please report it: ")
        .contains("lba 7 in bib ")
        .contains("\tat org.bib.cli.MainTest");
  }

  @Test
  void stackTracesAreShownOnRequest() {
    builder.failure = new BuildException("p", "r");
    assertThat(bib("i")).isEqualTo(1);
    assertThat(err.toString()).doesNotContain("\tat ");
    assertThat(bib("--stacktrace", "i")).isEqualTo(1);
    assertThat(err.toString()).contains("\tat ");
  }

  @Test
  void whatAnInterruptBrokeIsAnInterruption() {
    builder.failure = new IOException("writing", new ClosedByInterruptException());
    assertThat(bib("i")).isEqualTo(130);
    assertThat(err.toString()).endsWith("error: interrupted\n");
  }

  @Test
  void anInterruptedBuildHasTheStatusOfTheSignal() {
    builder.failure = new InterruptedException();
    assertThat(bib("i")).isEqualTo(130);
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void manifestAndDryRunPrintThePlan() {
    assertThat(bib("manifest", "i")).isZero();
    assertThat(bib("--dry-run", "i")).isZero();
    assertThat(out.toString()).isEqualTo("{}\n{}\n");
  }

  @Test
  void verifyTakesADiskAndWhatItWasBuiltOf() throws Exception {
    assertThat(bib("verify", "disk.raw")).as(err.toString()).isZero();
    assertThat(out.toString()).isEqualTo("0 differences from its own commits, 0 additions\n");
    assertThat(builder.verifySpecs.get(0).image()).isEmpty();
    assertThat(bib("verify", "--image", "oci:x", "--seed", "s", "disk.raw")).isZero();
    VerifySpec spec = builder.verifySpecs.get(1);
    assertThat(spec.disk()).isEqualTo(Path.of("disk.raw"));
    assertThat(spec.configured()).isFalse();
    assertThat(spec.image().orElseThrow().image()).isEqualTo("oci:x");
    assertThat(spec.image().orElseThrow().seed()).contains("s");
    Path config = Files.writeString(root.resolve("c.toml"), "[customizations]\nhostname = 'h'\n");
    assertThat(bib("verify", "--image", "i", "--config", config.toString(), "d")).isZero();
    assertThat(builder.verifySpecs.get(2).configured()).isTrue();
    assertThat(bib("verify", "--help")).isZero();
    assertThat(out.toString()).contains("DISK", "--image=REF").doesNotContain("--no-checksum");
  }

  @Test
  void lintPrintsFatalFindingsFirstAndCountsThem() {
    builder.report =
        new LintReport(
            List.of(
                new Finding(Finding.Severity.WARNING, "var-log", "/var/log/\u202ea"),
                new Finding(Finding.Severity.FATAL, "kernel", "none")));
    assertThat(bib("lint", "i")).isEqualTo(1);
    assertThat(out.toString())
        .isEqualTo("fatal: kernel: none\nwarning: var-log: /var/log/?a\n1 fatal, 1 warning\n");
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void lintWithoutFatalFindingsSucceeds() throws Exception {
    Path auth = Files.createFile(root.resolve("auth.json"));
    assertThat(
            bib(
                "lint",
                "--authfile=" + auth,
                "--target-arch=arm64",
                "--tls-verify=false",
                "--no-cache",
                "--threads=2",
                "--output=o",
                "oci:dir"))
        .as(err.toString())
        .isZero();
    assertThat(out.toString()).isEqualTo("0 fatal, 0 warnings\n");
    assertThat(builder.lintSpecs)
        .containsExactly(
            new ImageSpec(
                "oci:dir",
                new SourceOptions(Architecture.ARM64, Optional.of(auth), false, Optional.empty()),
                Path.of("o"),
                2));
  }

  @Test
  void patienceWithRegistriesAndPolicyAreTheUsers() throws Exception {
    Path policy = Files.createFile(root.resolve("policy.json"));
    assertThat(
            bib(
                "lint",
                "--no-cache",
                "--policy=" + policy,
                "--connect-timeout=3",
                "--read-timeout=120",
                "--retry=0",
                "--target-arch=arm64",
                "--threads=2",
                "--output=o",
                "oci:dir"))
        .as(err.toString())
        .isZero();
    assertThat(builder.lintSpecs)
        .containsExactly(
            new ImageSpec(
                "oci:dir",
                new SourceOptions(
                    Architecture.ARM64,
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    new RegistryLimits(
                        Optional.of(Duration.ofSeconds(3)),
                        Optional.of(Duration.ofMinutes(2)),
                        OptionalInt.of(0)),
                    Optional.of(policy),
                    Optional.empty()),
                Path.of("o"),
                2));
    for (String wrong :
        List.of("--connect-timeout=0", "--read-timeout=1.5", "--retry=x", "--policy=/none")) {
      assertThat(bib("lint", wrong, "oci:dir")).as(wrong).isEqualTo(2);
    }
  }

  @Test
  void versionTellsNameVersionRevisionAndJava() {
    assertThat(bib("version")).isZero();
    String version = out.toString();
    assertThat(version).matches("(?s)bib \\d+\\.\\d+.*\nrevision: .*\njava: 1?\\d.*\nos: .*");
    out.getBuffer().setLength(0);
    assertThat(bib("--version")).isZero();
    assertThat(out.toString()).isEqualTo(version);
  }

  @Test
  void helpIsAResult() {
    assertThat(bib("--help")).isZero();
    assertThat(bib("build", "--help")).isZero();
    assertThat(bib("help", "manifest")).isZero();
    assertThat(bib("help", "lint")).isZero();
    assertThat(out.toString())
        .contains("Commands:")
        .contains("--disk-size=SIZE")
        .contains("Usage: bib manifest")
        .contains("Usage: bib lint")
        .doesNotContain("--rpmmd");
    assertThat(err.toString()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"bash,bash", "zsh,bash"})
  void completionScriptsAreValid(String shell, String checker)
      throws IOException, InterruptedException {
    assertThat(bib("completion", shell)).isZero();
    Path script = Files.writeString(root.resolve("completion"), out.toString());
    Process process =
        new ProcessBuilder(checker, "-n", script.toString()).redirectErrorStream(true).start();
    assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .isEmpty();
    assertThat(process.waitFor()).isZero();
    assertThat(out.toString()).contains("--disk-size").contains("qcow2");
  }

  @Test
  void fishCompletionNamesCommandsAndValues() {
    assertThat(bib("completion", "fish")).isZero();
    assertThat(out.toString())
        .contains("complete -c bib -n __fish_use_subcommand -a build ")
        .contains("-n '__fish_seen_subcommand_from lint' -l target-arch -r -f -a 'amd64 arm64' ")
        .contains("-l type -r -f -a 'qcow2 raw ami' ")
        .contains("-n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'\n")
        .doesNotContain("rpmmd");
  }

  @Test
  void ownershipIsGivenToArtefactsAndTheirDirectories() throws Exception {
    Object uid = Files.getAttribute(root, "unix:uid");
    Object gid = Files.getAttribute(root, "unix:gid");
    Path output = root.resolve("o");
    Path artefact = output.resolve("qcow2/disk.qcow2");
    Files.createDirectories(artefact.getParent());
    Files.createFile(artefact);
    assertThat(bib("--chown", uid + ":" + gid, "--output", output.toString(), "i"))
        .as(err.toString())
        .isZero();
    try (var left = Files.list(output)) {
      assertThat(left).containsExactly(output.resolve("qcow2"));
    }
  }

  @Test
  void aSignalInterruptsTheWorkAndRunsWhatIsRegistered() throws InterruptedException {
    List<String> done = new ArrayList<>();
    Thread worker =
        new Thread(
            () -> {
              try {
                Thread.sleep(60_000);
              } catch (InterruptedException e) {
                done.add("interrupted");
                Thread.currentThread().interrupt();
              }
            });
    Interruption interruption = new Interruption(worker);
    interruption.onShutdown(() -> done.add("first"));
    Interruption.Registration closed = interruption.onShutdown(() -> done.add("closed"));
    interruption.onShutdown(() -> done.add("last"));
    closed.close();
    worker.start();
    Thread ender =
        new Thread(
            () -> {
              try {
                worker.join();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              interruption.workEnded();
            });
    ender.start();
    interruption.interrupt();
    ender.join();
    assertThat(done).containsExactly("interrupted", "last", "first");
    assertThat(interruption.interrupted()).isTrue();
  }

  /** Remembers what it was asked for. */
  private static final class RecordingBuilder implements Builder {
    @Override
    public Document inspect(ImageSpec spec, BuildListener listener) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Document inspect(Path disk) {
      throw new UnsupportedOperationException();
    }

    @Override
    public VerifyReport verify(VerifySpec spec, BuildListener listener) {
      verifySpecs.add(spec);
      return new VerifyReport(VerifyReport.Proof.DISK, new Differences(), new Differences());
    }

    final List<VerifySpec> verifySpecs = new ArrayList<>();

    private final List<BuildSpec> specs = new ArrayList<>();
    private final List<ImageSpec> lintSpecs = new ArrayList<>();
    private LintReport report = new LintReport(List.of());
    private @Nullable Exception failure;

    @Override
    public List<Path> build(BuildSpec spec, BuildListener listener)
        throws IOException, ConfigException, InterruptedException {
      specs.add(spec);
      listener.on(new BuildEvent.StepStarted("read", "Reading"));
      fail();
      return spec.types().stream().map(type -> spec.output().resolve(type.path())).toList();
    }

    @Override
    public String manifest(BuildSpec spec, BuildListener listener) {
      specs.add(spec);
      return "{}";
    }

    @Override
    public LintReport lint(ImageSpec spec, BuildListener listener) {
      lintSpecs.add(spec);
      return report;
    }

    private void fail() throws IOException, ConfigException, InterruptedException {
      if (failure instanceof IOException e) {
        throw e;
      }
      if (failure instanceof ConfigException e) {
        throw e;
      }
      if (failure instanceof InterruptedException e) {
        throw e;
      }
      if (failure instanceof RuntimeException e) {
        throw e;
      }
    }
  }
}
