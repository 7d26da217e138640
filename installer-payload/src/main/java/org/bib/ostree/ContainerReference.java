package org.bib.ostree;

import java.util.List;
import java.util.Optional;

/**
 * A container image that a system follows, in the syntax of ostree-ext (container/mod.rs, {@code
 * OstreeImageReference}).
 *
 * @param transport the reference with its transport, such as {@code docker://quay.io/a/b:c} or
 *     {@code oci:/dir}; the name of the image's ref is made of it
 * @param signature who vouches for the image: {@code ostree-unverified-image}, {@code
 *     ostree-image-signed} or {@code ostree-remote-image:<remote>}
 */
public record ContainerReference(String transport, String signature) {
  private static final String DOCKER = "docker://";
  private static final String UNVERIFIED = "ostree-unverified-image";
  private static final String SIGNED = "ostree-image-signed";
  private static final String REMOTE_IMAGE = "ostree-remote-image";
  private static final List<String> TRANSPORTS =
      List.of(
          DOCKER,
          "oci:",
          "oci-archive:",
          "docker-archive:",
          "docker-daemon:",
          "containers-storage:",
          "dir:");

  /**
   * Reads a reference with or without transport and signature; without transport it names a
   * registry, without signature nobody vouches for it.
   */
  public static ContainerReference parse(String text) {
    int colon = text.indexOf(':');
    String scheme = colon < 0 ? "" : text.substring(0, colon);
    String rest = text.substring(colon + 1);
    return switch (scheme) {
      case "ostree-unverified-registry" -> new ContainerReference(DOCKER + rest, UNVERIFIED);
      case UNVERIFIED, SIGNED -> new ContainerReference(withTransport(rest), scheme);
      case "ostree-remote-registry" -> remote(DOCKER, rest);
      case REMOTE_IMAGE -> remote("", rest);
      default -> new ContainerReference(withTransport(text), UNVERIFIED);
    };
  }

  private static ContainerReference remote(String transport, String rest) {
    int colon = rest.indexOf(':');
    String remote = colon < 0 ? rest : rest.substring(0, colon);
    return new ContainerReference(
        withTransport(transport + rest.substring(colon + 1)), REMOTE_IMAGE + ":" + remote);
  }

  private static String withTransport(String text) {
    if (text.startsWith("registry:")) {
      return DOCKER + text.substring("registry:".length());
    }
    return TRANSPORTS.stream().anyMatch(text::startsWith) ? text : DOCKER + text;
  }

  /** The same, vouched for by the policy of containers-policy.json(5) if nobody else does. */
  public ContainerReference signed() {
    return signature.equals(UNVERIFIED) ? new ContainerReference(transport, SIGNED) : this;
  }

  /** The name without transport. */
  public String name() {
    return TRANSPORTS.stream()
        .filter(transport::startsWith)
        .findFirst()
        .map(prefix -> transport.substring(prefix.length()))
        .orElse(transport);
  }

  /** As an origin file has it: the short form where there is one. */
  public String origin() {
    Optional<String> registry =
        transport.startsWith(DOCKER) ? Optional.of(name()) : Optional.empty();
    if (registry.isPresent() && signature.equals(UNVERIFIED)) {
      return "ostree-unverified-registry:" + registry.get();
    }
    if (registry.isPresent() && signature.startsWith(REMOTE_IMAGE)) {
      return "ostree-remote-registry"
          + signature.substring(REMOTE_IMAGE.length())
          + ":"
          + registry.get();
    }
    return signature + ":" + transport;
  }
}
