package org.bib.oci;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** Keys and signatures that openssl made, attached as cosign does it. */
final class TestSignatures {
  private final Path directory;

  /** A signature and what was signed. */
  record Signed(String payload, String signature) {}

  TestSignatures(Path directory) throws IOException {
    this.directory = Files.createDirectories(directory);
  }

  /**
   * Makes a key.
   *
   * @param algorithm as {@code openssl genpkey} takes it
   * @return the file of its public half
   */
  Path key(String name, String... algorithm) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("openssl", "genpkey", "-out", name + ".key"));
    command.addAll(List.of(algorithm));
    TestTools.run(directory, command);
    TestTools.run(
        directory,
        List.of("openssl", "pkey", "-in", name + ".key", "-pubout", "-out", name + ".pub"));
    return directory.resolve(name + ".pub");
  }

  /** The key that cosign makes: ECDSA on P-256. */
  Path key(String name) throws IOException, InterruptedException {
    return key(name, "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256");
  }

  static String payload(String reference, Digest manifest) {
    return "{\"critical\":{\"identity\":{\"docker-reference\":\""
        + reference
        + "\"},\"image\":{\"docker-manifest-digest\":\""
        + manifest
        + "\"},\"type\":\"cosign container image signature\"},\"optional\":null}";
  }

  /** Signs bytes with a key made before. */
  Signed sign(String key, String payload) throws IOException, InterruptedException {
    Files.write(directory.resolve("payload"), TestImage.bytes(payload));
    String kind =
        TestTools.run(
            directory, List.of("openssl", "pkey", "-in", key + ".key", "-text", "-noout"));
    TestTools.run(
        directory,
        kind.startsWith("ED25519")
            ? List.of(
                "openssl",
                "pkeyutl",
                "-sign",
                "-rawin",
                "-inkey",
                key + ".key",
                "-in",
                "payload",
                "-out",
                "signature")
            : List.of(
                "openssl",
                "dgst",
                "-sha256",
                "-sign",
                key + ".key",
                "-out",
                "signature",
                "payload"));
    byte[] signature = Files.readAllBytes(directory.resolve("signature"));
    return new Signed(payload, Base64.getEncoder().encodeToString(signature));
  }

  /** Signs an image under a name. */
  Signed sign(String key, String reference, Digest manifest)
      throws IOException, InterruptedException {
    return sign(key, payload(reference, manifest));
  }

  private static byte[] config() {
    return TestImage.bytes("{\"architecture\":\"\",\"os\":\"\",\"rootfs\":{\"diff_ids\":[]}}");
  }

  private static String manifest(Signed... signatures) {
    StringBuilder layers = new StringBuilder();
    for (Signed signed : signatures) {
      byte[] payload = TestImage.bytes(signed.payload());
      layers
          .append(layers.length() == 0 ? "" : ",")
          .append(
              "{\"mediaType\":\"application/vnd.dev.cosign.simplesigning.v1+json\",\"digest\":\"")
          .append(Digest.sha256(payload))
          .append("\",\"size\":")
          .append(payload.length)
          .append(",\"annotations\":{\"dev.cosignproject.cosign/signature\":\"")
          .append(signed.signature())
          .append("\"}}");
    }
    return "{\"schemaVersion\":2,\"mediaType\":\""
        + ImageManifest.OCI_MANIFEST
        + "\",\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\""
        + Digest.sha256(config())
        + "\",\"size\":"
        + config().length
        + "},\"layers\":["
        + layers
        + "]}";
  }

  private static String tag(Digest manifest) {
    return "sha256-" + manifest.hex() + ".sig";
  }

  /** Puts signatures beside an image. */
  static void attach(FakeRegistry registry, String repository, Digest image, Signed... signatures) {
    for (Signed signed : signatures) {
      byte[] payload = TestImage.bytes(signed.payload());
      registry.body("/v2/" + repository + "/blobs/" + Digest.sha256(payload), payload, "");
    }
    registry.body(
        "/v2/" + repository + "/manifests/" + tag(image),
        TestImage.bytes(manifest(signatures)),
        ImageManifest.OCI_MANIFEST);
  }

  /** Pushes signatures beside an image of a registry without TLS and logins. */
  static void push(DebianRegistry registry, String repository, Digest image, Signed... signatures)
      throws IOException, InterruptedException {
    HttpClient client = HttpClient.newHttpClient();
    String base = "http://" + registry.host() + "/v2/" + repository;
    List<byte[]> blobs = new ArrayList<>(List.of(config()));
    for (Signed signed : signatures) {
      blobs.add(TestImage.bytes(signed.payload()));
    }
    for (byte[] blob : blobs) {
      HttpResponse<String> begun =
          send(
              client,
              HttpRequest.newBuilder(URI.create(base + "/blobs/uploads/"))
                  .POST(BodyPublishers.noBody()));
      String location = begun.headers().firstValue("Location").orElseThrow();
      send(
          client,
          HttpRequest.newBuilder(URI.create(location + "&digest=" + Digest.sha256(blob)))
              .header("Content-Type", "application/octet-stream")
              .PUT(BodyPublishers.ofByteArray(blob)));
    }
    send(
        client,
        HttpRequest.newBuilder(URI.create(base + "/manifests/" + tag(image)))
            .header("Content-Type", ImageManifest.OCI_MANIFEST)
            .PUT(BodyPublishers.ofString(manifest(signatures))));
  }

  private static HttpResponse<String> send(HttpClient client, HttpRequest.Builder request)
      throws IOException, InterruptedException {
    HttpResponse<String> response = client.send(request.build(), BodyHandlers.ofString());
    if (response.statusCode() / 100 != 2) {
      throw new IOException(response + ": " + response.body());
    }
    return response;
  }
}
