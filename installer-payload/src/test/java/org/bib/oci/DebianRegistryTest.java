package org.bib.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.bib.failure.BuildException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DebianRegistryTest {
  private final byte[] content = TestImage.random(2_000_000);

  @TempDir Path home;
  private TestImage image;
  private String layout;

  @BeforeEach
  void write() throws Exception {
    image = TestImage.of(content);
    image.writeLayout(home.resolve("layout"), "latest");
    layout = "oci:" + home.resolve("layout") + ":latest";
  }

  @Test
  void anyoneReadsAnOpenRegistryByTagAndDigest() throws Exception {
    try (DebianRegistry registry = registry(Optional.empty(), Optional.empty())) {
      registry.push(layout, "x/os:1", "--dest-tls-verify=false", "--preserve-digests");
      registry.push(layout, "x/os:docker", "--dest-tls-verify=false", "--format=v2s2");
      String name = registry.host() + "/x/os";
      assertThat(new Pull(home).layer(name + ":1")).isEqualTo(content);
      assertThat(new Pull(home).layer(name + "@" + image.digest())).isEqualTo(content);
      assertThat(new Pull(home).layer(name + ":1@" + image.digest())).isEqualTo(content);
      try (SourceImage docker = new Pull(home).open(name + ":docker")) {
        assertThat(new String(docker.manifest(), StandardCharsets.UTF_8))
            .contains(ImageManifest.DOCKER_MANIFEST);
      }
      assertThat(new Pull(home).layer(name + ":docker")).isEqualTo(content);
      assertThatThrownBy(() -> new Pull(home).verifyingTls().open(name + ":1"))
          .isInstanceOf(BuildException.class)
          .hasMessageContaining("does not speak TLS; use --tls-verify=false");
      assertThatThrownBy(() -> new Pull(home).open(name + ":2"))
          .isInstanceOf(BuildException.class)
          .hasMessageContaining("404 MANIFEST_UNKNOWN");
    }
  }

  @Test
  void registryWithTlsAndUsersWantsBoth() throws Exception {
    TestCertificates certificates = new TestCertificates(home.resolve("pki"));
    Path trusted = certificates.certDir("trusted", "ca.crt", "ca.crt");
    Path htpasswd =
        Files.writeString(
            home.resolve("htpasswd"),
            TestTools.run(home, List.of("htpasswd", "-Bbn", "joe", "secret")));
    try (DebianRegistry registry = registry(Optional.of(certificates), Optional.of(htpasswd))) {
      registry.push(
          layout,
          "x/os:1",
          "--dest-cert-dir=" + trusted,
          "--dest-creds=joe:secret",
          "--preserve-digests");
      String name = registry.host() + "/x/os:1";
      Path good = authfile("good.json", registry.host() + "/x", "joe:secret");
      Pull pull = new Pull(home).verifyingTls().certDir(trusted);
      assertThatThrownBy(() -> pull.open(name))
          .isInstanceOf(BuildException.class)
          .hasMessageContaining("access denied")
          .hasMessageContaining("without credentials");
      Path bad = authfile("bad.json", registry.host(), "joe:hunter2");
      assertThatThrownBy(() -> pull.authfile(bad).open(name))
          .isInstanceOf(BuildException.class)
          .hasMessageContaining("401 UNAUTHORIZED")
          .hasMessageContaining("with the credentials of " + bad);
      assertThat(pull.authfile(good).layer(name)).isEqualTo(content);
      assertThat(new Pull(home).authfile(good).layer(name)).isEqualTo(content);
      assertThatThrownBy(() -> new Pull(home).verifyingTls().authfile(good).open(name))
          .hasMessageContaining("is not trusted");
    }
  }

  @Test
  void chunkedZstdOfSkopeoIsRead() throws Exception {
    Path tree = Files.createDirectories(home.resolve("tree"));
    for (int i = 0; i < 5; i++) {
      Files.write(tree.resolve("file" + i), TestImage.random(100_000 + i));
    }
    // Without padding, which this skopeo loses, so that the diff_id is no longer right.
    TestTools.run(home, List.of("tar", "-b1", "-C", "tree", "-cf", "tree.tar", "."));
    byte[] tar = Files.readAllBytes(home.resolve("tree.tar"));
    new TestImage(
            TestImage.Types.OCI.withLayer("application/vnd.oci.image.layer.v1.tar"),
            "amd64",
            tar,
            Digest.sha256(tar))
        .writeLayout(home.resolve("plain"), "latest");
    try (DebianRegistry registry = registry(Optional.empty(), Optional.empty())) {
      registry.push(
          "oci:" + home.resolve("plain"),
          "x/os:1",
          "--dest-tls-verify=false",
          "--dest-compress-format=zstd:chunked");
      try (SourceImage chunked = new Pull(home).open(registry.host() + "/x/os:1")) {
        assertThat(new String(chunked.manifest(), StandardCharsets.UTF_8))
            .contains("tar+zstd")
            .contains("io.containers.zstd-chunked.manifest-position");
      }
      assertThat(new Pull(home).layer(registry.host() + "/x/os:1")).isEqualTo(tar);
    }
  }

  @Test
  void archivesThatSkopeoWroteAreRead() throws Exception {
    TestTools.run(home, List.of("skopeo", "copy", layout, "oci-archive:os.tar:v1"));
    TestTools.run(home, List.of("gzip", "-k", "os.tar"));
    TestTools.run(home, List.of("zstd", "-q", "os.tar"));
    for (String file : List.of("os.tar", "os.tar.gz", "os.tar.zst")) {
      String archive = "oci-archive:" + home.resolve(file);
      Pull pull = new Pull(home).variable("TMPDIR", home.toString());
      assertThat(pull.layer(archive)).isEqualTo(content);
      assertThat(pull.layer(archive + ":v1")).isEqualTo(content);
      assertThatThrownBy(() -> pull.open(archive + ":v2"))
          .isInstanceOf(BuildException.class)
          .hasMessageContaining("has no tag \"v2\", tagged v1");
    }
    try (var left = Files.list(home)) {
      assertThat(left.filter(path -> path.getFileName().toString().startsWith(".bib"))).isEmpty();
    }
    byte[] tar = Files.readAllBytes(home.resolve("os.tar"));
    Files.write(home.resolve("cut.tar"), java.util.Arrays.copyOf(tar, tar.length / 2));
    assertThatThrownBy(() -> new Pull(home).layer("oci-archive:" + home.resolve("cut.tar")))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("cut.tar");
    assertThatThrownBy(() -> new Pull(home).open("oci-archive:" + home.resolve("none.tar")))
        .hasMessageContaining("none.tar: no such file");
  }

  private DebianRegistry registry(Optional<TestCertificates> certificates, Optional<Path> htpasswd)
      throws IOException, InterruptedException {
    return new DebianRegistry(home.resolve("registry"), certificates, htpasswd);
  }

  private Path authfile(String name, String key, String pair) throws Exception {
    return Files.writeString(
        home.resolve(name),
        "{\"auths\":{\""
            + key
            + "\":{\"auth\":\""
            + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8))
            + "\"}}}");
  }
}
