package org.bib.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.bib.config.Spelling;
import org.bib.failure.ConfigException;
import org.bib.layout.Architecture;
import org.bib.oci.RegistryLimits;
import org.bib.oci.SourceOptions;
import org.jspecify.annotations.Nullable;

/** From arguments to the image that is meant, and the way to it. */
final class SourceReader {
  /** Architectures of the peer that are not made yet. */
  private static final Set<String> OTHER_ARCHITECTURES =
      Set.of("arm", "armv7", "s390x", "ppc64le", "riscv64");

  private static final String STORAGE = "containers-storage:";

  private static final int MAX_THREADS = 1024;
  private static final int MAX_SECONDS = 86_400;
  private static final int MAX_RETRIES = 100;

  private final SourceArguments arguments;
  private final Environment environment;

  SourceReader(SourceArguments arguments, Environment environment) {
    this.arguments = arguments;
    this.environment = environment;
  }

  /** The one image. */
  String image() throws ConfigException {
    if (arguments.images.isEmpty()) {
      throw new ConfigException(
          "IMAGE", "is missing; name one, such as quay.io/fedora/fedora-bootc:44");
    }
    if (arguments.images.size() > 1) {
      String first = arguments.images.get(0);
      throw new ConfigException(
          "IMAGE",
          "takes one, not "
              + String.join(" ", arguments.images)
              + Spelling.nearest(first, Main.COMMANDS)
                  .map(command -> "; did you mean the command \"" + command + "\"?")
                  .orElse(""));
    }
    String image = arguments.images.get(0);
    if (image.isBlank()) {
      throw new ConfigException("IMAGE", "is empty");
    }
    String local = arguments.local;
    if (local == null) {
      return image;
    }
    if (!truth("--local", local).orElse(true)) {
      throw new ConfigException(
          "--local=false", "remove it: an image without a transport comes from its registry");
    }
    return image.startsWith(STORAGE) ? image : STORAGE + image;
  }

  /** How to reach it. */
  SourceOptions source() throws ConfigException {
    return new SourceOptions(
        architecture(),
        existing("--authfile", arguments.authfile, false),
        truth("--tls-verify", arguments.tlsVerify),
        existing("--cert-dir", arguments.certDir, true),
        new RegistryLimits(
            seconds("--connect-timeout", arguments.connectTimeout),
            seconds("--read-timeout", arguments.readTimeout),
            retries()),
        existing("--policy", arguments.policy, false),
        arguments.cache.read(environment));
  }

  private static Optional<Duration> seconds(String option, @Nullable String text)
      throws ConfigException {
    if (text == null) {
      return Optional.empty();
    }
    OptionalLong seconds = number(text, MAX_SECONDS);
    if (seconds.isEmpty() || seconds.getAsLong() == 0) {
      throw new ConfigException(
          option, "\"" + text + "\" is not a number of seconds from 1 to " + MAX_SECONDS);
    }
    return Optional.of(Duration.ofSeconds(seconds.getAsLong()));
  }

  private OptionalInt retries() throws ConfigException {
    String text = arguments.retry;
    if (text == null) {
      return OptionalInt.empty();
    }
    OptionalLong retries = number(text, MAX_RETRIES);
    if (retries.isEmpty()) {
      throw new ConfigException(
          "--retry", "\"" + text + "\" is not a number from 0 to " + MAX_RETRIES);
    }
    return OptionalInt.of(Math.toIntExact(retries.getAsLong()));
  }

  private Architecture architecture() throws ConfigException {
    String name = arguments.targetArch;
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

  /** How many threads. */
  int threads() throws ConfigException {
    String text = arguments.threads;
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

  private static Optional<Boolean> truth(String option, @Nullable String text)
      throws ConfigException {
    if (text == null) {
      return Optional.empty();
    }
    if (text.equals("true") || text.equals("1")) {
      return Optional.of(true);
    }
    if (text.equals("false") || text.equals("0")) {
      return Optional.of(false);
    }
    throw new ConfigException(option, "\"" + text + "\" is neither true nor false");
  }

  /** A number from 0 to {@code maximum}, if it is one. */
  static OptionalLong number(String text, long maximum) {
    if (!text.matches("[0-9]{1,18}")) {
      return OptionalLong.empty();
    }
    long number = Long.parseLong(text);
    return number > maximum ? OptionalLong.empty() : OptionalLong.of(number);
  }
}
