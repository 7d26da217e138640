package org.bib.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.bib.build.BuildSpec;
import org.bib.build.ImageType;
import org.bib.config.Configuration;
import org.bib.config.ConfigurationFile;
import org.bib.config.Spelling;
import org.bib.disk.ByteSize;
import org.bib.failure.ConfigException;
import org.bib.layout.FilesystemType;
import org.bib.oci.SourceOptions;
import org.bib.progress.BuildEvent;
import org.bib.progress.BuildListener;
import org.bib.report.ProgressMode;

/** From options, configuration and environment to what is to be built. */
final class SpecReader {
  /** Types of the peer that are not made yet. */
  private static final Set<String> OTHER_TYPES =
      Set.of(
          "vmdk",
          "vhd",
          "gce",
          "ova",
          "iso",
          "anaconda-iso",
          "bootc-installer",
          "bootc-generic-iso",
          "pxe-tar-xz");

  private static final Set<String> OTHER_FILESYSTEMS = Set.of("xfs", "btrfs");

  /** What an unsigned 32-bit time of the formats holds. */
  private static final long MAX_EPOCH = 0xFFFF_FFFFL;

  private final ImageOptions options;
  private final Environment environment;
  private final BuildListener listener;

  private SpecReader(ImageOptions options, Environment environment, BuildListener listener) {
    this.options = options;
    this.environment = environment;
    this.listener = listener;
  }

  /**
   * A reader of {@code options}, once it is told which of them have no effect.
   *
   * @throws ConfigException if one asks for what this version does not do
   */
  static SpecReader of(ImageOptions options, Environment environment, BuildListener listener)
      throws ConfigException {
    Optional<String> refused = options.refused();
    if (refused.isPresent()) {
      String[] words = refused.get().split(": ", 2);
      throw new ConfigException(words[0], words[1]);
    }
    options.ignored().forEach(line -> listener.on(new BuildEvent.Warning(line)));
    return new SpecReader(options, environment, listener);
  }

  /** The mode of {@code --progress}; {@code auto} turns into {@code verbose} if asked to tell. */
  static ProgressMode progress(String name, boolean verbose) throws ConfigException {
    if (!ProgressMode.names().contains(name)) {
      throw new ConfigException("--progress", unknown(name, "a way to tell", ProgressMode.names()));
    }
    ProgressMode mode = ProgressMode.valueOf(name.toUpperCase(Locale.ROOT));
    return mode == ProgressMode.AUTO && verbose ? ProgressMode.VERBOSE : mode;
  }

  /**
   * What is to be built.
   *
   * @param output directory of the artefacts
   * @throws ConfigException if the command line, the environment or the configuration is wrong
   * @throws IOException if the configuration cannot be read
   */
  BuildSpec read(Path output) throws ConfigException, IOException {
    SourceReader reader = new SourceReader(options.source, environment);
    String image = reader.image();
    List<ImageType> types = types();
    SourceOptions source = reader.source();
    BuildSpec.DiskSize size = diskSize();
    Optional<FilesystemType> rootfs = rootfs();
    BuildSpec.Compression compression = compression();
    int threads = reader.threads();
    OptionalLong epoch = sourceDateEpoch();
    Configuration configuration = configuration();
    tellUnsupported(configuration.warnings());
    return new BuildSpec(
        image,
        Optional.ofNullable(options.targetImgref),
        types,
        output,
        source,
        new BuildSpec.Disk(size, rootfs, configuration.partitioning()),
        new BuildSpec.Kernel(!options.noDefaultKernelArgs, configuration.kernelArguments()),
        configuration.customizations(),
        configuration.settings(),
        options.strict,
        Optional.ofNullable(options.seed),
        epoch,
        configuration.digest(),
        compression,
        !options.noChecksum,
        threads);
  }

  private List<ImageType> types() throws ConfigException {
    Set<ImageType> types = new LinkedHashSet<>();
    for (String name : options.types.isEmpty() ? List.of("qcow2") : options.types) {
      types.add(type(name));
    }
    return new ArrayList<>(types);
  }

