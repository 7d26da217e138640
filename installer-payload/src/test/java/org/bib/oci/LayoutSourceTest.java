package org.bib.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.bib.layout.Architecture;
import org.bib.progress.BuildListener;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LayoutSourceTest {
  private static final SourceOptions AMD64 = options(Architecture.AMD64);

  @TempDir Path dir;
  private final byte[] content = new byte[300_000];

  @BeforeEach
  void fill() {
    new Random(3).nextBytes(content);
  }

  @Test
  void gzipZstdAndPlainLayersGiveTheSameBytes() throws Exception {
    for (byte[] blob : new byte[][] {gzip(content), Zstd.compress(content), content}) {
      SourceImage layout = image(blob, content);
      try (InputStream in = LayerStream.uncompressed(layout, layout.layers().get(0))) {
        assertThat(in.readAllBytes()).isEqualTo(content);
      }
    }
  }

  @Test
  void concatenatedGzipMembersAreOneLayer() throws Exception {
    ByteArrayOutputStream both = new ByteArrayOutputStream();
    both.writeBytes(gzip(Arrays.copyOf(content, 100_000)));
    both.writeBytes(gzip(Arrays.copyOfRange(content, 100_000, content.length)));
    SourceImage layout = image(both.toByteArray(), content);
    try (InputStream in = LayerStream.uncompressed(layout, layout.layers().get(0))) {
      assertThat(in.readAllBytes()).isEqualTo(content);
    }
  }

  @Test
  void damagedBlobIsRefusedByName() throws Exception {
    SourceImage layout = image(gzip(content), content);
    Path blob = dir.resolve("blobs/sha256/" + layout.layers().get(0).digest().hex());
    byte[] bytes = Files.readAllBytes(blob);
    bytes[bytes.length / 2] ^= 1;
    Files.write(blob, bytes);
    assertThatThrownBy(() -> drain(layout))
        .hasMessageContaining(layout.layers().get(0).digest().hex().substring(0, 12))
        .hasMessageContaining("digest mismatch");
    Files.write(blob, Arrays.copyOf(bytes, 1000));
    assertThatThrownBy(() -> drain(layout)).hasMessageContaining("truncated: 1000 of");
  }

  @Test
  void wrongDiffIdIsRefused() throws Exception {
    SourceImage layout = image(gzip(content), new byte[10]);
    assertThatThrownBy(() -> drain(layout)).hasMessageContaining("diff_id mismatch");
  }

  @Test
  void otherArchitectureSaysWhichIsThere() throws Exception {
    image(content, content);
    assertThatThrownBy(() -> open("", options(Architecture.ARM64)))
        .hasMessageContaining("has no image for linux/arm64, only linux/amd64");
  }

  @Test
  void unknownTagListsTheTags() throws Exception {
    image(content, content);
    assertThatThrownBy(() -> open(":nope", AMD64))
        .hasMessageContaining("has no tag \"nope\"")
        .hasMessageContaining("latest");
  }

  private SourceImage open(String selector, SourceOptions options) throws Exception {
    return ImageSources.open("oci:" + dir + selector, options, BuildListener.SILENT);
  }

  private static void drain(SourceImage layout) throws Exception {
    try (InputStream in = LayerStream.uncompressed(layout, layout.layers().get(0))) {
      in.readAllBytes();
    }
  }

  private SourceImage image(byte[] blob, byte[] tar) throws Exception {
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
    return open(":latest", AMD64);
  }

  private String blob(String type, byte[] bytes, String more) throws Exception {
    Digest digest = Digest.sha256(bytes);
    Files.write(dir.resolve("blobs/sha256/" + digest.hex()), bytes);
    return String.format(
        "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d%s}", type, digest, bytes.length, more);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] gzip(byte[] bytes) throws Exception {
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
