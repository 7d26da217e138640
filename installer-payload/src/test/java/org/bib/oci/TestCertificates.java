package org.bib.oci;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A certificate authority that openssl made, with a server and a client it vouches for. */
final class TestCertificates {
  private static final String PASSWORD = "changeit";

  private final Path directory;

  TestCertificates(Path directory) throws IOException, InterruptedException {
    this.directory = Files.createDirectories(directory);
    openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 30 -subj /CN=ca");
    issue("server", "subjectAltName=DNS:localhost,IP:127.0.0.1");
    issue("client", "extendedKeyUsage=clientAuth");
    issue("elsewhere", "subjectAltName=DNS:registry.example");
  }

  Path file(String name) {
    return directory.resolve(name);
  }

  /** A directory as {@code --cert-dir} takes it, with copies of files under new names. */
  Path certDir(String name, String... fromAndTo) throws IOException {
    Path made = Files.createDirectories(directory.resolve(name));
    for (int i = 0; i < fromAndTo.length; i += 2) {
      Files.copy(file(fromAndTo[i]), made.resolve(fromAndTo[i + 1]));
    }
    return made;
  }

  /** The context of a server with the certificate {@code name}. */
  SSLContext server(String name) throws IOException, GeneralSecurityException {
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store(name), PASSWORD.toCharArray());
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    KeyStore ca = KeyStore.getInstance("PKCS12");
    ca.load(null, null);
    try (InputStream in = Files.newInputStream(file("ca.crt"))) {
      ca.setCertificateEntry(
          "ca", java.security.cert.CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    trust.init(ca);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  private KeyStore store(String name) throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file(name + ".p12"))) {
      store.load(in, PASSWORD.toCharArray());
    }
    return store;
  }

  private void issue(String name, String extension) throws IOException, InterruptedException {
    Files.writeString(file(name + ".ext"), extension + "\n");
    openssl(
        String.format(
            "req -newkey rsa:2048 -nodes -keyout %1$s.key -out %1$s.csr -subj /CN=%1$s", name));
    openssl(
        String.format(
            "x509 -req -in %1$s.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out %1$s.crt"
                + " -days 30 -extfile %1$s.ext",
            name));
    openssl(
        String.format(
            "pkcs12 -export -in %1$s.crt -inkey %1$s.key -out %1$s.p12 -passout pass:%2$s",
            name, PASSWORD));
  }

  void openssl(String arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("openssl"));
    command.addAll(List.of(arguments.split(" ", -1)));
    TestTools.run(directory, command);
  }
}
