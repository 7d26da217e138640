package org.bib.oci;

import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.bib.layout.Architecture;
import org.bib.oci.Surroundings.Patience;
import org.bib.progress.BuildEvent;

/** Pulls in tests: an image as a user of a given environment would pull it. */
final class Pull {
  private static final Patience HASTY =
      new Patience(
          Duration.ofSeconds(5),
          Duration.ofMillis(300),
          Duration.ofSeconds(5),
          Duration.ofSeconds(2),
          4,
          Duration.ofMillis(5));

  private final Path home;
  private final Map<String, String> environment = new HashMap<>();
  private final List<BuildEvent> events = new CopyOnWriteArrayList<>();
  private Optional<Path> authfile = Optional.empty();
  private Optional<Path> certDir = Optional.empty();
  private Architecture architecture = Architecture.AMD64;
  private Optional<Boolean> tlsVerify = Optional.of(false);
  private RegistryLimits limits = RegistryLimits.DEFAULT;
  private Optional<Path> policy = Optional.empty();

  /** Without verification of TLS, so that plain http will do. */
  Pull(Path home) {
    this.home = home;
  }

  Pull variable(String name, String value) {
    environment.put(name, value);
    return this;
  }

  Pull authfile(Path file) {
    authfile = Optional.of(file);
    return this;
  }

  Pull certDir(Path directory) {
    certDir = Optional.of(directory);
    return this;
  }

  Pull architecture(Architecture wanted) {
    architecture = wanted;
    return this;
  }

  Pull verifyingTls() {
    tlsVerify = Optional.of(true);
    return this;
  }

  /** As a user who says nothing of TLS. */
  Pull silentOnTls() {
    tlsVerify = Optional.empty();
    return this;
  }

  Pull limits(RegistryLimits wanted) {
    limits = wanted;
    return this;
  }

  Pull policy(Path file) {
    policy = Optional.of(file);
    return this;
  }

  /** What was told as a detail. */
  List<String> details() {
    return events.stream()
        .filter(BuildEvent.Detail.class::isInstance)
        .map(event -> ((BuildEvent.Detail) event).text())
        .toList();
  }

  List<String> warnings() {
    return events.stream()
        .filter(BuildEvent.Warning.class::isInstance)
        .map(event -> ((BuildEvent.Warning) event).text())
        .toList();
  }

  SourceImage open(String reference) throws Exception {
    return ImageSources.open(
        reference,
        new SourceOptions(
            architecture, authfile, tlsVerify, certDir, limits, policy, Optional.empty()),
        events::add,
        surroundings());
  }

  Surroundings surroundings() {
    return new Surroundings(environment, home, home.resolve("etc"), HASTY);
  }

  /** The content of the first layer, verified. */
  byte[] layer(String reference) throws Exception {
    try (SourceImage image = open(reference);
        InputStream in = LayerStream.uncompressed(image, image.layers().get(0))) {
      return in.readAllBytes();
    }
  }
}
