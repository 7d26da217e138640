package org.bib.oci;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.bib.failure.BuildException;

/**
 * Reads manifests, indexes and configurations (OCI image specification 1.1, manifest.md,
 * image-index.md, config.md; Docker image manifest V2, schema 2). The one class that knows JSON of
 * images.
 */
final class ImageManifest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ImageManifest() {}

  /** What an index or a manifest refers to. */
  record Descriptor(
      String mediaType,
      Digest digest,
      long size,
      Map<String, String> annotations,
      String platform) {}

  /** A manifest before its configuration is read. */
  record Manifest(Descriptor config, List<Descriptor> layers, Optional<String> created) {}

  /** The entries of an index or a layout's index.json; empty if {@code bytes} is a manifest. */
  static Optional<List<Descriptor>> index(byte[] bytes, String name) throws IOException {
    JsonNode root = parse(bytes, name);
    if (root.path("schemaVersion").asInt() == 1) {
      throw new BuildException(
          name + " is of schema 1, which carries no digests", "push the image again");
    }
    if (!root.has("manifests")) {
      return Optional.empty();
    }
    return Optional.of(descriptors(root.path("manifests"), name));
  }

  /** A manifest. */
  static Manifest manifest(byte[] bytes, String name) throws IOException {
    JsonNode root = parse(bytes, name);
    if (!root.path("config").isObject() || !root.path("layers").isArray()) {
      throw new BuildException(name + " is no image manifest", "name a container image");
    }
    Descriptor config = descriptor(root.path("config"), name);
    if (!config.mediaType().contains("image")) {
      throw new BuildException(
          name + " is an artifact of type " + config.mediaType(), "name a container image");
    }
    JsonNode created = root.path("annotations").path("org.opencontainers.image.created");
    return new Manifest(
        config,
        descriptors(root.path("layers"), name),
        created.isTextual() ? Optional.of(created.asText()) : Optional.empty());
  }

  /** What the configuration says. */
  static ImageConfig config(byte[] bytes, Manifest manifest, String name) throws IOException {
    JsonNode root = parse(bytes, name);
    Map<String, String> labels = new TreeMap<>();
    root.path("config")
        .path("Labels")
        .properties()
        .forEach(label -> labels.put(label.getKey(), label.getValue().asText()));
    String created = manifest.created().orElse(root.path("created").asText(""));
    return new ImageConfig(
        root.path("architecture").asText(""),
        root.path("os").asText(""),
        labels,
        instant(created, name));
  }

  /** The diff_ids of a configuration. */
  static List<Digest> diffIds(byte[] bytes, String name) throws IOException {
    List<Digest> diffIds = new ArrayList<>();
    for (JsonNode diffId : parse(bytes, name).path("rootfs").path("diff_ids")) {
      diffIds.add(digest(diffId.asText(), name));
    }
    return diffIds;
  }

  private static Optional<Instant> instant(String text, String name) throws BuildException {
    if (text.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(OffsetDateTime.parse(text).toInstant());
    } catch (DateTimeParseException e) {
      throw new BuildException(
          name + ": \"" + text + "\" is no time of creation", "build the image again", e);
    }
  }

  private static List<Descriptor> descriptors(JsonNode array, String name) throws IOException {
    List<Descriptor> descriptors = new ArrayList<>();
    for (JsonNode node : array) {
      descriptors.add(descriptor(node, name));
    }
    return descriptors;
  }

  private static Descriptor descriptor(JsonNode node, String name) throws IOException {
    Map<String, String> annotations = new TreeMap<>();
    node.path("annotations")
        .properties()
        .forEach(entry -> annotations.put(entry.getKey(), entry.getValue().asText()));
    long size = node.path("size").asLong(-1);
    if (size < 0) {
      throw new BuildException(name + " refers to a blob without a size", "push the image again");
    }
    JsonNode platform = node.path("platform");
    return new Descriptor(
        node.path("mediaType").asText(""),
        digest(node.path("digest").asText(""), name),
        size,
        annotations,
        platform.isObject()
            ? platform.path("os").asText() + "/" + platform.path("architecture").asText()
            : "");
  }

  private static Digest digest(String text, String name) throws BuildException {
    try {
      return Digest.parse(text);
    } catch (IllegalArgumentException e) {
      throw new BuildException(name + ": " + e.getMessage(), "push the image again", e);
    }
  }

  private static JsonNode parse(byte[] bytes, String name) throws IOException {
    try {
      return JSON.readTree(bytes);
    } catch (JsonProcessingException e) {
      throw new BuildException(
          name + " is not JSON: " + e.getOriginalMessage(), "pull or push the image again", e);
    }
  }
}
