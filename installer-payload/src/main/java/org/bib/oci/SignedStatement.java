package org.bib.oci;

import java.util.Optional;
import java.util.Set;
import org.bib.oci.JsonObject.MalformedException;

/**
 * What a signature says: this manifest goes by this name (containers-signature(5), "The {@code
 * critical} member"; cosign's SIGNATURE_SPEC.md). Read strictly, so that no two readers see two
 * statements.
 *
 * @param manifest digest as written
 * @param reference name as written
 */
record SignedStatement(String manifest, String reference) {
  private static final String TYPE = "cosign container image signature";

  /** Reads a payload, whose signature has been verified. */
  static SignedStatement parse(byte[] payload) throws MalformedException {
    JsonObject root = JsonObject.parse(payload).only(Set.of("critical", "optional"), "a payload");
    if (!root.keys().contains("optional")) {
      throw new MalformedException("\"optional\" is missing");
    }
    root.object("optional"); // An object or null, of no meaning here.
    JsonObject critical =
        member(root, "critical").only(Set.of("type", "image", "identity"), "\"critical\"");
    if (!critical.text("type").equals(Optional.of(TYPE))) {
      throw new MalformedException("its type is not " + MessageText.quoted(TYPE));
    }
    return new SignedStatement(
        text(
            member(critical, "image").only(Set.of("docker-manifest-digest"), "\"image\""),
            "docker-manifest-digest"),
        text(
            member(critical, "identity").only(Set.of("docker-reference"), "\"identity\""),
            "docker-reference"));
  }

  private static JsonObject member(JsonObject json, String key) throws MalformedException {
    return json.object(key).orElseThrow(() -> new MalformedException("\"" + key + "\" is missing"));
  }

  private static String text(JsonObject json, String key) throws MalformedException {
    return json.text(key).orElseThrow(() -> new MalformedException("\"" + key + "\" is missing"));
  }
}
