package org.bib.oci;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How patient to be with registries, as far as the user says.
 *
 * @param connectTimeout until a connection stands
 * @param readTimeout without a byte of a response
 * @param retries how often what may pass is tried again, in a row without progress
 */
public record RegistryLimits(
    Optional<Duration> connectTimeout, Optional<Duration> readTimeout, OptionalInt retries) {
  /** Nothing said. */
  public static final RegistryLimits DEFAULT =
      new RegistryLimits(Optional.empty(), Optional.empty(), OptionalInt.empty());
}
