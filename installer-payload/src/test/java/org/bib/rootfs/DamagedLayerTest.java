package org.bib.rootfs;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.bib.failure.BuildException;
import org.bib.failure.ConfigException;
import org.bib.layout.Architecture;
import org.bib.oci.Digest;
import org.bib.oci.ImageSources;
import org.bib.oci.SourceImage;
import org.bib.oci.SourceOptions;
import org.bib.progress.BuildListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a build says of a layer that is damaged: the damage, not what it does to the tar. */
class DamagedLayerTest {
  @TempDir Path dir;

  @Test
  void damageIsToldBeforeWhatItDoesToTheTar() throws Exception {
    byte[] tar = tar();
    byte[] damaged = tar.clone();
    damaged[3] ^= 1; // in the first header, whose checksum the reader of tar checks at once
    String digest = write(tar, tar).hex().substring(0, 12);
    put(tar, damaged);
    assertThatThrownBy(this::read)
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("layer sha256:" + digest)
        .hasMessageContaining("digest mismatch");
    put(tar, Arrays.copyOf(tar, 700));
    assertThatThrownBy(this::read)
        .hasMessageContaining("layer sha256:" + digest)
        .hasMessageContaining("truncated: 700 of " + tar.length + " bytes");
  }

  @Test
  void layerThatIsNoTarIsRefusedByName() throws Exception {
    byte[] text = "no tar at all\n".repeat(100).getBytes(StandardCharsets.US_ASCII);
    String digest = write(text, text).hex().substring(0, 12);
    assertThatThrownBy(this::read)
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("layer sha256:" + digest);
  }

  @Test
  void strangeTarUnderAWrongDiffIdIsAWrongDiffId() throws Exception {
    byte[] tar = tar();
    byte[] strange = tar.clone();
    strange[3] ^= 1;
    write(strange, tar);
    assertThatThrownBy(this::read).hasMessageContaining("diff_id mismatch");
  }

  private static byte[] tar() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(out)) {
      byte[] content = new byte[5000];
      TarArchiveEntry entry = new TarArchiveEntry("usr-file");
      entry.setSize(content.length);
      tar.putArchiveEntry(entry);
      tar.write(content);
      tar.closeArchiveEntry();
    }
    return out.toByteArray();
  }

  private void read() throws ConfigException, IOException, InterruptedException {
    SourceOptions options =
        new SourceOptions(Architecture.AMD64, Optional.empty(), true, Optional.empty());
    Path workspace = Files.createTempDirectory(dir, "workspace");
    try (SourceImage image =
            ImageSources.open("oci:" + dir.resolve("layout"), options, BuildListener.SILENT);
        ImageTree tree = ImageTree.read(image, workspace, 2, BuildListener.SILENT)) {
      throw new AssertionError("read as " + tree.root().getClass());
    }
  }

  private void put(byte[] named, byte[] bytes) throws IOException {
    Files.write(dir.resolve("layout/blobs/sha256/" + Digest.sha256(named).hex()), bytes);
  }

  private Digest write(byte[] layer, byte[] tar) throws IOException {
    Files.createDirectories(dir.resolve("layout/blobs/sha256"));
    String config =
        "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\""
            + Digest.sha256(tar)
            + "\"]}}";
    String manifest =
        "{\"schemaVersion\":2,\"config\":"
            + blob("application/vnd.oci.image.config.v1+json", bytes(config))
            + ",\"layers\":["
            + blob("application/vnd.oci.image.layer.v1.tar", layer)
            + "]}";
    Files.writeString(
        dir.resolve("layout/index.json"),
        "{\"schemaVersion\":2,\"manifests\":["
            + blob("application/vnd.oci.image.manifest.v1+json", bytes(manifest))
            + "]}");
    return Digest.sha256(layer);
  }

  private String blob(String type, byte[] bytes) throws IOException {
    put(bytes, bytes);
    return String.format(
        "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d}",
        type, Digest.sha256(bytes), bytes.length);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
