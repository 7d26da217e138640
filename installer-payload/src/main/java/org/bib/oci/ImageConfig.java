package org.bib.oci;

import java.time.Instant;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What the configuration and the manifest say of an image, as far as bib needs it.
 *
 * @param architecture as the configuration says it, such as {@code amd64}
 * @param os as the configuration says it, such as {@code linux}
 * @param labels of the configuration, sorted
 * @param created manifest annotation {@code org.opencontainers.image.created}, else the
 *     configuration's {@code created}
 */
public record ImageConfig(
    String architecture, String os, Map<String, String> labels, Optional<Instant> created) {
  public ImageConfig {
    labels = Collections.unmodifiableMap(new TreeMap<>(labels));
  }

  /** Label {@code org.opencontainers.image.version}, else label {@code version}. */
  public Optional<String> version() {
    return Optional.ofNullable(
        labels.getOrDefault("org.opencontainers.image.version", labels.get("version")));
  }
}
