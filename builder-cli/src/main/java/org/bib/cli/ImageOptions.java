package org.bib.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that decide what is built, as typed; {@link SpecReader} gives them a meaning. */
@InSection(Section.DISK)
final class ImageOptions {
  @Mixin SourceArguments source = new SourceArguments();

  @InSection(Section.OUTPUT)
  @Option(
      names = "--type",
      paramLabel = "TYPE",
      completionCandidates = Completions.Types.class,
      description = "Type of image to make: ${COMPLETION-CANDIDATES} (default qcow2); repeatable.")
  List<String> types = new ArrayList<>();

  @Option(
      names = "--rootfs",
      // picocli's script for bash keeps the words of options by their label: each needs its own.
      paramLabel = "FILESYSTEM",
      completionCandidates = Completions.RootFilesystems.class,
      description = "Root filesystem: ${COMPLETION-CANDIDATES} (default: what the image says).")
  @Nullable String rootfs;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description =
          "Configuration, .toml or .json; - reads either from standard input. Default: /config.toml"
              + " or /config.json, if there.")
  @Nullable String config;

  @Option(
      names = "--strict",
      description =
          "Fail if the configuration asks for what a disk or the image cannot honour, instead of"
              + " warning.")
  boolean strict;

  @Option(
      names = "--disk-size",
      paramLabel = "SIZE",
      description =
          "Size of the disk, such as \"20 GiB\", or minimal for what the content needs (default 10"
              + " GiB, more if the content needs it).")
  @Nullable String diskSize;

  @Option(
      names = "--target-imgref",
      paramLabel = "REF",
      description = "Image that the installed system follows for updates (default: IMAGE).")
  @Nullable String targetImgref;

  @Option(
      names = "--no-default-kernel-args",
      description =
          "Do not add \"rw console=tty0 console=ttyS0\", on arm64 also \"console=ttyAMA0\", to the"
              + " kernel's arguments.")
  boolean noDefaultKernelArgs;

  @Option(
      names = "--seed",
      paramLabel = "TEXT",
      description = "Where identifiers come from (default: image and configuration).")
  @Nullable String seed;

  @InSection(Section.OUTPUT)
  @Option(
      names = "--qcow2-compression",
      paramLabel = "NAME",
      completionCandidates = Completions.Compressions.class,
      defaultValue = "zlib",
      description = "Compression of qcow2: ${COMPLETION-CANDIDATES} (default zlib).")
  String compression = "zlib";

  @InSection(Section.OUTPUT)
  @Option(
      names = "--no-checksum",
      description =
          "Leave the SHA-256 of raw disks out of the manifest: it takes a second for every 1.5 GiB of disk, holes counted.")
  boolean noChecksum;

  @Option(names = "--store", hidden = true)
  @Nullable String store;

  @Option(names = "--rpmmd", hidden = true)
  @Nullable String rpmmd;

  @Option(names = "--use-librepo", arity = "1", hidden = true)
  @Nullable String useLibrepo;

  @Option(names = "--build-container", hidden = true)
  @Nullable String buildContainer;

  @Option(names = "--in-vm", hidden = true)
  boolean inVm;

  @Option(
      names = {"--installer-payload-ref", "--bootc-installer-payload-ref"},
      hidden = true)
  @Nullable String installerPayload;

  @Option(names = "--aws-ami-name", hidden = true)
  @Nullable String awsAmiName;

  @Option(names = "--aws-bucket", hidden = true)
  @Nullable String awsBucket;

  @Option(names = "--aws-region", hidden = true)
  @Nullable String awsRegion;

  /** The lines that tell which given flags of the peer have no effect. */
  List<String> ignored() {
    List<String> lines = new ArrayList<>();
    ignored(lines, "--store", store, "layers are kept in ~/.cache/bib");
    ignored(lines, "--rpmmd", rpmmd, "no packages are installed");
    ignored(lines, "--use-librepo", useLibrepo, "no packages are installed");
    ignored(lines, "--build-container", buildContainer, "bib brings its own tools");
    ignored(lines, "--in-vm", inVm ? "true" : null, "bib needs neither root nor a VM");
    return lines;
  }

  /** The first given flag that asks for something this version does not do, and what. */
  Optional<String> refused() {
    if (installerPayload != null) {
      return Optional.of("--installer-payload-ref: installers are not made by this version");
    }
    if (awsAmiName != null || awsBucket != null || awsRegion != null) {
      return Optional.of(
          "--aws-ami-name, --aws-bucket, --aws-region: this version does not upload; build --type"
              + " ami and import image/disk.raw");
    }
    return Optional.empty();
  }

  private static void ignored(
      List<String> lines, String name, @Nullable String value, String reason) {
    if (value != null) {
      lines.add(name + " has no effect: " + reason);
    }
  }
}
