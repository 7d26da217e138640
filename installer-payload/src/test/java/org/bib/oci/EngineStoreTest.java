package org.bib.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.bib.oci.TestImage.bytes;
import static org.bib.oci.TestImage.random;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bib.failure.BuildException;
import org.bib.failure.ConfigException;
import org.bib.oci.FakeEngine.Reply;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EngineStoreTest {
  private static final byte[] CONTENT = random(200_000);
  private static final String ID = "sha256:" + "1".repeat(64);
  private static final String FOUND =
      "{\"Id\":\"" + ID + "\",\"RepoTags\":[\"quay.io/x/os:0\",\"quay.io/x/os:1\"]}";

  @TempDir Path dir;
  private byte[] saved = new byte[0];
  private final FakeEngine engine;

  EngineStoreTest() throws IOException {
    engine = new FakeEngine();
  }

  @BeforeEach
  void start() throws Exception {
    engine.listen(dir.resolve("sock"));
    byte[] config =
        bytes(
            "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[\""
                + Digest.sha256(CONTENT)
                + "\"]}}");
    saved =
        new TestArchive()
            .file("l.tar", CONTENT)
            .file("c.json", config)
            .file("manifest.json", bytes("[{\"Config\":\"c.json\",\"Layers\":[\"l.tar\"]}]"))
            .bytes();
    engine
        .reply("/images/quay.io/x/os:1/json", 200, bytes(FOUND))
        .reply("/images/" + ID + "/get", 200, saved)
        .reply("/images/json", 200, bytes("[" + FOUND + ",{\"RepoTags\":null}]"));
  }

  @AfterEach
  void stop() throws Exception {
    engine.close();
  }

  private Pull pull() {
    return new Pull(dir).variable("DOCKER_HOST", "unix://" + dir.resolve("sock"));
  }

  @Test
  void oneImageIsFetchedByItsId() throws Exception {
    assertThat(pull().layer("docker-daemon:quay.io/x/os:1")).isEqualTo(CONTENT);
    assertThat(engine.asked())
        .containsExactly("/images/quay.io/x/os:1/json", "/images/" + ID + "/get");
    try (SourceImage image = pull().open("docker-daemon:quay.io/x/os:1")) {
      assertThat(image.registryName()).contains("quay.io/x/os:1");
    }
  }

  @Test
  void podmanIsAskedInItsOwnWords() throws Exception {
    String prefix = "/v4.0.0/libpod/images/";
    engine
        .reply(prefix + "os/json", 200, bytes(FOUND))
        .reply(
            prefix + ID + "/get?format=docker-archive", new Reply(200, saved, 777, saved.length));
    Pull pull = new Pull(dir).variable("CONTAINER_HOST", "unix://" + dir.resolve("sock"));
    assertThat(pull.layer("podman:os")).isEqualTo(CONTENT);
    try (SourceImage image = pull.open("podman:os")) {
      assertThat(image.registryName()).contains("quay.io/x/os:0");
    }
  }

  @Test
  void theSocketIsFoundInTheRuntimeDirectory() throws Exception {
    Path socket = Files.createDirectories(dir.resolve("podman")).resolve("podman.sock");
    try (FakeEngine podman = new FakeEngine()) {
      podman.listen(socket);
      podman.reply("/v4.0.0/libpod/images/json", 200, bytes("[]"));
      assertThatThrownBy(
              () -> new Pull(dir).variable("XDG_RUNTIME_DIR", dir.toString()).open("podman:os"))
          .hasMessage("podman:os: podman has no image; pull it first: podman pull os");
    }
  }

  @Test
  void namesAreQuotedInRequests() {
    assertThatThrownBy(() -> pull().open("docker-daemon:x y?z#\r\nHost: evil"));
    assertThat(engine.asked()).contains("/images/x+y%3Fz%23%0D%0AHost:+evil/json");
  }

  @Test
  void anImageThatIsNotThereIsToldWithThoseThatAre() {
    fails(
        "docker-daemon:os",
        "docker-daemon:os: docker has no such image, only quay.io/x/os:0, quay.io/x/os:1; pull it"
            + " first: docker pull os");
  }

  @Test
  void anEngineThatIsNotThereIsTold() throws Exception {
    engine.close();
    fails("docker-daemon:os", "/sock: Connection refused; start the service of docker");
    Files.delete(dir.resolve("sock"));
    fails(
        "docker-daemon:os",
        "docker does not listen at unix://" + dir.resolve("sock") + "; start its service");
    for (String host : new String[] {"tcp://127.0.0.1:2375", "ssh://x"}) {
      assertThatThrownBy(() -> new Pull(dir).variable("DOCKER_HOST", host).open("docker-daemon:os"))
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining(host + "\" is not a unix socket; set it to unix:///PATH");
    }
    assertThatThrownBy(() -> pull().open("docker-daemon:")).isInstanceOf(ConfigException.class);
  }

  @Test
  void whatAnEngineAnswersBadlyIsTold() {
    String get = "/images/" + ID + "/get";
    engine.reply(get, 500, bytes("{\"message\":\"no\\nspace\"}"));
    fails("docker-daemon:quay.io/x/os:1", " answered: 500 no space; look at the log of docker");
    engine.reply(get, new Reply(200, saved, 0, saved.length / 2));
    fails("docker-daemon:quay.io/x/os:1", " answered: ");
    engine.reply(get, new Reply(200, saved, 777, 7770));
    fails("docker-daemon:quay.io/x/os:1", " answered: ");
    engine.reply(get, 200, bytes("no tar\n".repeat(1000)));
    fails("docker-daemon:quay.io/x/os:1", ": is not an archive of an image: ");
    engine.reply("/images/quay.io/x/os:1/json", 200, bytes("[]"));
    fails("docker-daemon:quay.io/x/os:1", " answered: not a JSON object; look at the log");
  }

  private void fails(String reference, String message) {
    assertThatThrownBy(() -> pull().layer(reference))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining(message)
        .hasMessageNotContaining("\n");
  }
}
