package org.bib.oci;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bib.failure.BuildException;
import org.bib.oci.JsonObject.MalformedException;

/**
 * A manifest or an index as parsed: exactly one of the two.
 *
 * @param index the entries, if this is an index
 * @param image the image, if this is one
 */
record ImageManifest(Optional<List<Descriptor>> index, Optional<Image> image) {
  static final String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
  static final String OCI_INDEX = "application/vnd.oci.image.index.v1+json";
  static final String DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
  static final String DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";

  private static final Set<String> INDEXES = Set.of(OCI_INDEX, DOCKER_LIST);
  private static final Set<String> MANIFESTS = Set.of(OCI_MANIFEST, DOCKER_MANIFEST);
  private static final Set<String> CONFIGS =
      Set.of(
          "application/vnd.oci.image.config.v1+json",
          "application/vnd.docker.container.image.v1+json");

  /** More layers than any engine can stack; a bound on what a hostile manifest makes us hold. */
  private static final int MAX_LAYERS = 4096;

  /**
   * The manifest of one image.
   *
   * @param created annotation {@code org.opencontainers.image.created}
   */
  record Image(Descriptor config, List<Descriptor> layers, Optional<String> created) {}

  static boolean isIndexType(String mediaType) {
    return INDEXES.contains(mediaType);
  }

  /**
   * Parses what a source delivered.
   *
   * @param name of the source, for messages
   */
  static ImageManifest parse(RawManifest raw, String name) throws BuildException {
    String what = name + ": manifest " + raw.digest();
    try {
      JsonObject json = JsonObject.parse(raw.bytes());
      return parse(json, json.text("mediaType").orElse(raw.mediaType()), what);
    } catch (MalformedException e) {
      throw new BuildException(
          what + ": " + MessageText.oneLine(String.valueOf(e.getMessage())),
          "push the image again");
    }
  }

  private static ImageManifest parse(JsonObject json, String mediaType, String what)
      throws BuildException, MalformedException {
    if (json.number("schemaVersion").orElse(2) == 1
        || mediaType.startsWith("application/vnd.docker.distribution.manifest.v1+")) {
      throw new BuildException(
          what + ": is of the old Docker schema 1", "push the image again with a current tool");
    }
    boolean hasEntries = json.has("manifests");
    boolean hasLayers = json.has("layers") || json.has("config");
    if (hasEntries && hasLayers) {
      // Readers could disagree on which of the two it is (CVE-2021-41190).
      throw new MalformedException("is both an index and a manifest");
    }
    if (hasEntries && !MANIFESTS.contains(mediaType)) {
      return new ImageManifest(
          Optional.of(List.copyOf(Descriptor.listOf(json.objects("manifests")))), Optional.empty());
    }
    if (hasLayers && !INDEXES.contains(mediaType)) {
      return new ImageManifest(Optional.empty(), Optional.of(image(json, mediaType, what)));
    }
    throw notAnImage(what, mediaType);
  }

  private static Image image(JsonObject json, String mediaType, String what)
      throws BuildException, MalformedException {
    if (mediaType.contains("json") && !MANIFESTS.contains(mediaType) && isVendor(mediaType)) {
      throw notAnImage(what, mediaType);
    }
    Optional<JsonObject> configJson = json.object("config");
    if (configJson.isEmpty()) {
      throw new MalformedException("has no config");
    }
    Descriptor config = Descriptor.of(configJson.get());
    if (!CONFIGS.contains(config.mediaType())) {
      throw notAnImage(what, json.text("artifactType").orElse(config.mediaType()));
    }
    List<JsonObject> layers = json.objects("layers");
    if (layers.isEmpty() || layers.size() > MAX_LAYERS) {
      throw new MalformedException("has " + layers.size() + " layers");
    }
    return new Image(
        config,
        List.copyOf(Descriptor.listOf(layers)),
        Optional.ofNullable(json.textMap("annotations").get("org.opencontainers.image.created")));
  }

  private static boolean isVendor(String mediaType) {
    return mediaType.startsWith("application/vnd.");
  }

  private static BuildException notAnImage(String what, String mediaType) {
    return new BuildException(
        what + ": is not a container image but " + MessageText.quoted(mediaType),
        "name a bootable container image");
  }

  /**
   * A configuration as parsed.
   *
   * @param diffIds digests of the uncompressed layers, lowest first
   */
  record Config(ImageConfig imageConfig, List<Digest> diffIds) {
    static Config parse(byte[] bytes, Optional<String> annotatedCreation)
        throws MalformedException {
      JsonObject json = JsonObject.parse(bytes);
      Map<String, String> labels = Map.of();
      Optional<JsonObject> runtime = json.object("config");
      if (runtime.isPresent()) {
        labels = runtime.get().textMap("Labels");
      }
      Optional<String> configCreation = json.text("created");
      Optional<Instant> created =
          annotatedCreation
              .flatMap(Config::instant)
              .or(() -> configCreation.flatMap(Config::instant));
      List<Digest> diffIds = new ArrayList<>();
      Optional<JsonObject> rootfs = json.object("rootfs");
      if (rootfs.isPresent()) {
        for (String text : rootfs.get().texts("diff_ids")) {
          try {
            diffIds.add(Digest.parse(text));
          } catch (IllegalArgumentException e) {
            throw new MalformedException("diff_id " + MessageText.quoted(text) + " is no digest");
          }
        }
      }
      return new Config(
          new ImageConfig(
              json.text("architecture").orElse(""), json.text("os").orElse(""), labels, created),
          List.copyOf(diffIds));
    }

    private static Optional<Instant> instant(String rfc3339) {
      try {
        return Optional.of(OffsetDateTime.parse(rfc3339).toInstant());
      } catch (DateTimeException e) {
        return Optional.empty();
      }
    }
  }
}
