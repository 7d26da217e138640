package org.bib.oci;

import java.nio.file.Path;
import java.util.Optional;
import org.bib.layout.Architecture;

/**
 * How to reach an image.
 *
 * @param architecture which platform of an index to take ({@code linux/<architecture>})
 * @param authfile credentials in the format of containers-auth.json(5); default places if absent
 * @param tlsVerify whether certificates are verified and plain http is refused; if absent, they are
 *     but for registries that containers-registries.conf(5) calls insecure
 * @param certDir directory of {@code *.crt} (CAs), {@code *.cert} and {@code *.key} (client) files
 *     as in containers-certs.d(5)
 * @param limits of patience with registries
 * @param policy of signatures, in the format of containers-policy.json(5); default places if absent
 * @param cache where layers are kept between builds, if they are
 */
public record SourceOptions(
    Architecture architecture,
    Optional<Path> authfile,
    Optional<Boolean> tlsVerify,
    Optional<Path> certDir,
    RegistryLimits limits,
    Optional<Path> policy,
    Optional<CacheOptions> cache) {

  /** With limits and policy that are the defaults, and without a cache. */
  public SourceOptions(
      Architecture architecture,
      Optional<Path> authfile,
      boolean tlsVerify,
      Optional<Path> certDir) {
    this(
        architecture,
        authfile,
        Optional.of(tlsVerify),
        certDir,
        RegistryLimits.DEFAULT,
        Optional.empty(),
        Optional.empty());
  }
}
