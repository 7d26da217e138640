package org.bib.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.bib.failure.BuildException;
import org.bib.layout.Architecture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class RegistryFaultsTest {
  private final byte[] content = TestImage.random(3_000_000);

  @TempDir Path home;
  private FakeRegistry registry;
  private TestImage image;
  private Pull pull;
  private String name;

  @BeforeEach
  void serve() throws IOException {
    image = TestImage.of(content);
    registry = FakeRegistry.http().with("x/os", "latest", image);
    name = registry.host() + "/x/os";
    pull = new Pull(home);
  }

  @AfterEach
  void stop() {
    registry.close();
  }

  @Test
  void cutTransferGoesOnWhereItBroke() throws Exception {
    AtomicInteger cuts = new AtomicInteger();
    cutting(image.layer(), 1_000_000, 1, cuts);
    assertThat(pull.layer(name)).isEqualTo(content);
    assertThat(cuts).hasValue(1);
    assertThat(layerRanges()).hasSize(2).first().isEqualTo("");
    assertThat(layerRanges().get(1)).matches("bytes=[1-9][0-9]*-");
  }

  @Test
  void progressMakesUpForAnyNumberOfCuts() throws Exception {
    byte[] large = TestImage.random(8_000_000);
    TestImage largeImage = TestImage.of(large);
    registry.with("x/large", "latest", largeImage);
    AtomicInteger cuts = new AtomicInteger();
    cutting(largeImage.layer(), 1_300_000, 6, cuts);
    assertThat(pull.layer(registry.host() + "/x/large")).isEqualTo(large);
    assertThat(cuts).hasValue(6);
  }

  @Test
  void cutsWithoutProgressEndInOneLine() {
    registry.fault(
        (exchange, body) -> {
          if (!FakeRegistry.isBlob(exchange, image.layer())) {
            return false;
          }
          exchange.sendResponseHeaders(200, body.length);
          return true;
        });
    assertThatThrownBy(() -> pull.layer(name))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("gave up after 4 tries")
        .hasMessageEndingWith("; try again later");
  }

  @Test
  void registryWithoutRangesIsReadAgainFromTheStart() throws Exception {
    AtomicInteger cuts = new AtomicInteger();
    registry.fault(
        (exchange, body) -> {
          if (!FakeRegistry.isBlob(exchange, image.layer())) {
            return false;
          }
          int length = cuts.getAndIncrement() == 0 ? 1_500_000 : body.length;
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body, 0, length);
          return true;
        });
    assertThat(pull.layer(name)).isEqualTo(content);
    assertThat(cuts).hasValue(2);
  }

  @Test
  void busyRegistryIsAskedAgain() throws Exception {
    for (int status : new int[] {503, 429}) {
      AtomicInteger asked = new AtomicInteger();
      registry.fault(
          (exchange, body) -> {
            if (!FakeRegistry.isBlob(exchange, image.layer()) || asked.getAndIncrement() > 0) {
              return false;
            }
            exchange.getResponseHeaders().set("Retry-After", "1");
            exchange.sendResponseHeaders(status, -1);
            return true;
          });
      long start = System.nanoTime();
      assertThat(pull.layer(name)).isEqualTo(content);
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(900));
    }
  }

  @Test
  void brokenRegistryIsGivenUp() {
    registry.fault(
        (exchange, body) -> {
          exchange.sendResponseHeaders(500, -1);
          return true;
        });
    assertThatThrownBy(() -> pull.open(name))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("gave up after 4 tries: 127.0.0.1 answered 500");
  }

  @Test
  void missingImageIsNotAskedForAgain() {
    assertThatThrownBy(() -> pull.open(name + ":nope"))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining(":nope: not found in the registry (404 MANIFEST_UNKNOWN: no)")
        .hasMessageEndingWith("; check the name and the tag");
    assertThat(registry.requests().stream().filter(r -> r.path().endsWith("/nope"))).hasSize(1);
  }

  @Test
  void forbiddenImageSaysThatThereWereNoCredentials() {
    registry.fault(
        (exchange, body) -> {
          FakeRegistry.send(
              exchange,
              403,
              TestImage.bytes("{\"errors\":[{\"code\":\"DENIED\",\"message\":\"not yours\"}]}"));
          return true;
        });
    assertThatThrownBy(() -> pull.open(name))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("access denied by " + registry.host() + " (403 DENIED: not yours)")
        .hasMessageContaining("without credentials");
  }

  @Test
  void closedPortAndUnknownHostFailAtOnce() {
    long start = System.nanoTime();
    assertThatThrownBy(() -> new Pull(home).verifyingTls().open("127.0.0.1:1/x/os"))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("cannot connect to 127.0.0.1:1: connection refused");
    assertThatThrownBy(() -> pull.open("127.0.0.1:1/x/os"))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("cannot connect to 127.0.0.1:1: connection refused");
    assertThatThrownBy(() -> new Pull(home).verifyingTls().open("no-such-host.invalid/x/os"))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("unknown host no-such-host.invalid");
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
  }

  @Test
  void stalledTransferIsTakenUpAgain() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    registry.fault(
        (exchange, body) -> {
          if (!FakeRegistry.isBlob(exchange, image.layer()) || asked.getAndIncrement() > 0) {
            return false;
          }
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body, 0, 500_000);
          exchange.getResponseBody().flush();
          try {
            Thread.sleep(10_000);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          return true;
        });
    assertThat(pull.layer(name)).isEqualTo(content);
  }

  @Test
  void otherBytesThanTheDigestSaysAreRefused() throws Exception {
    byte[] other = image.manifest();
    other[other.length - 1] = ' ';
    registry.body("/v2/x/os/manifests/" + image.digest(), other, image.manifestType());
    assertThatThrownBy(() -> pull.open(name + "@" + image.digest()))
        .hasMessageContaining("manifest " + image.digest() + ": digest mismatch");

    byte[] config = image.blob(image.config());
    config[3] ^= 1;
    registry.body("/v2/x/os/blobs/" + image.config(), config, "");
    assertThatThrownBy(() -> pull.open(name))
        .hasMessageContaining("config " + image.config() + ": digest mismatch");
  }

  @Test
  void manifestUnlikeItsAnnouncedDigestIsRefused() {
    registry.fault(
        (exchange, body) -> {
          exchange.getResponseHeaders().set("Docker-Content-Digest", image.layer().toString());
          return false;
        });
    assertThatThrownBy(() -> pull.open(name)).hasMessageContaining("digest mismatch");
  }

  @Test
  void damagedAndTruncatedLayersAreRefusedByName() {
    byte[] blob = image.blob(image.layer());
    byte[] damaged = blob.clone();
    damaged[blob.length / 2] ^= 1;
    String layer = "layer sha256:" + image.layer().hex().substring(0, 12);
    registry.body("/v2/x/os/blobs/" + image.layer(), damaged, "");
    assertThatThrownBy(() -> pull.layer(name))
        .hasMessageContaining(layer)
        .hasMessageContaining("digest mismatch");
    registry.body("/v2/x/os/blobs/" + image.layer(), Arrays.copyOf(blob, 100_000), "");
    assertThatThrownBy(() -> pull.layer(name))
        .hasMessageContaining(layer)
        .hasMessageContaining("truncated: 100000 of " + blob.length + " bytes");
    registry.body("/v2/x/os/blobs/" + image.layer(), Arrays.copyOf(blob, blob.length + 5), "");
    assertThatThrownBy(() -> pull.layer(name))
        .hasMessageContaining(layer)
        .hasMessageContaining("longer than the " + blob.length + " bytes announced");
  }

  @Test
  void corruptGzipUnderAGoodDigestIsToldAsSuch() throws Exception {
    byte[] blob = TestImage.gzip(content);
    blob[blob.length / 2] ^= 1;
    TestImage corrupt = new TestImage(TestImage.Types.OCI, "amd64", blob, Digest.sha256(content));
    registry.with("x/corrupt", "latest", corrupt);
    assertThatThrownBy(() -> pull.layer(registry.host() + "/x/corrupt"))
        .hasMessageMatching(".*layer sha256:[0-9a-f]{12}: corrupt gzip data: .*");
    TestImage wrong =
        new TestImage(
            TestImage.Types.OCI, "amd64", TestImage.gzip(content), Digest.sha256(new byte[1]));
    registry.with("x/wrong", "latest", wrong);
    assertThatThrownBy(() -> pull.layer(registry.host() + "/x/wrong"))
        .hasMessageContaining("diff_id mismatch");
  }

  @Test
  void redirectToAnotherHostCarriesNoCredentials() throws Exception {
    Path auth = home.resolve("auth.json");
    java.nio.file.Files.writeString(
        auth, "{\"auths\":{\"" + registry.host() + "\":{\"auth\":\"am9lOnNlY3JldA==\"}}}");
    try (FakeRegistry storage = FakeRegistry.http().with("x/os", "latest", image)) {
      registry.fault(
          (exchange, body) -> {
            if (FakeRegistry.header(exchange, "Authorization").isEmpty()) {
              exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"test\"");
              exchange.sendResponseHeaders(401, -1);
              return true;
            }
            if (exchange.getRequestURI().getPath().contains("/blobs/")) {
              exchange
                  .getResponseHeaders()
                  .set("Location", "http://" + storage.host() + exchange.getRequestURI());
              exchange.sendResponseHeaders(307, -1);
              return true;
            }
            return false;
          });
      assertThat(pull.authfile(auth).layer(name)).isEqualTo(content);
      assertThat(storage.requests()).isNotEmpty();
      assertThat(storage.requests()).allMatch(request -> request.authorization().isEmpty());
      assertThat(registry.requests())
          .anyMatch(r -> r.authorization().equals(Optional.of("Basic am9lOnNlY3JldA==")));
    }
  }

  @Test
  void indexLeadsToThePlatformAndNamesWhatThereIs() throws Exception {
    for (String type : new String[] {ImageManifest.OCI_INDEX, ImageManifest.DOCKER_LIST}) {
      TestImage.Types types =
          type.equals(ImageManifest.OCI_INDEX) ? TestImage.Types.OCI : TestImage.Types.DOCKER;
      byte[] gzip = TestImage.gzip(content);
      Digest diffId = Digest.sha256(content);
      TestImage amd64 = new TestImage(types, "amd64", gzip, diffId);
      TestImage arm64 = new TestImage(types, "arm64", gzip, diffId);
      TestImage s390x = new TestImage(types, "s390x", gzip, diffId);
      byte[] both = TestImage.index(type, amd64, arm64, s390x);
      registry.with("y/os", "a", amd64).with("y/os", "b", arm64);
      registry.body("/v2/y/os/manifests/latest", both, type);
      String index = registry.host() + "/y/os";
      try (SourceImage chosen = new Pull(home).architecture(Architecture.ARM64).open(index)) {
        assertThat(chosen.manifestDigest()).isEqualTo(arm64.digest());
        assertThat(chosen.manifest()).isEqualTo(arm64.manifest());
      }
      try (SourceImage chosen = pull.open(index)) {
        assertThat(chosen.manifestDigest()).isEqualTo(amd64.digest());
      }
      registry.body("/v2/y/os/manifests/others", TestImage.index(type, arm64, s390x), type);
      assertThatThrownBy(() -> pull.open(index + ":others"))
          .isInstanceOf(BuildException.class)
          .hasMessageContaining("has no image for linux/amd64, only linux/arm64, linux/s390x")
          .hasMessageContaining("--target-arch");
    }
  }

  @Test
  void digestWinsOverTheTagBesideIt() throws Exception {
    TestImage other = TestImage.of(TestImage.random(1000));
    registry.with("x/os", "latest", other);
    try (SourceImage chosen = pull.open(name + ":latest@" + image.digest())) {
      assertThat(chosen.manifestDigest()).isEqualTo(image.digest());
    }
    try (SourceImage chosen = pull.open("docker://" + name)) {
      assertThat(chosen.manifestDigest()).isEqualTo(other.digest());
    }
  }

  @Test
  void oldSchemaAndArtifactsAreRefused() {
    registry.body(
        "/v2/x/os/manifests/old",
        TestImage.bytes("{\"schemaVersion\":1,\"name\":\"x/os\",\"fsLayers\":[]}"),
        "application/vnd.docker.distribution.manifest.v1+prettyjws");
    assertThatThrownBy(() -> pull.open(name + ":old")).hasMessageContaining("Docker schema 1");
    registry.body("/v2/x/os/manifests/page", TestImage.bytes("<html>"), "text/html");
    assertThatThrownBy(() -> pull.open(name + ":page")).hasMessageContaining("not JSON");
  }

  @Test
  void mediaTypeOfALayerIsNotBelievedButMustBeATar() throws Exception {
    byte[] gzip = TestImage.gzip(content);
    Digest diffId = Digest.sha256(content);
    for (byte[] blob : new byte[][] {gzip, TestImage.zstd(content), content}) {
      registry.with("x/y", "t", new TestImage(TestImage.Types.DOCKER, "amd64", blob, diffId));
      assertThat(pull.layer(registry.host() + "/x/y:t")).isEqualTo(content);
    }
    String encrypted = "application/vnd.oci.image.layer.v1.tar+gzip+encrypted";
    registry.with(
        "x/y", "e", new TestImage(TestImage.Types.OCI.withLayer(encrypted), "amd64", gzip, diffId));
    assertThatThrownBy(() -> pull.open(registry.host() + "/x/y:e"))
        .hasMessageContaining("is encrypted; decrypt the image first");
    registry.with(
        "x/y",
        "h",
        new TestImage(
            TestImage.Types.OCI.withLayer("application/vnd.cncf.helm.chart"),
            "amd64",
            gzip,
            diffId));
    assertThatThrownBy(() -> pull.open(registry.host() + "/x/y:h"))
        .hasMessageContaining("is not that of a layer");
  }

  @Test
  void redirectsThatLeadNowhereAreNotFollowed() {
    record Lead(String location, String error) {}
    for (Lead lead :
        java.util.List.of(
            new Lead("/v2/x/os/manifests/latest", "redirects more than 5 times"),
            new Lead("file:///etc/passwd", "\"file:///etc/passwd\" is not a URL to fetch from"),
            new Lead("http://[", "redirects to \"http://[\""),
            new Lead("gopher://x/", "is not a URL to fetch from"))) {
      registry.fault(
          (exchange, body) -> {
            if (!exchange.getRequestURI().getPath().contains("/manifests/")) {
              return false;
            }
            exchange.getResponseHeaders().set("Location", lead.location());
            exchange.sendResponseHeaders(302, -1);
            return true;
          });
      assertThatThrownBy(() -> pull.open(name))
          .isInstanceOf(BuildException.class)
          .hasMessageContaining(lead.error());
    }
  }

  @Test
  void storageThatRefusesIsNamed() throws Exception {
    try (FakeRegistry storage = FakeRegistry.http()) {
      storage.fault(
          (exchange, body) -> {
            exchange.sendResponseHeaders(403, -1);
            return true;
          });
      registry.fault(
          (exchange, body) -> {
            if (!FakeRegistry.isBlob(exchange, image.layer())) {
              return false;
            }
            exchange.getResponseHeaders().set("Location", "http://" + storage.host() + "/b");
            exchange.sendResponseHeaders(307, -1);
            return true;
          });
      assertThatThrownBy(() -> pull.layer(name))
          .isInstanceOf(BuildException.class)
          .hasMessageContaining("127.0.0.1, where the blob lies, answered 403");
      // Nor does it get the registry's credentials by asking for them.
      storage.fault(
          (exchange, body) -> {
            exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"x\"");
            exchange.sendResponseHeaders(401, -1);
            return true;
          });
      Path auth = home.resolve("auth.json");
      java.nio.file.Files.writeString(
          auth, "{\"auths\":{\"" + registry.host() + "\":{\"auth\":\"am9lOnNlY3JldA==\"}}}");
      assertThatThrownBy(() -> pull.authfile(auth).layer(name))
          .hasMessageContaining("where the blob lies, answered 401");
      assertThat(storage.requests()).allMatch(request -> request.authorization().isEmpty());
    }
  }

  @Test
  void missingBlobsAreNamedAndForeignOnesExplained() throws Exception {
    byte[] gzip = TestImage.gzip(content);
    for (String type :
        java.util.List.of(
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")) {
      TestImage foreign =
          new TestImage(TestImage.Types.OCI.withLayer(type), "amd64", gzip, Digest.sha256(content));
      registry.with("x/foreign", "latest", foreign);
      assertThat(pull.layer(registry.host() + "/x/foreign")).isEqualTo(content);
      registry.fault(
          (exchange, body) -> {
            if (!FakeRegistry.isBlob(exchange, foreign.layer())) {
              return false;
            }
            exchange.sendResponseHeaders(404, -1);
            return true;
          });
      assertThatThrownBy(() -> pull.layer(registry.host() + "/x/foreign"))
          .isInstanceOf(BuildException.class)
          .hasMessageContaining("its layer is not distributable (\"" + type + "\")")
          .hasMessageContaining("push the image with its non-distributable layers included");
      assertThatThrownBy(() -> pull.layer(name))
          .hasMessageContaining("blob " + image.layer() + " is not in the registry (404");
      registry.fault((exchange, body) -> false);
    }
  }

  @Test
  void leastDemandingVariantIsTaken() throws Exception {
    byte[] gzip = TestImage.gzip(content);
    java.util.List<TestImage> images = new java.util.ArrayList<>();
    for (int i = 0; i < 3; i++) {
      byte[] other = TestImage.gzip(TestImage.random(1000 + i));
      images.add(new TestImage(TestImage.Types.OCI, "amd64", other, Digest.sha256(gzip)));
      registry.with("v/os", "i" + i, images.get(i));
    }
    record Variants(java.util.List<String> written, int chosen) {}
    for (Variants variants :
        java.util.List.of(
            new Variants(java.util.List.of("v3", "v2", ""), 2),
            new Variants(java.util.List.of("v4", "v3", "v2"), 2),
            new Variants(java.util.List.of("v3", "v1", "v2"), 1),
            new Variants(java.util.List.of("v9", "odd", "v8"), 2))) {
      StringBuilder entries = new StringBuilder();
      for (int i = 0; i < 3; i++) {
        String variant = variants.written().get(i);
        entries
            .append(i == 0 ? "" : ",")
            .append(
                images
                    .get(i)
                    .entry()
                    .replace(
                        "\"amd64\"",
                        "\"amd64\""
                            + (variant.isEmpty() ? "" : ",\"variant\":\"" + variant + "\"")));
      }
      registry.body(
          "/v2/v/os/manifests/latest",
          TestImage.bytes("{\"schemaVersion\":2,\"manifests\":[" + entries + "]}"),
          ImageManifest.OCI_INDEX);
      try (SourceImage chosen = pull.open(registry.host() + "/v/os")) {
        assertThat(chosen.manifestDigest())
            .as(variants.toString())
            .isEqualTo(images.get(variants.chosen()).digest());
      }
    }
  }

  @Test
  void manifestsThatAreNoneAreRefused() {
    record Body(String bytes, String error) {}
    for (Body body :
        java.util.List.of(
            new Body("", "not a JSON object"),
            new Body("[]", "not a JSON object"),
            new Body("{", "not JSON"),
            new Body("{}", "is not a container image"),
            new Body("{\"config\":1,\"layers\":[]}", "\"config\" is not an object"),
            new Body("{\"manifests\":[],\"layers\":[]}", "is both an index and a manifest"),
            new Body("{\"a\":1,\"a\":2}", "not JSON: Duplicate"),
            new Body("{\"manifests\":[{\"digest\":\"md5:1\"}]}", "not a digest"),
            new Body("{\"manifests\":[{\"size\":1}]}", "a descriptor has no digest"),
            new Body(" ".repeat((4 << 20) + 1), "larger than 4194304 bytes"))) {
      registry.body(
          "/v2/x/os/manifests/bad",
          TestImage.bytes(body.bytes()),
          body.bytes().contains("[{") ? ImageManifest.OCI_INDEX : ImageManifest.OCI_MANIFEST);
      assertThatThrownBy(() -> pull.open(name + ":bad"))
          .isInstanceOf(BuildException.class)
          .hasMessageContaining(body.error());
    }
  }

  @Test
  void indexThatLeadsToItselfEnds() {
    byte[] leaf = TestImage.bytes("{\"manifests\":[]}");
    byte[] index = leaf;
    for (int i = 0; i < 6; i++) {
      registry.body("/v2/x/os/manifests/" + Digest.sha256(index), index, ImageManifest.OCI_INDEX);
      index =
          TestImage.bytes(
              "{\"manifests\":[{\"mediaType\":\""
                  + ImageManifest.OCI_INDEX
                  + "\",\"digest\":\""
                  + Digest.sha256(index)
                  + "\",\"size\":"
                  + index.length
                  + "}]}");
    }
    registry.body("/v2/x/os/manifests/deep", index, ImageManifest.OCI_INDEX);
    assertThatThrownBy(() -> pull.open(name + ":deep"))
        .hasMessageContaining("indexes are nested more than 4 deep");
  }

  /** Cuts the first {@code times} transfers of a blob after {@code bytes} bytes. */
  private void cutting(Digest digest, int bytes, int times, AtomicInteger cuts) {
    registry.fault(
        (exchange, body) -> {
          if (!FakeRegistry.isBlob(exchange, digest) || cuts.get() >= times) {
            return false;
          }
          cuts.incrementAndGet();
          int from = FakeRegistry.start(FakeRegistry.header(exchange, "Range"));
          if (from > 0) {
            exchange
                .getResponseHeaders()
                .set(
                    "Content-Range", "bytes " + from + "-" + (body.length - 1) + "/" + body.length);
          }
          exchange.sendResponseHeaders(from > 0 ? 206 : 200, body.length - from);
          exchange.getResponseBody().write(body, from, Math.min(bytes, body.length - from));
          return true;
        });
  }

  private java.util.List<String> layerRanges() {
    return registry.requests().stream()
        .filter(request -> request.path().endsWith("/blobs/" + image.layer()))
        .map(request -> request.range().orElse(""))
        .toList();
  }
}
