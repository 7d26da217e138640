package org.bib.oci;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.bib.disk.ByteSize;

/**
 * Where layers are kept between builds.
 *
 * @param directory made where it is not there
 * @param limit how much may be kept; 0 keeps nothing
 */
public record CacheOptions(Path directory, ByteSize limit) {
  /** What may be kept if nobody says otherwise: some ten images that share no layer. */
  public static final ByteSize DEFAULT_LIMIT = ByteSize.gibibytes(20);

  /**
   * {@code ${XDG_CACHE_HOME}/bib}, or {@code ${HOME}/.cache/bib}, as the XDG Base Directory
   * Specification 0.8 says: a variable that is empty or no absolute path is not there.
   *
   * @param environment variables of the process
   * @param home of the user by the user database, for where the variable is missing
   * @return nothing if nobody knows of a home
   */
  public static Optional<Path> directory(Map<String, String> environment, String home) {
    return absolute(environment.getOrDefault("XDG_CACHE_HOME", ""))
        .or(() -> absolute(environment.getOrDefault("HOME", "")).map(CacheOptions::dotCache))
        .or(() -> absolute(home).map(CacheOptions::dotCache))
        .map(path -> path.resolve("bib"));
  }

  private static Path dotCache(Path home) {
    return home.resolve(".cache");
  }

  private static Optional<Path> absolute(String text) {
    return text.startsWith("/") ? Optional.of(Path.of(text)) : Optional.empty();
  }
}
