package org.bib.oci;

import static org.bib.oci.TestImage.bytes;
import static org.bib.oci.TestImage.gzip;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** A store of podman with the driver overlay, written file by file; parts may be made wrong. */
final class TestStore {
  private final Path root;
  private final List<String> images = new ArrayList<>();
  private final List<String> layers = new ArrayList<>();

  /** A layer to be unpacked: its tar, and what tar-split says of it. */
  static final class LayerTar {
    private final byte[] tar;
    private final String record;

    LayerTar(byte[] tar, String record) {
      this.tar = tar.clone();
      this.record = record;
    }

    byte[] tar() {
      return tar.clone();
    }
  }

  TestStore(Path root) throws IOException {
    this.root = root;
    Files.createDirectories(root.resolve("overlay-images"));
    Files.createDirectories(root.resolve("overlay-layers"));
  }

  Path root() {
    return root;
  }

  /** What tar-split says of bytes that are no file. */
  static String segment(byte[] payload) {
    return "{\"type\":2,\"payload\":\"" + Base64.getEncoder().encodeToString(payload) + "\"}\n";
  }

  /** What tar-split says of a file. */
  static String file(String name, long size) {
    return "{\"type\":1,\"name\":\""
        + name
        + "\",\"size\":"
        + size
        + ",\"payload\":\"AAAAAAAAAAA=\",\"position\":1}\n";
  }

  /** Something like a tar: bytes around the content of one file. */
  static LayerTar around(String name, byte[] content) {
    byte[] header = bytes("a header;");
    byte[] padding = bytes(";padding");
    byte[] tar = new byte[header.length + content.length + padding.length];
    System.arraycopy(header, 0, tar, 0, header.length);
    System.arraycopy(content, 0, tar, header.length, content.length);
    System.arraycopy(padding, 0, tar, header.length + content.length, padding.length);
    return new LayerTar(tar, segment(header) + file(name, content.length) + segment(padding));
  }

  /** Where a layer is unpacked. */
  Path diff(LayerTar layer) {
    return root.resolve("overlay").resolve(id(layer)).resolve("diff");
  }

  static String id(LayerTar layer) {
    return Digest.sha256(layer.tar()).hex();
  }

  Path record(LayerTar layer) {
    return root.resolve("overlay-layers").resolve(id(layer) + ".tar-split.gz");
  }

  /** Unpacks a layer, without any of its files. */
  TestStore add(LayerTar layer, String parent) throws IOException {
    Files.createDirectories(diff(layer));
    Files.write(record(layer), gzip(bytes(layer.record)));
    layers.add(
        "{\"id\":\""
            + id(layer)
            + "\""
            + (parent.isEmpty() ? "" : ",\"parent\":\"" + parent + "\"")
            + ",\"diff-digest\":\"sha256:"
            + id(layer)
            + "\",\"diff-size\":"
            + layer.tar().length
            + "}");
    return write();
  }

  /** Keeps manifest and configuration of an image whose layers are unpacked. */
  TestStore add(TestImage image, String topLayer, String... names) throws IOException {
    String id = image.config().hex();
    Path directory = Files.createDirectories(root.resolve("overlay-images").resolve(id));
    Files.write(directory.resolve("manifest"), image.manifest());
    Files.write(
        directory.resolve(
            "="
                + Base64.getEncoder()
                    .encodeToString(image.config().toString().getBytes(StandardCharsets.UTF_8))),
        image.blob(image.config()));
    images.add(
        "{\"id\":\""
            + id
            + "\",\"digest\":\""
            + image.digest()
            + "\",\"names\":["
            + (names.length == 0 ? "" : "\"" + String.join("\",\"", names) + "\"")
            + "],\"layer\":\""
            + topLayer
            + "\",\"big-data-digests\":{\"manifest\":\""
            + image.digest()
            + "\"}}");
    return write();
  }

  /** An image of one layer with one file {@code etc/f}, unpacked. */
  TestImage addImage(byte[] content, String... names) throws IOException {
    LayerTar layer = around("etc/f", content);
    TestImage image = TestImage.of(layer.tar());
    add(layer, "").add(image, id(layer), names);
    Path etc = Files.createDirectories(diff(layer).resolve("etc"));
    Files.write(etc.resolve("f"), content);
    return image;
  }

  private TestStore write() throws IOException {
    Files.writeString(
        root.resolve("overlay-images/images.json"), "[" + String.join(",", images) + "]");
    Files.writeString(
        root.resolve("overlay-layers/layers.json"), "[" + String.join(",", layers) + "]");
    return this;
  }
}
