package org.bib.oci;

import java.util.Optional;
import java.util.Set;
import org.bib.oci.JsonObject.MalformedException;

/**
 * Which name a signature must bear (containers-policy.json(5), {@code signedIdentity}).
 *
 * @param type how names are compared
 * @param first the name or prefix that the type needs, else empty
 * @param second what takes the place of the prefix, else empty
 */
record SignedIdentity(Type type, String first, String second) {
  /** What holds without a {@code signedIdentity}. */
  static final SignedIdentity DEFAULT = new SignedIdentity(Type.MATCH_REPO_DIGEST_OR_EXACT, "", "");

  /** Values of {@code type}. */
  private enum Type {
    MATCH_EXACT,
    MATCH_REPO_DIGEST_OR_EXACT,
    MATCH_REPOSITORY,
    EXACT_REFERENCE,
    EXACT_REPOSITORY,
    REMAP_IDENTITY
  }

  static SignedIdentity parse(JsonObject json) throws MalformedException {
    String type = required(json, "type");
    return switch (type) {
      case "matchExact" -> plain(json, Type.MATCH_EXACT);
      case "matchRepoDigestOrExact" -> plain(json, Type.MATCH_REPO_DIGEST_OR_EXACT);
      case "matchRepository" -> plain(json, Type.MATCH_REPOSITORY);
      case "exactReference" -> {
        String reference =
            required(json.only(Set.of("type", "dockerReference"), type), "dockerReference");
        if (named(reference).isNameOnly()) {
          throw new MalformedException(
              "the dockerReference "
                  + MessageText.quoted(reference)
                  + " has neither tag nor digest");
        }
        yield new SignedIdentity(Type.EXACT_REFERENCE, reference, "");
      }
      case "exactRepository" -> {
        String repository =
            required(json.only(Set.of("type", "dockerRepository"), type), "dockerRepository");
        if (!named(repository).isNameOnly()) {
          throw new MalformedException(
              "the dockerRepository " + MessageText.quoted(repository) + " has a tag or digest");
        }
        yield new SignedIdentity(Type.EXACT_REPOSITORY, repository, "");
      }
      case "remapIdentity" -> {
        json.only(Set.of("type", "prefix", "signedPrefix"), type);
        yield new SignedIdentity(
            Type.REMAP_IDENTITY, prefix(json, "prefix"), prefix(json, "signedPrefix"));
      }
      default ->
          throw new MalformedException(
              "the signedIdentity " + MessageText.quoted(type) + " is unknown");
    };
  }

  private static SignedIdentity plain(JsonObject json, Type type) throws MalformedException {
    json.only(Set.of("type"), "a signedIdentity");
    return new SignedIdentity(type, "", "");
  }

  private static String required(JsonObject json, String key) throws MalformedException {
    return json.text(key)
        .orElseThrow(() -> new MalformedException("a signedIdentity has no \"" + key + "\""));
  }

  private static String prefix(JsonObject json, String key) throws MalformedException {
    String prefix = required(json, key);
    if (!NamedReference.isPrefix(prefix)) {
      throw new MalformedException(
          "the " + key + " " + MessageText.quoted(prefix) + " is neither registry nor repository");
    }
    return prefix;
  }

  private static NamedReference named(String text) throws MalformedException {
    return NamedReference.parse(text)
        .orElseThrow(
            () -> new MalformedException(MessageText.quoted(text) + " is not an image's name"));
  }

  /** Whether the name of the image itself matters, which only registries give it. */
  boolean needsName() {
    return type != Type.EXACT_REFERENCE && type != Type.EXACT_REPOSITORY;
  }

  /**
   * Whether a signature's name will do.
   *
   * @param image the name of the image, if its source gives it one
   * @param signed as the signature says it
   */
  boolean accepts(Optional<NamedReference> image, String signed) {
    Optional<NamedReference> parsed = NamedReference.parse(signed);
    Optional<NamedReference> wanted = needsName() ? image : NamedReference.parse(first);
    if (parsed.isEmpty() || wanted.isEmpty()) {
      return false;
    }
    NamedReference name = parsed.get();
    return switch (type) {
      case MATCH_EXACT, EXACT_REFERENCE -> isExactly(wanted.get(), name);
      case MATCH_REPO_DIGEST_OR_EXACT -> isOfDigestOrExactly(wanted.get(), name);
      case MATCH_REPOSITORY, EXACT_REPOSITORY -> wanted.get().name().equals(name.name());
      case REMAP_IDENTITY -> isOfDigestOrExactly(remapped(wanted.get()), name);
    };
  }

  private static boolean isExactly(NamedReference wanted, NamedReference signed) {
    return !wanted.isNameOnly() && wanted.equals(signed);
  }

  private static boolean isOfDigestOrExactly(NamedReference wanted, NamedReference signed) {
    return wanted.tag().isPresent()
        ? wanted.equals(signed)
        : wanted.digest().isPresent() && wanted.name().equals(signed.name());
  }

  private NamedReference remapped(NamedReference image) {
    String name = image.name();
    return name.equals(first) || name.startsWith(first + "/")
        ? image.withName(second + name.substring(first.length()))
        : image;
  }
}
