package org.bib.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.bib.oci.TestImage.bytes;
import static org.bib.oci.TestImage.gzip;
import static org.bib.oci.TestImage.random;
import static org.bib.oci.TestImage.zstd;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bib.failure.BuildException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DockerArchiveTest {
  private static final byte[] CONTENT = random(200_000);

  @TempDir Path dir;

  private String reference() {
    return "docker-archive:" + dir.resolve("os.tar");
  }

  /** What skopeo makes of the archive. */
  private Digest digestOfSkopeo() throws IOException, InterruptedException {
    return Digest.sha256(
        bytes(TestTools.run(dir, List.of("skopeo", "inspect", "--raw", "docker-archive:os.tar"))));
  }

  @Test
  void theManifestIsTheOneThatSkopeoMakes() throws Exception {
    TestImage image = TestImage.of(CONTENT);
    image.writeLayout(dir.resolve("layout"), "1");
    TestTools.run(
        dir,
        List.of("skopeo", "copy", "-q", "oci:layout:1", "docker-archive:os.tar:quay.io/x/os:1"));
    try (SourceImage found = new Pull(dir).open(reference())) {
      assertThat(found.manifestDigest()).isEqualTo(digestOfSkopeo());
      assertThat(Digest.sha256(found.config())).isEqualTo(image.config());
      assertThat(found.registryName()).contains("quay.io/x/os:1");
    }
    for (String selector : List.of("", ":quay.io/x/os:1", ":@0")) {
      assertThat(new Pull(dir).layer(reference() + selector)).isEqualTo(CONTENT);
    }
    Files.write(dir.resolve("os.tar"), gzip(Files.readAllBytes(dir.resolve("os.tar"))));
    assertThat(new Pull(dir).layer(reference())).as("compressed as a whole").isEqualTo(CONTENT);
  }

  private static byte[] config(byte[]... tars) {
    StringBuilder diffIds = new StringBuilder();
    for (byte[] tar : tars) {
      diffIds.append(diffIds.length() == 0 ? "\"" : ",\"").append(Digest.sha256(tar)).append('"');
    }
    return bytes(
        "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":["
            + diffIds
            + "]}}");
  }

  @Test
  void layersMayBeLinksAndCompressed() throws Exception {
    byte[] other = random(70_000);
    byte[] config = config(CONTENT, other, CONTENT);
    Files.write(
        dir.resolve("os.tar"),
        new TestArchive()
            .file("a/layer.tar", gzip(CONTENT))
            .symlink("c/layer.tar", "../a/layer.tar")
            .file("./b/layer.tar", zstd(other))
            .file("c.json", config)
            .file(
                "manifest.json",
                bytes(
                    "[{\"Config\":\"c.json\",\"RepoTags\":null,\"Layers\":[\"c/layer.tar\",\"b/layer.tar\",\"c/layer.tar\"]}]"))
            .bytes());
    try (SourceImage found = new Pull(dir).open(reference())) {
      assertThat(found.layers()).hasSize(3);
      for (int i = 0; i < 3; i++) {
        try (InputStream in = LayerStream.uncompressed(found, found.layers().get(i))) {
          assertThat(in.readAllBytes()).isEqualTo(i == 1 ? other : CONTENT);
        }
      }
      assertThat(found.registryName()).isEmpty();
    }
  }

  @Test
  void severalImagesAreToldApartByTagOrIndex() throws Exception {
    byte[] other = random(70_000);
    Files.write(
        dir.resolve("os.tar"),
        new TestArchive()
            .file("1.tar", CONTENT)
            .file("2.tar", other)
            .file("1.json", config(CONTENT))
            .file("2.json", config(other))
            .file(
                "manifest.json",
                bytes(
                    "[{\"Config\":\"1.json\",\"RepoTags\":[\"os:latest\"],\"Layers\":[\"1.tar\"]},"
                        + "{\"Config\":\"2.json\",\"RepoTags\":[\"quay.io/x/os:2\"],\"Layers\":[\"2.tar\"]}]"))
            .bytes());
    for (String selector : List.of("os", "os:latest", "docker.io/library/os:latest", "@0")) {
      assertThat(new Pull(dir).layer(reference() + ":" + selector)).isEqualTo(CONTENT);
    }
    for (String selector : List.of("quay.io/x/os:2", "@1")) {
      assertThat(new Pull(dir).layer(reference() + ":" + selector)).isEqualTo(other);
    }
    fails(reference(), ": has 2 images, tagged os:latest, quay.io/x/os:2; name one, as in ");
    fails(reference() + ":quay.io/x/os:3", ": has no tag \"quay.io/x/os:3\", tagged os:latest, ");
    fails(reference() + ":@2", ": has no image @2, only 2; name another");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{}",
        "[]",
        "[{}]",
        "[{\"Config\":\"c.json\"}]",
        "[{\"Config\":\"none.json\",\"Layers\":[\"l.tar\"]}]",
        "[{\"Config\":\"../../../etc/passwd\",\"Layers\":[\"l.tar\"]}]",
        "[{\"Config\":\"c.json\",\"Layers\":[\"l.tar\",\"l.tar\"]}]",
        "[{\"Config\":\"c.json\",\"Layers\":[\"none.tar\"]}]",
        "[{\"Config\":\"c.json\",\"Layers\":[\"loop\"]}]",
        "[{\"Config\":\"c.json\",\"Layers\":[\"out\"]}]",
        "[{\"Config\":\"c.json\",\"Layers\":[\"broken.tar\"]}]",
        "[{\"Config\":\"c.json\",\"Layers\":[\"other.tar\"]}]",
        "[{\"Config\":\"l.tar\",\"Layers\":[\"l.tar\"]}]",
        "[{\"Config\":\"c.json\",\"Layers\":[7]}]"
      })
  void aDamagedArchiveIsToldInOneLine(String manifest) throws Exception {
    byte[] broken = gzip(CONTENT);
    broken[broken.length / 2] ^= 0x55;
    Files.write(
        dir.resolve("os.tar"),
        new TestArchive()
            .file("l.tar", CONTENT)
            .file("other.tar", random(10))
            .file("broken.tar", broken)
            .file("c.json", config(CONTENT))
            .symlink("loop", "loop")
            .symlink("out", "/etc/passwd")
            .file("manifest.json", bytes(manifest))
            .bytes());
    assertThatThrownBy(() -> new Pull(dir).layer(reference()))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining(reference())
        .hasMessageEndingWith("; save the image to " + dir.resolve("os.tar") + " again")
        .hasMessageNotContaining("\n");
  }

  @Test
  void whatIsNoArchiveIsTold() throws Exception {
    fails(reference(), ": no such file; name a file that docker save wrote");
    Files.write(dir.resolve("os.tar"), random(5000));
    fails(reference(), "os.tar: is not a docker archive: ");
    Files.write(dir.resolve("os.tar"), new TestArchive().file("index.json", bytes("{}")).bytes());
    fails(reference(), ": has no manifest.json; check the path; for an OCI archive write oci-arch");
  }

  private void fails(String reference, String message) {
    assertThatThrownBy(() -> new Pull(dir).layer(reference)).hasMessageContaining(message);
  }
}
