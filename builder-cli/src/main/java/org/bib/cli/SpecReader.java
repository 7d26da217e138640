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
import org.bib.layout.Architecture;
import org.bib.layout.FilesystemType;
import org.bib.oci.SourceOptions;
import org.bib.report.ProgressMode;
import org.jspecify.annotations.Nullable;

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

  /** Architectures of the peer that are not made yet. */
  private static final Set<String> OTHER_ARCHITECTURES =
      Set.of("arm", "armv7", "s390x", "ppc64le", "riscv64");

  /** What an unsigned 32-bit time of the formats holds. */
  private static final long MAX_EPOCH = 0xFFFF_FFFFL;

  private static final int MAX_THREADS = 1024;

  private final ImageOptions options;
  private final Environment environment;

  SpecReader(ImageOptions options, Environment environment) {
    this.options = options;
    this.environment = environment;
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
    String image = image();
    List<ImageType> types = types();
    SourceOptions source =
        new SourceOptions(
            architecture(),
            existing("--authfile", options.authfile, false),
            truth("--tls-verify", options.tlsVerify),
            existing("--cert-dir", options.certDir, true));
    BuildSpec.DiskSize size = diskSize();
    Optional<FilesystemType> rootfs = rootfs();
    BuildSpec.Compression compression = compression();
    int threads = threads();
    OptionalLong epoch = sourceDateEpoch();
    Configuration configuration = configuration();
    return new BuildSpec(
        image,
        Optional.ofNullable(options.targetImgref),
        types,
        output,
        source,
        new BuildSpec.Disk(size, rootfs, configuration.filesystems()),
        new BuildSpec.Kernel(!options.noDefaultKernelArgs, configuration.kernelArguments()),
        configuration.customizations(),
        Optional.ofNullable(options.seed),
        epoch,
        configuration.digest(),
        compression,
        threads);
  }

  private String image() throws ConfigException {
    if (options.images.isEmpty()) {
      throw new ConfigException(
          "IMAGE", "is missing; name one, such as quay.io/fedora/fedora-bootc:44");
    }
    if (options.images.size() > 1) {
      String first = options.images.get(0);
      throw new ConfigException(
          "IMAGE",
          "takes one, not "
              + String.join(" ", options.images)
              + Spelling.nearest(first, Main.COMMANDS)
                  .map(command -> "; did you mean the command \"" + command + "\"?")
                  .orElse(""));
    }
    String image = options.images.get(0);
    if (image.isBlank()) {
      throw new ConfigException("IMAGE", "is empty");
    }
    return image;
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

  private Architecture architecture() throws ConfigException {
    String name = options.targetArch;
    if (name == null) {
      String host = System.getProperty("os.arch", "");
      Optional<Architecture> architecture = Architecture.named(host);
      if (architecture.isEmpty()) {
        throw new ConfigException(
            "--target-arch", "is needed on " + host + "; choose " + Architecture.names());
      }
      return architecture.get();
    }
    Optional<Architecture> architecture = Architecture.named(name);
    if (architecture.isEmpty()) {
      throw new ConfigException(
          "--target-arch",
          "\""
              + name
              + (OTHER_ARCHITECTURES.contains(name)
                  ? "\" is not made by this version, which makes "
                  : "\" is not an architecture; choose ")
              + Architecture.names());
    }
    return architecture.get();
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

  private int threads() throws ConfigException {
    String text = options.threads;
    if (text == null) {
      return Runtime.getRuntime().availableProcessors();
    }
    OptionalLong threads = number(text, MAX_THREADS);
    if (threads.isEmpty() || threads.getAsLong() == 0) {
      throw new ConfigException(
          "--threads", "\"" + text + "\" is not a number from 1 to " + MAX_THREADS);
    }
    return Math.toIntExact(threads.getAsLong());
  }

  private OptionalLong sourceDateEpoch() throws ConfigException {
    String text = environment.variables().get("SOURCE_DATE_EPOCH");
    if (text == null || text.isEmpty()) {
      return OptionalLong.empty();
    }
    OptionalLong epoch = number(text, MAX_EPOCH);
    if (epoch.isEmpty()) {
      throw new ConfigException(
          "SOURCE_DATE_EPOCH",
          "\"" + text + "\" is not a number of seconds from 0 to " + MAX_EPOCH);
    }
    return epoch;
  }

  private Configuration configuration() throws ConfigException, IOException {
    String given = options.config;
    if (given != null) {
      return given.equals("-")
          ? ConfigurationFile.readJson("standard input", environment.in())
          : ConfigurationFile.read(Path.of(given));
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
      return ConfigurationFile.read(hasToml ? toml : json);
    }
    return Configuration.EMPTY;
  }

  private static Optional<Path> existing(String option, @Nullable String text, boolean directory)
      throws ConfigException {
    if (text == null) {
      return Optional.empty();
    }
    Path path = Path.of(text);
    if (!Files.exists(path)) {
      throw new ConfigException(option, text + ": no such " + (directory ? "directory" : "file"));
    }
    if (Files.isDirectory(path) != directory) {
      throw new ConfigException(
          option, text + (directory ? ": is not a directory" : ": is a directory"));
    }
    return Optional.of(path);
  }

  private static boolean truth(String option, String text) throws ConfigException {
    if (text.equals("true") || text.equals("1")) {
      return true;
    }
    if (text.equals("false") || text.equals("0")) {
      return false;
    }
    throw new ConfigException(option, "\"" + text + "\" is neither true nor false");
  }

  private static OptionalLong number(String text, long maximum) {
    if (!text.matches("[0-9]{1,18}")) {
      return OptionalLong.empty();
    }
    long number = Long.parseLong(text);
    return number > maximum ? OptionalLong.empty() : OptionalLong.of(number);
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
