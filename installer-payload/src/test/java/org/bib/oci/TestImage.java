package org.bib.oci;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;

/** A small image of one layer, with its blobs; parts may be made wrong on purpose. */
final class TestImage {
  static final String OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
  private static final String OCI_CONFIG = "application/vnd.oci.image.config.v1+json";

  private final Map<Digest, byte[]> blobs = new LinkedHashMap<>();
  private final Digest layer;
  private final Digest config;
  private final byte[] manifest;
  private final String manifestType;
  private final String architecture;

  /** The media types of an image. */
  record Types(String manifest, String config, String layer) {
    static final Types OCI = new Types(ImageManifest.OCI_MANIFEST, OCI_CONFIG, OCI_LAYER);
    static final Types DOCKER =
        new Types(
            ImageManifest.DOCKER_MANIFEST,
            "application/vnd.docker.container.image.v1+json",
            "application/vnd.docker.image.rootfs.diff.tar.gzip");

    Types withLayer(String type) {
      return new Types(manifest, config, type);
    }
  }

  TestImage(Types types, String architecture, byte[] blob, Digest diffId) {
    this.architecture = architecture;
    this.manifestType = types.manifest();
    this.layer = add(blob);
    byte[] json =
        bytes(
            "{\"architecture\":\""
                + architecture
                + "\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\""
                + diffId
                + "\"]}}");
    this.config = add(json);
    this.manifest =
        bytes(
            "{\"schemaVersion\":2,\"mediaType\":\""
                + types.manifest()
                + "\",\"config\":"
                + descriptor(types.config(), json, "")
                + ",\"layers\":["
                + descriptor(types.layer(), blob, "")
                + "]}");
    add(manifest);
  }

  /** An image with a layer that is as it should be. */
  static TestImage of(byte[] content) throws IOException {
    return new TestImage(Types.OCI, "amd64", gzip(content), Digest.sha256(content));
  }

  /** Before one is made. */
  static TestImage ofNothing() {
    return new TestImage(Types.OCI, "amd64", new byte[0], Digest.sha256(new byte[0]));
  }

  Map<Digest, byte[]> blobs() {
    return blobs;
  }

  /** A copy of a blob. */
  byte[] blob(Digest digest) {
    return blobs.getOrDefault(digest, new byte[0]).clone();
  }

  Digest layer() {
    return layer;
  }

  Digest config() {
    return config;
  }

  byte[] manifest() {
    return manifest.clone();
  }

  String manifestType() {
    return manifestType;
  }

  Digest digest() {
    return Digest.sha256(manifest);
  }

  /** An entry of an index for this image. */
  String entry() {
    return descriptor(
        manifestType,
        manifest,
        ",\"platform\":{\"os\":\"linux\",\"architecture\":\"" + architecture + "\"}");
  }

  static byte[] index(String type, TestImage... images) {
    StringBuilder entries = new StringBuilder();
    for (TestImage image : images) {
      entries.append(entries.length() == 0 ? "" : ",").append(image.entry());
    }
    return bytes(
        "{\"schemaVersion\":2,\"mediaType\":\"" + type + "\",\"manifests\":[" + entries + "]}");
  }

  /** Writes an OCI image layout with this image as its only one. */
  void writeLayout(Path directory, String tag) throws IOException {
    Files.createDirectories(directory.resolve("blobs/sha256"));
    for (Map.Entry<Digest, byte[]> blob : blobs.entrySet()) {
      Files.write(directory.resolve("blobs/sha256/" + blob.getKey().hex()), blob.getValue());
    }
    Files.writeString(directory.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
    String annotation = ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"" + tag + "\"}";
    Files.writeString(
        directory.resolve("index.json"),
        "{\"schemaVersion\":2,\"manifests\":["
            + descriptor(manifestType, manifest, annotation)
            + "]}");
  }

  private Digest add(byte[] blob) {
    Digest digest = Digest.sha256(blob);
    blobs.put(digest, blob);
    return digest;
  }

  private static String descriptor(String type, byte[] bytes, String more) {
    return "{\"mediaType\":\""
        + type
        + "\",\"digest\":\""
        + Digest.sha256(bytes)
        + "\",\"size\":"
        + bytes.length
        + more
        + "}";
  }

  static byte[] random(int size) {
    byte[] bytes = new byte[size];
    new Random(3).nextBytes(bytes);
    return bytes;
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static byte[] gzip(byte[] bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }

  static byte[] zstd(byte[] bytes) {
    return Zstd.compress(bytes);
  }
}
