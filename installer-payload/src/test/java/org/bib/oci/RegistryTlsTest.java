package org.bib.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bib.failure.BuildException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
@TestInstance(Lifecycle.PER_CLASS)
class RegistryTlsTest {
  private TestCertificates certificates;
  private Path authorities;

  private final byte[] content = TestImage.random(50_000);

  @TempDir Path home;

  @BeforeAll
  void issue(@TempDir Path shared) throws IOException, InterruptedException {
    certificates = new TestCertificates(shared.resolve("pki"));
    authorities = certificates.certDir("trusted", "ca.crt", "ca.crt");
  }

  @Test
  void authorityOfTheCertDirIsTrusted() throws Exception {
    try (FakeRegistry registry = registry("server", false)) {
      Pull pull = new Pull(home).verifyingTls().certDir(authorities);
      assertThat(pull.layer(registry.host() + "/x/os")).isEqualTo(content);
      assertThat(pull.warnings()).isEmpty();
    }
  }

  @Test
  void authorityOfTheUsersDirectoryForTheRegistryIsTrusted() throws Exception {
    try (FakeRegistry registry = registry("server", false)) {
      Path directory = home.resolve(".config/containers/certs.d/" + registry.host());
      Files.createDirectories(directory);
      Files.copy(certificates.file("ca.crt"), directory.resolve("ca.crt"));
      assertThat(new Pull(home).verifyingTls().layer(registry.host() + "/x/os")).isEqualTo(content);
    }
  }

  @Test
  void unknownAuthorityIsRefusedAndNothingIsSent() throws Exception {
    try (FakeRegistry registry = registry("server", false)) {
      assertThatThrownBy(() -> new Pull(home).verifyingTls().open(registry.host() + "/x/os"))
          .isInstanceOf(BuildException.class)
          .hasMessageContaining("the certificate of " + registry.host() + " is not trusted")
          .hasMessageContaining("--cert-dir");
      assertThat(registry.requests()).isEmpty();
    }
  }

  @Test
  void certificateForAnotherNameIsRefused() throws Exception {
    try (FakeRegistry registry = registry("elsewhere", false)) {
      assertThatThrownBy(
              () ->
                  new Pull(home)
                      .verifyingTls()
                      .certDir(authorities)
                      .open(registry.host() + "/x/os"))
          .isInstanceOf(BuildException.class)
          .hasMessageContaining("is not trusted");
      assertThat(registry.requests()).isEmpty();
    }
  }

  @Test
  void switchedOffVerificationIsToldAndStaysOnTls() throws Exception {
    for (String name : new String[] {"server", "elsewhere"}) {
      try (FakeRegistry registry = registry(name, false)) {
        Pull pull = new Pull(home);
        assertThat(pull.layer(registry.host() + "/x/os")).isEqualTo(content);
        assertThat(pull.warnings())
            .singleElement()
            .asString()
            .contains("certificate of " + registry.host() + " is not verified");
      }
    }
  }

  @Test
  void plainHttpIsRefusedWhileVerificationIsOn() throws Exception {
    try (FakeRegistry registry = FakeRegistry.http()) {
      registry.with("x/os", "latest", TestImage.of(content));
      registry.fault(
          (exchange, body) -> {
            throw new AssertionError("plain http was spoken");
          });
      Pull pull = new Pull(home).verifyingTls().certDir(authorities);
      assertThatThrownBy(() -> pull.open(registry.host() + "/x/os"))
          .isInstanceOf(BuildException.class);
      assertThat(registry.requests()).isEmpty();
    }
  }

  @Test
  void redirectToPlainHttpIsRefusedWhileVerificationIsOn() throws Exception {
    try (FakeRegistry storage = FakeRegistry.http();
        FakeRegistry registry = registry("server", false)) {
      registry.fault(
          (exchange, body) -> {
            exchange
                .getResponseHeaders()
                .set("Location", "http://" + storage.host() + exchange.getRequestURI());
            exchange.sendResponseHeaders(307, -1);
            return true;
          });
      Pull pull = new Pull(home).verifyingTls().certDir(authorities);
      assertThatThrownBy(() -> pull.open(registry.host() + "/x/os"))
          .isInstanceOf(BuildException.class)
          .hasMessageContaining("leads to plain http");
      assertThat(storage.requests()).isEmpty();
    }
  }

  @Test
  void clientShowsItsCertificate() throws Exception {
    certificates.openssl("rsa -in client.key -traditional -out client-pkcs1.key");
    try (FakeRegistry registry = registry("server", true)) {
      for (String key : new String[] {"client.key", "client-pkcs1.key"}) {
        Path directory =
            certificates.certDir(
                "with-" + key, "ca.crt", "ca.crt", "client.crt", "client.cert", key, "client.key");
        Pull pull = new Pull(home).verifyingTls().certDir(directory);
        assertThat(pull.layer(registry.host() + "/x/os")).isEqualTo(content);
      }
      assertThatThrownBy(
              () ->
                  new Pull(home)
                      .verifyingTls()
                      .certDir(authorities)
                      .open(registry.host() + "/x/os"))
          .isInstanceOf(BuildException.class);
    }
  }