  private static ImageType type(String name) throws ConfigException {
    for (ImageType type : ImageType.values()) {
      if (type.typeName().equals(name)) {
        return type;
      }
    }
    if (OTHER_TYPES.contains(name)) {
      throw new ConfigException(
          "--type",
          "\"" + name + "\" is not made by this version, which makes " + list(Completions.types()));
    }
    throw new ConfigException("--type", unknown(name, "a type of image", Completions.types()));
  }

  private Optional<FilesystemType> rootfs() throws ConfigException {
    String name = options.rootfs;
    if (name == null) {
      return Optional.empty();
    }
    if (name.equals(FilesystemType.EXT4.typeName())) {
      return Optional.of(FilesystemType.EXT4);
    }
    if (OTHER_FILESYSTEMS.contains(name)) {
      throw new ConfigException(
          "--rootfs", "\"" + name + "\" is not made by this version, which makes ext4");
    }
    throw new ConfigException("--rootfs", unknown(name, "a root filesystem", List.of("ext4")));
  }

  private BuildSpec.DiskSize diskSize() throws ConfigException {
    String text = options.diskSize;
    if (text == null) {
      return new BuildSpec.DiskSize(Optional.empty(), false);
    }
    if (text.equals("minimal")) {
      return new BuildSpec.DiskSize(Optional.empty(), true);
    }
    try {
      ByteSize size = ByteSize.parse(text);
      if (size.bytes() == 0) {
        throw new ConfigException("--disk-size", "must be greater than 0");
      }
      return new BuildSpec.DiskSize(Optional.of(size), false);
    } catch (IllegalArgumentException e) {
      throw new ConfigException("--disk-size", e.getMessage() + ", or minimal");
    }
  }

  private BuildSpec.Compression compression() throws ConfigException {
    String name = options.compression;
    if (!Completions.compressions().contains(name)) {
      throw new ConfigException(
          "--qcow2-compression", unknown(name, "a compression", Completions.compressions()));
    }
    return BuildSpec.Compression.valueOf(name.toUpperCase(Locale.ROOT));
  }

  private OptionalLong sourceDateEpoch() throws ConfigException {
    String text = environment.variables().get("SOURCE_DATE_EPOCH");
    if (text == null || text.isEmpty()) {
      return OptionalLong.empty();
    }
    OptionalLong epoch = SourceReader.number(text, MAX_EPOCH);
    if (epoch.isEmpty()) {
      throw new ConfigException(
          "SOURCE_DATE_EPOCH",
          "\"" + text + "\" is not a number of seconds from 0 to " + MAX_EPOCH);
    }
    return epoch;
  }

  private void tellUnsupported(List<String> warnings) throws ConfigException {
    if (options.strict && !warnings.isEmpty()) {
      throw new ConfigException("--strict", String.join("; also ", warnings));
    }
    warnings.forEach(warning -> listener.on(new BuildEvent.Warning(warning)));
  }

  private Configuration configuration() throws ConfigException, IOException {
    String given = options.config;
    if (given != null) {
      return given.equals("-")
          ? ConfigurationFile.read("standard input", environment.in(), environment.variables())
          : ConfigurationFile.read(Run.path("--config", given), environment.variables());
    }
    Path toml = environment.root().resolve("config.toml");
    Path json = environment.root().resolve("config.json");
    boolean hasToml = Files.exists(toml);
    boolean hasJson = Files.exists(json);
    if (hasToml && hasJson) {
      throw new ConfigException(
          toml + ", " + json, "found both, but only one is read; choose with --config");
    }
    if (hasToml || hasJson) {
      return ConfigurationFile.read(hasToml ? toml : json, environment.variables());
    }
    return Configuration.EMPTY;
  }

  private static String unknown(String word, String what, List<String> valid) {
    return "\""
        + word
        + "\" is not "
        + what
        + Spelling.suggestion(word, valid).replace("?", "")
        + "; valid are "
        + list(valid);
  }

  private static String list(List<String> words) {
    return String.join(", ", words);
  }
}
