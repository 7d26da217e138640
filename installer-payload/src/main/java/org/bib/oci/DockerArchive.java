package org.bib.oci;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bib.failure.BuildException;
import org.bib.failure.ConfigException;
import org.bib.oci.JsonObject.MalformedException;

/**
 * An archive as {@code docker save} and {@code podman save} write it (moby, image/spec/v1.2.md,
 * "Combined Image JSON + Filesystem Changeset Format"): configuration and layers, but no manifest.
 * The manifest is made here as the tools of containers/image make it
 * (docker/internal/tarfile/src.go), byte for byte: of Docker's schema 2, with each layer under the
 * digest of its uncompressed tar.
 */
final class DockerArchive implements ImageStore {
  private static final String MANIFEST = "manifest.json";
  private static final String CONFIG_TYPE = "application/vnd.docker.container.image.v1+json";
  private static final String LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip";

  private final ArchiveFiles files;
  private final String name;
  private final Optional<String> selector;
  private final String remedy;
  private final Map<Digest, String> layers = new LinkedHashMap<>();
  private byte[] config = new byte[0];
  private Optional<RawManifest> manifest = Optional.empty();
  private Optional<String> tag = Optional.empty();

  /** An image of the archive. */
  private record Entry(String config, List<String> tags, List<String> layers) {
    static Entry of(JsonObject json) throws MalformedException {
      return new Entry(
          json.text("Config").orElseThrow(() -> new MalformedException("an image has no Config")),
          json.texts("RepoTags"),
          json.texts("Layers"));
    }
  }

