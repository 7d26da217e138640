package org.bib.oci;

import java.nio.file.Path;
import java.util.Optional;
import org.bib.layout.Architecture;

/**
 * How to reach an image.
 *
 * @param architecture which platform of an index to take ({@code linux/<architecture>})
 * @param authfile credentials in the format of containers-auth.json(5); default places if absent
 * @param tlsVerify whether certificates are verified and plain http is refused
 * @param certDir directory of {@code *.crt} (CAs), {@code *.cert} and {@code *.key} (client) files
 *     as in containers-certs.d(5)
 * @param cache where layers are kept between builds, if they are
 */
public record SourceOptions(
    Architecture architecture,
    Optional<Path> authfile,
    boolean tlsVerify,
    Optional<Path> certDir,
    Optional<CacheOptions> cache) {

  /** Options without a cache. */
  public SourceOptions(
      Architecture architecture,
      Optional<Path> authfile,
      boolean tlsVerify,
      Optional<Path> certDir) {
    this(architecture, authfile, tlsVerify, certDir, Optional.empty());
  }
}
