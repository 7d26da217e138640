package org.bib.cli;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which image, how to reach it, and how to tell of it, as typed. */
@InSection(Section.SOURCE)
final class SourceArguments {
  @Parameters(
      paramLabel = "IMAGE",
      arity = "0..*",
      hideParamSyntax = true,
      description = {
        "registry.example/name:tag or @sha256:..., oci:DIRECTORY[:TAG], oci-archive:FILE[:TAG],",
        "docker-archive:FILE[:TAG], dir:DIRECTORY, containers-storage:NAME, podman:NAME,",
        "docker-daemon:NAME"
      })
  List<String> images = new ArrayList<>();

  /** The peer's word for {@code containers-storage:}. */
  @Option(names = "--local", arity = "1", hidden = true)
  @Nullable String local;

  @Option(
      names = "--target-arch",
      paramLabel = "ARCH",
      completionCandidates = Completions.Architectures.class,
      description =
          "Architecture of the image: ${COMPLETION-CANDIDATES} (default: this machine's).")
  @Nullable String targetArch;

  @Option(
      names = "--authfile",
      paramLabel = "FILE",
      description = "Credentials of registries (default: where podman and docker keep them).")
  @Nullable String authfile;

  @Option(
      names = "--tls-verify",
      paramLabel = "BOOL",
      arity = "1",
      description =
          "Whether registries need a valid certificate (default true, but for those that"
              + " registries.conf calls insecure).")
  @Nullable String tlsVerify;

  @Option(
      names = "--cert-dir",
      paramLabel = "DIR",
      description = "Certificates for registries: *.crt, *.cert, *.key.")
  @Nullable String certDir;

  @Mixin CacheArguments cache = new CacheArguments();

  @Option(
      names = "--policy",
      paramLabel = "FILE",
      description =
          "Which signatures images need, as containers-policy.json(5) (default: the user's, else the"
              + " system's; without one every image will do).")
  @Nullable String policy;

  @Option(
      names = "--connect-timeout",
      paramLabel = "SECONDS",
      description = "How long to wait for a connection to a registry (default 10).")
  @Nullable String connectTimeout;

  @Option(
      names = "--read-timeout",
      paramLabel = "SECONDS",
      description =
          "How long a registry may send nothing (default 30 before its answer, 60 within it).")
  @Nullable String readTimeout;

  @Option(
      names = "--retry",
      paramLabel = "N",
      description = "How often to try again what may pass, in a row without progress (default 4).")
  @Nullable String retry;

  @InSection(Section.GENERAL)
  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "How many threads to use (default: one for each processor).")
  @Nullable String threads;

  @InSection(Section.GENERAL)
  @Option(
      names = "--progress",
      paramLabel = "MODE",
      completionCandidates = Completions.ProgressModes.class,
      defaultValue = "auto",
      description = "What to tell on standard error: ${COMPLETION-CANDIDATES} (default auto).")
  String progress = "auto";
}
