package org.bib.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.bib.failure.BuildException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class RegistryLoginTest {
  private static final String GOOD = basic("joe", "secret");

  private final byte[] content = TestImage.random(50_000);

  @TempDir Path home;
  private FakeRegistry registry;
  private Pull pull;
  private String name;

  @BeforeEach
  void serve() throws IOException {
    registry = FakeRegistry.http().with("x/os", "latest", TestImage.of(content));
    name = registry.host() + "/x/os";
    pull = new Pull(home);
    registry.fault((exchange, body) -> asksFor(exchange, GOOD));
  }

  @AfterEach
  void stop() {
    registry.close();
  }

  @Test
  void credentialsAreFoundWhereEnginesKeepThem() throws Exception {
    String auths = auths(registry.host(), "joe:secret");
    assertThat(pull.authfile(write("named.json", auths)).layer(name)).isEqualTo(content);
    Path variable = write("variable.json", auths);
    assertThat(new Pull(home).variable("REGISTRY_AUTH_FILE", variable.toString()).layer(name))
        .isEqualTo(content);
    write("run/containers/auth.json", auths);
    assertThat(
            new Pull(home).variable("XDG_RUNTIME_DIR", home.resolve("run").toString()).layer(name))
        .isEqualTo(content);
    assertThatThrownBy(() -> new Pull(home).open(name)).hasMessageContaining("without credentials");
    write(".config/containers/auth.json", auths);
    assertThat(new Pull(home).layer(name)).isEqualTo(content);
    Files.delete(home.resolve(".config/containers/auth.json"));
    write(".docker/config.json", auths);
    assertThat(new Pull(home).layer(name)).isEqualTo(content);
    Files.delete(home.resolve(".docker/config.json"));
    write("docker/config.json", auths);
    assertThat(
            new Pull(home).variable("DOCKER_CONFIG", home.resolve("docker").toString()).layer(name))
        .isEqualTo(content);
  }

  @Test
  void namedFileAloneCountsAndMustBeThere() throws Exception {
    write(".docker/config.json", auths(registry.host(), "joe:secret"));
    Path empty = write("empty.json", "{}");
    assertThatThrownBy(() -> new Pull(home).authfile(empty).open(name))
        .hasMessageContaining("there are none for " + name + " in " + empty);
    assertThatThrownBy(() -> new Pull(home).authfile(home.resolve("none.json")).open(name))
        .hasMessageContaining("none.json: no such file");
    Path broken = write("broken.json", "{\"auths\":{\"a\":{\"auth\":\"c2VjcmV0\"");
    assertThatThrownBy(() -> new Pull(home).authfile(broken).open(name))
        .hasMessageContaining("is not a credentials file")
        .message()
        .doesNotContain("c2VjcmV0");
  }

  @Test
  void keyOfTheRepositoryWinsOverThatOfTheRegistry() throws Exception {
    Path file =
        write(
            "auth.json",
            "{\"auths\":{"
                + auth(registry.host(), "all:wrong")
                + ","
                + auth(registry.host() + "/x", "some:wrong")
                + ","
                + auth(registry.host() + "/x/os", "joe:secret")
                + "}}");
    assertThat(pull.authfile(file).layer(name)).isEqualTo(content);
    assertThat(registry.requests())
        .allMatch(r -> r.authorization().isEmpty() || r.authorization().equals(Optional.of(GOOD)));
  }

  @Test
  void keysOfOtherRepositoriesAndRegistriesAreNotUsed() throws Exception {
    Path file =
        write(
            "auth.json",
            "{\"auths\":{"
                + auth(registry.host() + "/x/other", "joe:secret")
                + ","
                + auth(registry.host() + "/x/o", "joe:secret")
                + ","
                + auth(registry.host() + "/x/os/sub", "joe:secret")
                + ","
                + auth("127.0.0.1", "joe:secret")
                + ","
                + auth("registry.example", "joe:secret")
                + "}}");
    assertThatThrownBy(() -> pull.authfile(file).open(name))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("without credentials");
    assertThat(registry.requests()).allMatch(request -> request.authorization().isEmpty());
  }

  @Test
  void dockersUrlsAsKeysMeanTheRegistry() throws Exception {
    Path file = write("auth.json", auths("http://" + registry.host() + "/v1/", "joe:secret"));
    assertThat(pull.authfile(file).layer(name)).isEqualTo(content);
  }

  @Test
  void wrongPasswordIsTriedOnceAndNeverShown() throws Exception {
    Path file = write("auth.json", auths(registry.host(), "joe:hunter2"));
    assertThatThrownBy(() -> pull.authfile(file).open(name))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("access denied by " + registry.host())
        .hasMessageContaining("with the credentials of " + file)
        .message()
        .doesNotContain("hunter2");
    assertThat(registry.requests().stream().filter(r -> r.authorization().isPresent())).hasSize(1);
  }

  @Test
  void credentialHelpersAreAsked() throws Exception {
    Path helper = write("bin/docker-credential-vault", helperFor(registry.host()));
    Files.setPosixFilePermissions(helper, PosixFilePermissions.fromString("rwxr-xr-x"));
    String path = helper.getParent() + ":/usr/bin:/bin";
    write(".docker/config.json", "{\"credHelpers\":{\"" + registry.host() + "\":\"vault\"}}");
    assertThat(new Pull(home).variable("PATH", path).layer(name)).isEqualTo(content);
    write(".docker/config.json", "{\"credsStore\":\"vault\"}");
    assertThat(new Pull(home).variable("PATH", path).layer(name)).isEqualTo(content);
    write(".docker/config.json", "{\"credHelpers\":{\"registry.example\":\"vault\"}}");
    assertThatThrownBy(() -> new Pull(home).variable("PATH", path).open(name))
        .hasMessageContaining("without credentials");
    write(".docker/config.json", "{\"credsStore\":\"absent\"}");
    Pull without = new Pull(home).variable("PATH", path);
    assertThatThrownBy(() -> without.open(name)).hasMessageContaining("without credentials");
    assertThat(without.warnings())
        .anyMatch(text -> text.startsWith("docker-credential-absent, which "));
  }

  @Test
  void tokenIsFetchedForTheScopeAndRenewedWhenItExpires() throws Exception {
    AtomicInteger issued = new AtomicInteger();
    try (FakeRegistry tokens = FakeRegistry.http()) {
      tokens.fault(
          (exchange, body) -> {
            if (asksFor(exchange, GOOD)) {
              return true;
            }
            String query = exchange.getRequestURI().getQuery();
            assertThat(query).contains("scope=repository:x/os:pull").contains("service=test");
            FakeRegistry.send(
                exchange,
                200,
                TestImage.bytes("{\"token\":\"t" + issued.incrementAndGet() + "\"}"));
            return true;
          });
      registry.fault(
          (exchange, body) -> {
            boolean blob = exchange.getRequestURI().getPath().contains("/blobs/");
            // The first token expires between manifest and blobs.
            String wanted = "Bearer t" + (blob ? 2 : 1);
            if (FakeRegistry.header(exchange, "Authorization").equals(Optional.of(wanted))) {
              return false;
            }
            exchange
                .getResponseHeaders()
                .set(
                    "WWW-Authenticate",
                    "Bearer realm=\"http://"
                        + tokens.host()
                        + "/token\",service=\"test\",scope=\"repository:x/os:pull\"");
            exchange.sendResponseHeaders(401, -1);
            return true;
          });
      Path file = write("auth.json", auths(registry.host(), "joe:secret"));
      assertThat(pull.authfile(file).layer(name)).isEqualTo(content);
      assertThat(issued).hasValue(2);
      assertThat(registry.requests()).noneMatch(r -> r.authorization().equals(Optional.of(GOOD)));

      Path wrong = write("wrong.json", auths(registry.host(), "joe:hunter2"));
      assertThatThrownBy(() -> new Pull(home).authfile(wrong).open(name))
          .isInstanceOf(BuildException.class)
          .hasMessageContaining("401 from the token service 127.0.0.1");
    }
  }

  @Test
  void tokenThatExpiresWithinALayerIsRenewedAndTheLayerGoesOn() throws Exception {
    AtomicInteger issued = new AtomicInteger();
    AtomicInteger busy = new AtomicInteger();
    TestImage image = TestImage.of(content);
    try (FakeRegistry tokens = FakeRegistry.http()) {
      tokens.fault(
          (exchange, body) -> {
            if (issued.get() == 1 && busy.getAndIncrement() == 0) {
              exchange.sendResponseHeaders(429, -1); // Its turn to be busy.
              return true;
            }
            FakeRegistry.send(
                exchange,
                200,
                TestImage.bytes("{\"access_token\":\"t" + issued.incrementAndGet() + "\"}"));
            return true;
          });
      AtomicInteger layer = new AtomicInteger();
      registry.fault(
          (exchange, body) -> {
            boolean expired = layer.get() > 0;
            Optional<String> wanted = Optional.of("Bearer t" + (expired ? 2 : 1));
            if (!FakeRegistry.header(exchange, "Authorization").equals(wanted)) {
              exchange
                  .getResponseHeaders()
                  .set("WWW-Authenticate", "Bearer realm=\"http://" + tokens.host() + "/token\"");
              exchange.sendResponseHeaders(401, -1);
              return true;
            }
            if (FakeRegistry.isBlob(exchange, image.layer()) && layer.getAndIncrement() == 0) {
              exchange.sendResponseHeaders(200, body.length);
              exchange.getResponseBody().write(body, 0, body.length / 2);
              return true;
            }
            return false;
          });
      assertThat(pull.layer(name)).isEqualTo(content);
      assertThat(issued).hasValue(2);
      assertThat(registry.requests())
          .anyMatch(
              r -> r.range().isPresent() && r.authorization().equals(Optional.of("Bearer t2")));
    }
  }

  @Test
  void answersOfTokenServicesThatAreNoneAreTold() throws Exception {
    record Answer(int status, String body, String error) {}
    for (Answer answer :
        java.util.List.of(
            new Answer(200, "<html>", "has a token service that answers no JSON"),
            new Answer(200, "{}", "has a token service that answers no token"),
            new Answer(
                200, "{\"token\":\"a\\nb: c\"}", "has a token service that answers no token"),
            new Answer(403, "{}", "403 from the token service 127.0.0.1"),
            new Answer(503, "", "gave up after 4 tries: token service 127.0.0.1 answered 503"))) {
      try (FakeRegistry tokens = FakeRegistry.http()) {
        tokens.fault(
            (exchange, body) -> {
              FakeRegistry.send(exchange, answer.status(), TestImage.bytes(answer.body()));
              return true;
            });
        registry.fault(
            (exchange, body) -> {
              exchange
                  .getResponseHeaders()
                  .set("WWW-Authenticate", "Bearer realm=\"http://" + tokens.host() + "/token\"");
              exchange.sendResponseHeaders(401, -1);
              return true;
            });
        assertThatThrownBy(() -> pull.open(name))
            .isInstanceOf(BuildException.class)
            .hasMessageContaining(answer.error());
      }
    }
  }

  @Test
  void challengesThatNobodyCanMeetAreARefusal() {
    registry.fault(
        (exchange, body) -> {
          exchange.getResponseHeaders().set("WWW-Authenticate", "Negotiate");
          exchange.sendResponseHeaders(401, -1);
          return true;
        });
    assertThatThrownBy(() -> pull.open(name)).hasMessageContaining("access denied");
  }

  private static boolean asksFor(HttpExchange exchange, String authorization) throws IOException {
    if (FakeRegistry.header(exchange, "Authorization").equals(Optional.of(authorization))) {
      return false;
    }
    exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"test\"");
    FakeRegistry.send(
        exchange,
        401,
        TestImage.bytes("{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"log in\"}]}"));
    return true;
  }

  /** A helper as the protocol of docker-credential-helpers has it. */
  private static String helperFor(String registry) {
    return String.join(
        "\n",
        "#!/bin/sh",
        "read -r server",
        "if [ \"$1\" = get ] && [ \"$server\" = \"" + registry + "\" ]; then",
        "  echo '{\"ServerURL\":\"'$server'\",\"Username\":\"joe\",\"Secret\":\"secret\"}'",
        "else",
        "  echo 'credentials not found in native keychain'",
        "  exit 1",
        "fi",
        "");
  }

  private Path write(String path, String text) throws IOException {
    Path file = home.resolve(path);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  private static String auths(String key, String pair) {
    return "{\"auths\":{" + auth(key, pair) + "}}";
  }

  private static String auth(String key, String pair) {
    return "\"" + key + "\":{\"auth\":\"" + base64(pair) + "\"}";
  }

  private static String basic(String user, String password) {
    return "Basic " + base64(user + ":" + password);
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
