package org.bib.cli;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import org.bib.disk.ByteSize;
import org.bib.failure.ConfigException;
import org.bib.oci.CacheOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of the layer cache, as typed. */
@InSection(Section.SOURCE)
final class CacheArguments {
  private static final String VARIABLE = "BIB_CACHE_SIZE";

  @Option(names = "--no-cache", description = "Neither use nor keep layers of earlier builds.")
  boolean noCache;

  @Option(
      names = "--cache-size",
      paramLabel = "SIZE",
      description =
          "How much of layers to keep between builds, in ~/.cache/bib (default $BIB_CACHE_SIZE, else"
              + " 20 GiB; 0 is --no-cache).")
  @Nullable String cacheSize;

  /** The cache, if one is wanted and there is a place for it. */
  Optional<CacheOptions> read(Environment environment) throws ConfigException {
    ByteSize limit = limit(cacheSize, environment);
    return noCache || limit.bytes() == 0
        ? Optional.empty()
        : directory(environment).map(directory -> new CacheOptions(directory, limit));
  }

  /** Where the cache is, unless nobody knows of a home. */
  static Optional<Path> directory(Environment environment) throws ConfigException {
    try {
      return CacheOptions.directory(environment.variables(), System.getProperty("user.home", ""));
    } catch (InvalidPathException e) {
      throw new ConfigException("XDG_CACHE_HOME", "is not a path: " + e.getReason());
    }
  }

  /**
   * How much may be kept.
   *
   * @param text of {@code --cache-size}, if it was given
   */
  static ByteSize limit(@Nullable String text, Environment environment) throws ConfigException {
    String variable = environment.variables().getOrDefault(VARIABLE, "");
    if (text == null && variable.isEmpty()) {
      return CacheOptions.DEFAULT_LIMIT;
    }
    try {
      return ByteSize.parse(text == null ? variable : text);
    } catch (IllegalArgumentException e) {
      throw new ConfigException(
          text == null ? VARIABLE : "--cache-size", String.valueOf(e.getMessage()));
    }
  }
}
