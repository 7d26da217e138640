package org.bib.oci;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.bib.oci.JsonObject.MalformedException;

/**
 * A reference to content (OCI image specification 1.1, descriptor.md).
 *
 * @param mediaType as written, empty if absent
 * @param size in bytes
 * @param platform as an index entry states it
 * @param tag annotation {@code org.opencontainers.image.ref.name}
 */
record Descriptor(
    String mediaType, Digest digest, long size, Optional<Platform> platform, Optional<String> tag) {

  /** What an index says of an entry (image-index.md, "platform"). */
  record Platform(String os, String architecture, Optional<String> variant) {
    @Override
    public String toString() {
      return os + "/" + architecture + variant.map(v -> "/" + v).orElse("");
    }
  }

  static Descriptor of(JsonObject json) throws MalformedException {
    String text =
        json.text("digest").orElseThrow(() -> new MalformedException("a descriptor has no digest"));
    Digest digest;
    try {
      digest = Digest.parse(text);
    } catch (IllegalArgumentException e) {
      throw new MalformedException(
          text.length() > 150 ? "a descriptor has a bad digest" : String.valueOf(e.getMessage()));
    }
    long size =
        json.number("size").orElseThrow(() -> new MalformedException(digest + " has no size"));
    if (size < 0) {
      throw new MalformedException(digest + " has a negative size");
    }
    Optional<JsonObject> platform = json.object("platform");
    return new Descriptor(
        json.text("mediaType").orElse(""),
        digest,
        size,
        platform.isPresent() ? platformOf(platform.get()) : Optional.empty(),
        Optional.ofNullable(json.textMap("annotations").get("org.opencontainers.image.ref.name")));
  }

  static List<Descriptor> listOf(List<JsonObject> objects) throws MalformedException {
    List<Descriptor> descriptors = new ArrayList<>();
    for (JsonObject object : objects) {
      descriptors.add(of(object));
    }
    return descriptors;
  }

  private static Optional<Platform> platformOf(JsonObject json) throws MalformedException {
    Optional<String> architecture = json.text("architecture");
    if (architecture.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new Platform(
            json.text("os").orElse("linux"),
            architecture.get().toLowerCase(Locale.ROOT),
            json.text("variant")));
  }
}
