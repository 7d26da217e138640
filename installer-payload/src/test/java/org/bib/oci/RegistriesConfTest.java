package org.bib.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.bib.failure.BuildException;
import org.bib.oci.Surroundings.Patience;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class RegistriesConfTest {
  private static final String SYSTEM = "etc/containers/registries.conf";
  private static final String USER = ".config/containers/registries.conf";

  private final byte[] content = TestImage.random(20_000);

  @TempDir Path home;

  private Path write(String path, String... lines) throws IOException {
    Path file = home.resolve(path);
    Files.createDirectories(file.getParent());
    return Files.write(file, List.of(lines));
  }

  /** Where an image is looked for, and who allows to do so without TLS. */
  private List<String> sources(String image, Map<String, String> environment) throws Exception {
    Surroundings surroundings =
        new Surroundings(
            environment,
            home,
            home.resolve("etc"),
            new Patience(
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                1,
                Duration.ZERO));
    return RegistriesConf.of(surroundings).sources(RegistryReference.parse(image)).stream()
        .map(
            source ->
                source.image().toString().substring("docker://".length())
                    + (source.insecureBy().isPresent() ? " insecure" : ""))
        .toList();
  }

  private List<String> sources(String image) throws Exception {
    return sources(image, Map.of());
  }

  @Test
  void withoutAFileNamesAreTakenAsTheyAre() throws Exception {
    assertThat(sources("a.example/x/os:1")).containsExactly("a.example/x/os:1");
  }

  @Test
  void mirrorsComeFirstAndThenTheLocation() throws Exception {
    write(
        SYSTEM,
        "unqualified-search-registries = [\"s.example\"]",
        "[[registry]]",
        "prefix = \"example.com/foo\"",
        "location = \"internal.example:5000/bar\"",
        "[[registry.mirror]]",
        "location = \"m0.example/mirror-for-foo\"",
        "[[registry.mirror]]",
        "location = \"m1.example/mirrors/foo/\"",
        "insecure = true",
        "[[registry]]",
        "location = \"registry.com\"",
        "insecure = true");
    assertThat(sources("example.com/foo/image:latest"))
        .containsExactly(
            "m0.example/mirror-for-foo/image:latest",
            "m1.example/mirrors/foo/image:latest insecure",
            "internal.example:5000/bar/image:latest");
    assertThat(sources("example.com/foobar/image"))
        .containsExactly("example.com/foobar/image:latest");
    assertThat(sources("registry.com/x/os:1")).containsExactly("registry.com/x/os:1 insecure");
    assertThat(sources("registry.com.evil.example/x/os:1"))
        .containsExactly("registry.com.evil.example/x/os:1");
  }

  @Test
  void longestPrefixAndWildcardsChoose() throws Exception {
    write(
        SYSTEM,
        "[[registry]]",
        "prefix = \"*.example.com\"",
        "insecure = true",
        "[[registry]]",
        "prefix = \"a.example.com/team\"",
        "location = \"b.example\"",
        "[[registry]]",
        "prefix = \"a.example.com/team/os:1\"",
        "location = \"c.example/pinned:2\"",
        "[[registry]]",
        "location = \"docker.io/library\"",
        "[[registry.mirror]]",
        "location = \"hub.example/library\"");
    assertThat(sources("x.y.example.com/os:1")).containsExactly("x.y.example.com/os:1 insecure");
    assertThat(sources("example.com/os:1")).containsExactly("example.com/os:1");
    assertThat(sources("evil.org/a.example.com/os:1"))
        .containsExactly("evil.org/a.example.com/os:1");
    assertThat(sources("a.example.com/team/os:2")).containsExactly("b.example/os:2");
    assertThat(sources("a.example.com/team/os:1")).containsExactly("c.example/pinned:2");
    assertThat(sources("docker.io/library/debian:12"))
        .containsExactly("hub.example/library/debian:12", "docker.io/library/debian:12");
  }

  @Test
  void mirrorsMayBeForTagsOrForDigestsAlone() throws Exception {
    String digest = "@sha256:" + "0".repeat(64);
    write(
        SYSTEM,
        "[[registry]]",
        "location = \"a.example\"",
        "[[registry.mirror]]",
        "location = \"d.example\"",
        "pull-from-mirror = \"digest-only\"",
        "[[registry.mirror]]",
        "location = \"t.example\"",
        "pull-from-mirror = \"tag-only\"",
        "[[registry]]",
        "location = \"b.example\"",
        "mirror-by-digest-only = true",
        "[[registry.mirror]]",
        "location = \"d.example\"");
    assertThat(sources("a.example/os:1")).containsExactly("t.example/os:1", "a.example/os:1");
    assertThat(sources("a.example/os" + digest))
        .containsExactly("d.example/os" + digest, "a.example/os" + digest);
    assertThat(sources("b.example/os:1")).containsExactly("b.example/os:1");
    assertThat(sources("b.example/os" + digest)).hasSize(2);
  }

  @Test
  void filesAndDropInsCountInTheirOrder() throws Exception {
    String system = "[[registry]]\nlocation = \"a.example\"\ninsecure = true";
    write(SYSTEM, system);
    assertThat(sources("a.example/os:1")).containsExactly("a.example/os:1 insecure");
    write(
        "etc/containers/registries.conf.d/10.conf",
        "[[registry]]",
        "prefix = \"a.example\"",
        "location = \"ten.example\"");
    write(
        "etc/containers/registries.conf.d/20.conf",
        "[[registry]]",
        "prefix = \"b.example\"",
        "location = \"twenty.example\"");
    write("etc/containers/registries.conf.d/30.txt", "not read");
    assertThat(sources("a.example/os:1")).containsExactly("ten.example/os:1");
    assertThat(sources("b.example/os:1")).containsExactly("twenty.example/os:1");
    write(
        ".config/containers/registries.conf.d/1.conf",
        "[[registry]]",
        "prefix = \"b.example\"",
        "location = \"user.example\"");
    assertThat(sources("b.example/os:1")).containsExactly("user.example/os:1");
    write(USER, "");
    assertThat(sources("a.example/os:1")).containsExactly("a.example/os:1");
    assertThat(sources("b.example/os:1")).containsExactly("user.example/os:1");
    Path named =
        write(
            "named.conf", "[[registry]]", "prefix = \"c.example\"", "location = \"named.example\"");
    Map<String, String> environment = Map.of("CONTAINERS_REGISTRIES_CONF", named.toString());
    assertThat(sources("c.example/os:1", environment)).containsExactly("named.example/os:1");
    assertThat(sources("a.example/os:1", environment)).containsExactly("ten.example/os:1");
    assertThatThrownBy(() -> sources("x.example/os", Map.of("CONTAINERS_REGISTRIES_CONF", "/none")))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("/none: no such file");
  }

  @Test
  void blockedRegistriesAreNotAsked() throws Exception {
    Path file = write(SYSTEM, "[[registry]]", "location = \"a.example/bad\"", "blocked = true");
    assertThatThrownBy(() -> new Pull(home).open("a.example/bad/os:1"))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("docker://a.example/bad/os:1: a.example/bad is blocked in " + file);
    assertThat(sources("a.example/os:1")).hasSize(1);
    write(
        SYSTEM,
        "[registries.insecure]",
        "registries = ['a.example']",
        "[registries.block]",
        "registries = ['b.example', 'c.example']");
    assertThat(sources("a.example/os:1")).containsExactly("a.example/os:1 insecure");
    assertThatThrownBy(() -> sources("c.example/os:1")).hasMessageContaining("is blocked in");
  }

  @Test
  void filesThatMakeNoSenseStopEverything() throws Exception {
    record Wrong(String text, String error) {}
    for (Wrong wrong :
        List.of(
            new Wrong("[[registry", "not TOML: line 1"),
            new Wrong("[[registry]]", "has neither prefix nor location"),
            new Wrong("[[registry]]\nprefix = \"a.example\"", "\"a.example\" has no location"),
            new Wrong("[[registry]]\nlocation = \"https://a.example\"", "is a URL where"),
            new Wrong("[[registry]]\nlocation = 1", "\"location\" is not a string"),
            new Wrong("registry = 1", "\"registry\" is not an array"),
            new Wrong(
                "[[registry]]\nlocation = \"a\"\nblocked = \"yes\"", "neither true nor false"),
            new Wrong("[[registry]]\nprefix = \"a.*.b\"\nlocation = \"c\"", "has a wildcard that"),
            new Wrong("[[registry]]\nprefix = \"*.a/b\"", "has a wildcard that"),
            new Wrong(
                "[[registry]]\nlocation = \"a\"\n[[registry.mirror]]\ninsecure = true",
                "a mirror of \"a\" has no location"),
            new Wrong(
                "[[registry]]\nlocation = \"a\"\n[[registry.mirror]]\nlocation = \"b\"\npull-from-mirror = \"never\"",
                "pull-from-mirror \"never\" is not all"),
            new Wrong(
                "[[registry]]\nlocation = \"a\"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = \"b\"\npull-from-mirror = \"all\"",
                "has both mirror-by-digest-only and pull-from-mirror"))) {
      Path file = write(SYSTEM, wrong.text());
      assertThatThrownBy(() -> sources("a.example/os:1"))
          .as(wrong.text())
          .isInstanceOf(BuildException.class)
          .hasMessageContaining(file + ": ")
          .hasMessageContaining(wrong.error());
    }
    write(SYSTEM, "[[registry]]\nprefix = \"a.example\"\nlocation = \"B AD\"");
    assertThatThrownBy(() -> sources("a.example/os:1")).hasMessageContaining("\"B AD/os:1\"");
  }

  @Test
  void firstMirrorThatHasTheImageIsUsed() throws Exception {
    TestImage image = TestImage.of(content);
    try (FakeRegistry empty = FakeRegistry.http();
        FakeRegistry mirror = FakeRegistry.http().with("mirrored/os", "1", image);
        FakeRegistry origin = FakeRegistry.http().with("x/os", "1", image)) {
      Path file =
          write(
              SYSTEM,
              "[[registry]]",
              "prefix = \"registry.example/x\"",
              "location = \"" + origin.host() + "/x\"",
              "insecure = true",
              "[[registry.mirror]]",
              "location = \"127.0.0.1:1/dead\"",
              "[[registry.mirror]]",
              "location = \"" + empty.host() + "/x\"",
              "insecure = true",
              "[[registry.mirror]]",
              "location = \"" + mirror.host() + "/mirrored\"",
              "insecure = true");
      Pull pull = new Pull(home).silentOnTls();
      assertThat(pull.layer("registry.example/x/os:1")).isEqualTo(content);
      assertThat(origin.requests()).isEmpty();
      assertThat(empty.requests()).isNotEmpty();
      assertThat(pull.warnings())
          .contains(mirror.host() + " is read over plain http, as " + file + " allows");
      assertThat(pull.details())
          .anyMatch(
              text -> text.contains("127.0.0.1:1") && text.endsWith("trying the next registry"));
      mirror.fault(
          (exchange, body) -> {
            exchange.sendResponseHeaders(503, -1);
            return true;
          });
      assertThat(new Pull(home).silentOnTls().layer("registry.example/x/os:1")).isEqualTo(content);
      assertThat(origin.requests()).isNotEmpty();
      assertThatThrownBy(() -> new Pull(home).silentOnTls().open("registry.example/x/os:2"))
          .isInstanceOf(BuildException.class)
          .hasMessageContaining("docker://" + origin.host() + "/x/os:2: not found in the registry")
          .hasMessageContaining("its mirrors failed before: docker://127.0.0.1:1/dead/os:2: cannot")
          .hasMessageContaining("check the name and the tag");
      // The command line has the last word.
      RegistryLimits hasty =
          new RegistryLimits(
              Optional.of(Duration.ofSeconds(1)),
              Optional.of(Duration.ofSeconds(1)),
              OptionalInt.of(0));
      int asked = mirror.requests().size();
      assertThatThrownBy(
              () -> new Pull(home).verifyingTls().limits(hasty).open("registry.example/x/os:1"))
          .isInstanceOf(BuildException.class);
      assertThat(mirror.requests()).hasSize(asked);
    }
  }

  @Test
  void credentialsAreThoseOfTheMirror() throws Exception {
    TestImage image = TestImage.of(content);
    try (FakeRegistry mirror = FakeRegistry.http().with("m/os", "1", image)) {
      write(
          SYSTEM,
          "[[registry]]",
          "location = \"registry.example\"",
          "[[registry.mirror]]",
          "location = \"" + mirror.host() + "/m\"",
          "insecure = true");
      Path auth =
          write("auth.json", "{\"auths\":{\"registry.example\":{\"auth\":\"am9lOnNlY3JldA==\"}}}");
      mirror.fault(
          (exchange, body) -> {
            exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"test\"");
            exchange.sendResponseHeaders(401, -1);
            return true;
          });
      assertThatThrownBy(
              () ->
                  new Pull(home)
                      .silentOnTls()
                      .authfile(auth)
                      .limits(
                          new RegistryLimits(
                              Optional.of(Duration.ofSeconds(1)),
                              Optional.of(Duration.ofSeconds(1)),
                              OptionalInt.of(0)))
                      .open("registry.example/os:1"))
          .isInstanceOf(BuildException.class);
      assertThat(mirror.requests()).isNotEmpty();
      assertThat(mirror.requests()).allMatch(request -> request.authorization().isEmpty());
    }
  }
}