  /**
   * @param name of the reference as messages show it
   * @param selector a tag, or {@code @} and an index; the only image if absent
   * @param remedy what to do if the archive is damaged, an imperative
   */
  DockerArchive(ArchiveFiles files, String name, Optional<String> selector, String remedy) {
    this.files = files;
    this.name = name;
    this.selector = selector;
    this.remedy = remedy;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<Descriptor> roots() throws IOException {
    Entry entry = chosen(entries());
    tag = entry.tags().stream().findFirst();
    config = bounded(entry.config(), ImageResolver.MAX_CONFIG_SIZE);
    List<Digest> diffIds;
    try {
      diffIds = ImageManifest.Config.parse(config, Optional.empty()).diffIds();
    } catch (MalformedException e) {
      throw damaged(entry.config(), e);
    }
    if (diffIds.size() != entry.layers().size()) {
      throw new BuildException(
          name
              + ": its configuration has "
              + diffIds.size()
              + " diff_ids for "
              + entry.layers().size()
              + " layers",
          remedy);
    }
    byte[] bytes = synthesize(diffIds, entry.layers()).getBytes(StandardCharsets.UTF_8);
    RawManifest made = new RawManifest(ImageManifest.DOCKER_MANIFEST, Digest.sha256(bytes), bytes);
    manifest = Optional.of(made);
    return List.of(
        new Descriptor(
            made.mediaType(), made.digest(), bytes.length, Optional.empty(), Optional.empty()));
  }

  /** The manifest as Go's encoding/json writes containers/image's {@code manifest.Schema2}. */
  private String synthesize(List<Digest> diffIds, List<String> paths) throws IOException {
    StringBuilder json =
        new StringBuilder("{\"schemaVersion\":2,\"mediaType\":\"")
            .append(ImageManifest.DOCKER_MANIFEST)
            .append("\",\"config\":")
            .append(descriptor(CONFIG_TYPE, config.length, Digest.sha256(config)))
            .append(",\"layers\":[");
    Map<Digest, Long> sizes = new LinkedHashMap<>();
    for (int i = 0; i < diffIds.size(); i++) {
      Digest diffId = diffIds.get(i);
      if (!sizes.containsKey(diffId)) {
        layers.put(diffId, paths.get(i));
        sizes.put(diffId, uncompressedSize(paths.get(i)));
      }
      json.append(i == 0 ? "" : ",").append(descriptor(LAYER_TYPE, sizes.get(diffId), diffId));
    }
    return json.append("]}").toString();
  }

  private static String descriptor(String mediaType, long size, Digest digest) {
    return "{\"mediaType\":\""
        + mediaType
        + "\",\"size\":"
        + size
        + ",\"digest\":\""
        + digest
        + "\"}";
  }

  /** Only what is compressed, which some engines' layers are, has to be read to be measured. */
  private long uncompressedSize(String path) throws IOException {
    try (InputStream raw = open(path)) {
      byte[] head = raw.readNBytes(4);
      if (Compression.of(head, head.length) == Compression.NONE) {
        return files.size(path);
      }
    }
    try (InputStream tar = Compression.inflated(open(path))) {
      byte[] sink = new byte[1 << 16];
      long size = 0;
      for (int n = tar.read(sink); n >= 0; n = tar.read(sink)) {
        size += n;
        if (size > LayerStream.MAX_UNCOMPRESSED) {
          throw new BuildException(
              name + ": " + MessageText.oneLine(path) + " inflates without end",
              "use another image");
        }
      }
      return size;
    } catch (BuildException e) {
      throw e;
    } catch (IOException e) {
      throw new BuildException(
          name
              + ": "
              + MessageText.oneLine(path)
              + ": corrupt data: "
              + MessageText.oneLine(String.valueOf(e.getMessage())),
          remedy,
          e);
    }
  }

  private List<Entry> entries() throws IOException {
    List<Entry> entries = new ArrayList<>();
    try {
      for (JsonObject json : JsonObject.parseList(bounded(MANIFEST, RawManifest.MAX_SIZE))) {
        entries.add(Entry.of(json));
      }
    } catch (MalformedException e) {
      throw damaged(MANIFEST, e);
    }
    if (entries.isEmpty()) {
      throw new BuildException(name + ": has no image", remedy);
    }
    return entries;
  }

  private Entry chosen(List<Entry> entries) throws BuildException {
    if (selector.isEmpty()) {
      if (entries.size() > 1) {
        throw new BuildException(
            name + ": has " + entries.size() + " images, " + tags(entries),
            "name one, as in " + name + ":TAG or " + name + ":@0");
      }
      return entries.get(0);
    }
    String wanted = selector.get();
    if (wanted.matches("@[0-9]{1,6}")) {
      int index = Integer.parseInt(wanted.substring(1));
      if (index >= entries.size()) {
        throw new BuildException(
            name + ": has no image " + wanted + ", only " + entries.size(), "name another");
      }
      return entries.get(index);
    }
    for (Entry entry : entries) {
      if (entry.tags().stream().anyMatch(tagged -> isSame(tagged, wanted))) {
        return entry;
      }
    }
    throw new BuildException(
        name + ": has no tag " + MessageText.quoted(wanted) + ", " + tags(entries), "name another");
  }

  /** Whether two names mean the same, one of them perhaps without registry or tag. */
  private static boolean isSame(String tagged, String wanted) {
    if (tagged.equals(wanted)) {
      return true;
    }
    try {
      return RegistryReference.parse(tagged).equals(RegistryReference.parse(wanted));
    } catch (ConfigException e) {
      return false;
    }
  }

  private static String tags(List<Entry> entries) {
    return MessageText.list(
        "tagged", entries.stream().flatMap(entry -> entry.tags().stream()).toList());
  }

  @Override
  public RawManifest manifest(Descriptor descriptor) {
    return manifest.orElseThrow();
  }

  @Override
  public InputStream blob(Descriptor descriptor) throws IOException {
    String path = layers.get(descriptor.digest());
    return path == null ? new ByteArrayInputStream(config) : Compression.inflated(open(path));
  }

  @Override
  public Optional<String> registryName() {
    return tag;
  }

  @Override
  public String remedyForDamage() {
    return remedy;
  }

  @Override
  public void close() throws IOException {
    files.close();
  }

  private InputStream open(String path) throws IOException {
    try {
      return files.open(path);
    } catch (NoSuchFileException e) {
      throw new BuildException(
          name + ": has no " + MessageText.oneLine(path),
          path.equals(MANIFEST)
              ? "check the path; for an OCI archive write oci-archive:FILE"
              : remedy,
          e);
    }
  }

  private byte[] bounded(String path, int limit) throws IOException {
    try (InputStream in = open(path)) {
      byte[] bytes = in.readNBytes(limit + 1);
      if (bytes.length > limit) {
        throw new BuildException(
            name + ": " + MessageText.oneLine(path) + " is larger than " + limit + " bytes",
            "use another image");
      }
      return bytes;
    }
  }

  private BuildException damaged(String path, MalformedException e) {
    return new BuildException(
        name
            + ": "
            + MessageText.oneLine(path)
            + ": "
            + MessageText.oneLine(String.valueOf(e.getMessage())),
        remedy,
        e);
  }
}
