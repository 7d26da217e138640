package org.bib.oci;

import com.google.cloud.tools.jib.api.ImageReference;
import com.google.cloud.tools.jib.api.InvalidImageReferenceException;
import java.util.Optional;
import org.bib.failure.ConfigException;

/**
 * The name of an image in a registry, normalised.
 *
 * @param registry host and perhaps port, {@code docker.io} for Docker Hub
 * @param repository path in the registry
 * @param tag {@code latest} if neither tag nor digest were named
 */
record RegistryReference(
    String registry, String repository, Optional<String> tag, Optional<Digest> digest) {
  private static final String DOCKER_HUB = "docker.io";

  /** Where Docker Hub really answers. */
  private static final String DOCKER_HUB_API = "registry-1.docker.io";

  /**
   * Reads a reference as engines do: {@code [registry/]repository[:tag][@digest]}.
   *
   * @throws ConfigException if it is none
   */
  static RegistryReference parse(String text) throws ConfigException {
    ImageReference parsed;
    try {
      parsed = ImageReference.parse(text);
    } catch (InvalidImageReferenceException e) {
      throw malformed(text);
    }
    Optional<Digest> digest = Optional.empty();
    if (parsed.getDigest().isPresent()) {
      try {
        digest = Optional.of(Digest.parse(parsed.getDigest().get()));
      } catch (IllegalArgumentException e) {
        throw malformed(text);
      }
    }
    boolean hub = isDockerHub(parsed.getRegistry());
    String repository = parsed.getRepository();
    return new RegistryReference(
        hub ? DOCKER_HUB : parsed.getRegistry(),
        hub && !repository.contains("/") ? "library/" + repository : repository,
        parsed
            .getTag()
            .or(() -> parsed.getDigest().isPresent() ? Optional.empty() : Optional.of("latest")),
        digest);
  }

  /** Whether {@code host} is one of the names of Docker Hub. */
  static boolean isDockerHub(String host) {
    return host.equals(DOCKER_HUB) || host.equals("index.docker.io") || host.equals(DOCKER_HUB_API);
  }

  /** Host and perhaps port to connect to. */
  String apiHost() {
    return registry.equals(DOCKER_HUB) ? DOCKER_HUB_API : registry;
  }

  /** What to ask the registry for: the digest if there is one, else the tag. */
  String manifestReference() {
    return digest.map(Digest::toString).or(() -> tag).orElse("latest");
  }

  @Override
  public String toString() {
    return "docker://"
        + registry
        + "/"
        + repository
        + tag.map(t -> ":" + t).orElse("")
        + digest.map(d -> "@" + d).orElse("");
  }

  private static ConfigException malformed(String text) {
    return new ConfigException(
        MessageText.quoted(text),
        "is not an image reference; write registry.example/os:tag, oci:DIR[:tag] or"
            + " oci-archive:FILE[:tag]");
  }
}
