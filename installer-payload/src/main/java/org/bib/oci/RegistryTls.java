package org.bib.oci;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.bib.failure.BuildException;

/** TLS for one registry, as containers-certs.d(5) configures it. */
final class RegistryTls {
  private static final Pattern PEM_KEY =
      Pattern.compile("-----BEGIN ([A-Z ]*PRIVATE KEY)-----([^-]*)-----END");
  private static final char[] NO_PASSWORD = new char[0];

  /** PKCS #8 (RFC 5208): version 0 and algorithm rsaEncryption, before the key of PKCS #1. */
  private static final byte[] RSA_PREFIX = {
    2, 1, 0, 0x30, 13, 6, 9, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 13, 1, 1, 1, 5, 0
  };

  private RegistryTls() {}

  /**
   * The context for connections to a registry.
   *
   * @param verify whether certificates are verified
   * @param certDir a directory of certificates
   * @param registry host and perhaps port, whose default directories are used if none is named
   */
  static SSLContext context(
      boolean verify, Optional<Path> certDir, String registry, Surroundings surroundings)
      throws BuildException {
    Optional<Path> directory =
        certDir.isPresent()
            ? certDir
            : defaultDirectories(registry, surroundings).stream()
                .filter(Files::isDirectory)
                .findFirst();
    try {
      List<Path> authorities = new ArrayList<>();
      List<Path> clients = new ArrayList<>();
      if (directory.isPresent()) {
        list(directory.get(), authorities, clients);
      }
      if (verify && authorities.isEmpty() && clients.isEmpty()) {
        return SSLContext.getDefault();
      }
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          keyManagers(clients),
          verify ? trustManagers(authorities) : new TrustManager[] {new TrustEveryone()},
          null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new BuildException(
          "TLS cannot be set up: " + MessageText.oneLine(String.valueOf(e.getMessage())),
          "check the Java installation",
          e);
    }
  }

  /** In the order of containers/image, docker/docker_client.go: the first that is there counts. */
  private static List<Path> defaultDirectories(String registry, Surroundings surroundings) {
    return List.of(
        surroundings.home().resolve(".config/containers/certs.d").resolve(registry),
        surroundings.etc().resolve("containers/certs.d").resolve(registry),
        surroundings.etc().resolve("docker/certs.d").resolve(registry));
  }

  private static void list(Path directory, List<Path> authorities, List<Path> clients)
      throws BuildException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        String name = entry.toString();
        if (name.endsWith(".crt")) {
          authorities.add(entry);
        } else if (name.endsWith(".cert")) {
          clients.add(entry);
        }
      }
    } catch (IOException e) {
      throw new BuildException(
          directory + ": cannot be read as a directory of certificates", "check --cert-dir", e);
    }
    authorities.sort(null);
    clients.sort(null);
  }

  private static TrustManager[] trustManagers(List<Path> authorities)
      throws GeneralSecurityException, BuildException {
    TrustManagerFactory system =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    system.init((KeyStore) null);
    KeyStore trusted = emptyStore();
    int count = 0;
    for (TrustManager manager : system.getTrustManagers()) {
      if (manager instanceof X509TrustManager x509) {
        for (X509Certificate certificate : x509.getAcceptedIssuers()) {
          trusted.setCertificateEntry("system" + count++, certificate);
        }
      }
    }
    for (Path file : authorities) {
      for (Certificate certificate : certificates(file)) {
        trusted.setCertificateEntry("added" + count++, certificate);
      }
    }
    TrustManagerFactory all =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    all.init(trusted);
    return all.getTrustManagers();
  }

  private static KeyManager[] keyManagers(List<Path> clients)
      throws GeneralSecurityException, BuildException {
    KeyStore keys = emptyStore();
    for (Path file : clients) {
      String name = file.toString();
      Path keyFile = Path.of(name.substring(0, name.length() - ".cert".length()) + ".key");
      keys.setKeyEntry(
          name, privateKey(keyFile), NO_PASSWORD, certificates(file).toArray(new Certificate[0]));
    }
    KeyManagerFactory factory =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(keys, NO_PASSWORD);
    return factory.getKeyManagers();
  }

  private static KeyStore emptyStore() throws GeneralSecurityException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    try {
      store.load(null, NO_PASSWORD);
    } catch (IOException e) {
      throw new GeneralSecurityException(e);
    }
    return store;
  }

  private static Collection<? extends Certificate> certificates(Path file) throws BuildException {
    try (InputStream in = new ByteArrayInputStream(Files.readAllBytes(file))) {
      Collection<? extends Certificate> certificates =
          CertificateFactory.getInstance("X.509").generateCertificates(in);
      if (certificates.isEmpty()) {
        throw new GeneralSecurityException("no certificate");
      }
      return certificates;
    } catch (IOException | GeneralSecurityException e) {
      throw new BuildException(
          file + ": holds no readable X.509 certificate", "put PEM certificates there", e);
    }
  }

  private static PrivateKey privateKey(Path file) throws BuildException {
    try {
      Matcher pem = PEM_KEY.matcher(Files.readString(file, StandardCharsets.US_ASCII));
      if (pem.find()) {
        byte[] der = Base64.getMimeDecoder().decode(pem.group(2));
        String kind = String.valueOf(pem.group(1));
        if (kind.equals("RSA PRIVATE KEY")) {
          der = pkcs8(der);
        }
        for (String algorithm : List.of("RSA", "EC", "EdDSA")) {
          Optional<PrivateKey> key = privateKey(der, algorithm);
          if (key.isPresent()) {
            return key.get();
          }
        }
      }
    } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
      throw unreadable(file);
    }
    throw unreadable(file);
  }

  private static Optional<PrivateKey> privateKey(byte[] pkcs8, String algorithm)
      throws GeneralSecurityException {
    KeyFactory factory = KeyFactory.getInstance(algorithm);
    try {
      return Optional.of(factory.generatePrivate(new PKCS8EncodedKeySpec(pkcs8)));
    } catch (InvalidKeySpecException e) {
      return Optional.empty(); // A key of another algorithm.
    }
  }

  private static BuildException unreadable(Path file) {
    return new BuildException(
        file + ": holds no readable private key", "write it with openssl pkcs8 -topk8 -nocrypt");
  }

  private static byte[] pkcs8(byte[] pkcs1) {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.writeBytes(RSA_PREFIX);
    writeDer(body, 4, pkcs1);
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    writeDer(whole, 0x30, body.toByteArray());
    return whole.toByteArray();
  }

  /** Tag, length in two bytes (every RSA key is longer than 255 and shorter than 65536), value. */
  private static void writeDer(ByteArrayOutputStream out, int tag, byte[] value) {
    out.write(tag);
    out.write(0x82);
    out.write(value.length >>> 8);
    out.write(value.length);
    out.writeBytes(value);
  }

  /**
   * What {@code --tls-verify=false} asks for. An extended manager, because the JDK adds a check of
   * the host name to any other.
   */
  private static final class TrustEveryone extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