  @Test
  void clientsCertificateOfTheSystemsDirectoryIsShown() throws Exception {
    try (FakeRegistry registry = registry("server", true)) {
      for (String place : new String[] {"containers", "docker"}) {
        Path directory =
            Files.createDirectories(
                home.resolve("etc/" + place + "/certs.d").resolve(registry.host()));
        Files.copy(certificates.file("ca.crt"), directory.resolve("ca.crt"));
        Files.copy(certificates.file("client.crt"), directory.resolve("client.cert"));
        Files.copy(certificates.file("client.key"), directory.resolve("client.key"));
        assertThat(new Pull(home).verifyingTls().layer(registry.host() + "/x/os"))
            .isEqualTo(content);
        TestTools.run(home, java.util.List.of("rm", "-r", "etc"));
      }
    }
  }

  @Test
  void proxiesTunnelAndAreLeftOutWhereTheyShall() throws Exception {
    try (FakeRegistry registry = registry("elsewhere", false);
        RawServer proxy =
            RawServer.tunnel(java.util.Map.of("registry.example:5000", registry.host()))) {
      String name = "registry.example:5000/x/os";
      for (String variable : new String[] {"HTTPS_PROXY", "https_proxy"}) {
        Pull pull =
            new Pull(home)
                .verifyingTls()
                .certDir(authorities)
                .variable(variable, "http://" + proxy.host())
                .variable("NO_PROXY", "other.example,10.0.0.0/8");
        assertThat(pull.layer(name)).isEqualTo(content);
      }
      assertThat(proxy.heads())
          .isNotEmpty()
          .allMatch(head -> head.startsWith("CONNECT registry.example:5000 "));
      int before = proxy.heads().size();
      Pull direct =
          new Pull(home)
              .verifyingTls()
              .certDir(authorities)
              .variable("HTTPS_PROXY", "http://" + proxy.host())
              .variable("NO_PROXY", "registry.example");
      assertThatThrownBy(() -> direct.open(name)).isInstanceOf(BuildException.class);
      assertThat(proxy.heads()).hasSize(before);
    }
  }

  @Test
  void proxiesThatDoNotHelpAreTold() throws Exception {
    try (RawServer proxy = RawServer.tunnel(java.util.Map.of())) {
      Pull refused =
          new Pull(home)
              .verifyingTls()
              .limits(
                  new RegistryLimits(
                      java.util.Optional.empty(),
                      java.util.Optional.empty(),
                      java.util.OptionalInt.of(0)))
              .variable("HTTPS_PROXY", "http://" + proxy.host());
      assertThatThrownBy(() -> refused.open("registry.example/x/os"))
          .isInstanceOf(BuildException.class)
          .hasMessageContaining("docker://registry.example/x/os:latest: ")
          .hasMessageContaining("403");
    }
    Pull down = new Pull(home).verifyingTls().variable("HTTPS_PROXY", "http://127.0.0.1:1");
    assertThatThrownBy(() -> down.open("registry.example/x/os"))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("docker://registry.example/x/os:latest: ");
    Pull wrong = new Pull(home).verifyingTls().variable("HTTPS_PROXY", "socks5://127.0.0.1:1");
    assertThatThrownBy(() -> wrong.open("registry.example/x/os"))
        .hasMessageContaining("HTTPS_PROXY: is not the URL of an http proxy");
  }

  @Test
  void strayFilesOfTheCertDirAreNamed() throws Exception {
    Path directory = Files.createDirectories(home.resolve("certs"));
    Files.writeString(directory.resolve("ca.crt"), "no certificate\n");
    Path keyless = certificates.certDir("keyless", "client.crt", "client.cert");
    try (FakeRegistry registry = registry("server", false)) {
      String name = registry.host() + "/x/os";
      assertThatThrownBy(() -> new Pull(home).verifyingTls().certDir(directory).open(name))
          .hasMessageContaining("ca.crt: holds no readable X.509 certificate");
      assertThatThrownBy(() -> new Pull(home).verifyingTls().certDir(keyless).open(name))
          .hasMessageContaining("client.key: holds no readable private key");
    }
  }

  private FakeRegistry registry(String certificate, boolean needsClient) throws Exception {
    return FakeRegistry.https(certificates.server(certificate), needsClient)
        .with("x/os", "latest", TestImage.of(content));
  }
}
