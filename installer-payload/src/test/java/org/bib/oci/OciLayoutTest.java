package org.bib.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.bib.layout.Architecture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OciLayoutTest {
  private static final SourceOptions AMD64 = options(Architecture.AMD64);

  @TempDir Path dir;
  private final byte[] content = new byte[300_000];

  @BeforeEach
  void fill() {
    new Random(3).nextBytes(content);
  }

  @Test
  void gzipZstdAndPlainLayersGiveTheSameBytes() throws IOException {
    for (byte[] blob : new byte[][] {gzip(content), Zstd.compress(content), content}) {
      OciLayout layout = image(blob, content);
      try (InputStream in = LayerStream.uncompressed(layout, layout.layers().get(0))) {
        assertThat(in.readAllBytes()).isEqualTo(content);
      }
    }
  }

  @Test
  void concatenatedGzipMembersAreOneLayer() throws IOException {
    ByteArrayOutputStream both = new ByteArrayOutputStream();
    both.writeBytes(gzip(Arrays.copyOf(content, 100_000)));
    both.writeBytes(gzip(Arrays.copyOfRange(content, 100_000, content.length)));
    OciLayout layout = image(both.toByteArray(), content);
    try (InputStream in = LayerStream.uncompressed(layout, layout.layers().get(0))) {
      assertThat(in.readAllBytes()).isEqualTo(content);
    }
  }

  @Test
  void damagedBlobIsRefusedByName() throws IOException {
    OciLayout layout = image(gzip(content), content);
    Path blob = dir.resolve("blobs/sha256/" + layout.layers().get(0).digest().hex());
    byte[] bytes = Files.readAllBytes(blob);
    bytes[bytes.length / 2] ^= 1;
    Files.write(blob, bytes);
    assertThatThrownBy(() -> drain(layout))
        .hasMessageContaining(layout.layers().get(0).digest().toString())
        .hasMessageContaining(";");
    Files.write(blob, Arrays.copyOf(bytes, 1000));
    assertThatThrownBy(() -> drain(layout)).isInstanceOf(IOException.class);
  }

  @Test
  void wrongDiffIdIsRefused() throws IOException {
    OciLayout layout = image(gzip(content), new byte[10]);
    assertThatThrownBy(() -> drain(layout)).hasMessageContaining("digest mismatch");
  }

  @Test
  void otherArchitectureSaysWhichIsThere() throws IOException {
    image(content, content);
    assertThatThrownBy(() -> OciLayout.open(dir, Optional.empty(), options(Architecture.ARM64)))
        .hasMessageContaining("for linux/amd64, not for linux/arm64");
  }

  @Test
  void unknownTagListsTheTags() throws IOException {
    image(content, content);
    assertThatThrownBy(() -> OciLayout.open(dir, Optional.of("nope"), AMD64))
        .hasMessageContaining("has no image nope")
        .hasMessageContaining("latest");
  }

  private static void drain(OciLayout layout) throws IOException {
    try (InputStream in = LayerStream.uncompressed(layout, layout.layers().get(0))) {
      in.readAllBytes();
    }
  }

  private OciLayout image(byte[] blob, byte[] tar) throws IOException {
    Files.createDirectories(dir.resolve("blobs/sha256"));
    String config =
        "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\""
            + Digest.sha256(tar)
            + "\"]}}";
    String manifest =
        "{\"schemaVersion\":2,\"config\":"
            + blob("application/vnd.oci.image.config.v1+json", bytes(config), "")
            + ",\"layers\":["
            + blob("application/vnd.oci.image.layer.v1.tar", blob, "")
            + "]}";
    Files.writeString(dir.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
    Files.writeString(
        dir.resolve("index.json"),
        "{\"schemaVersion\":2,\"manifests\":["
            + blob(
                "application/vnd.oci.image.manifest.v1+json",
                bytes(manifest),
                ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"latest\"}")
            + "]}");
    return OciLayout.open(dir, Optional.empty(), AMD64);
  }

  private String blob(String type, byte[] bytes, String more) throws IOException {
    Digest digest = Digest.sha256(bytes);
    Files.write(dir.resolve("blobs/sha256/" + digest.hex()), bytes);
    return String.format(
        "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d%s}", type, digest, bytes.length, more);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] gzip(byte[] bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }

  private static SourceOptions options(Architecture architecture) {
    return new SourceOptions(architecture, Optional.empty(), true, Optional.empty());
  }
}
