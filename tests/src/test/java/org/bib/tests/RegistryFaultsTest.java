package org.bib.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What a real registry, or the lack of one, makes of a build. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RegistryFaultsTest {
  /** A connection is waited for 10 s; all else is known at once, on a busy machine a bit later. */
  private static final String INDEX = "application/vnd.oci.image.index.v1+json";

  private Path dir = Path.of("");
  private Path authfile = Path.of("");
  private Launcher bib = Launcher.NONE;
  private String registry = "";
  private String digest = "";
  private final List<Closeable> servers = new ArrayList<>();

  @BeforeAll
  void prepare() throws IOException, InterruptedException {
    dir = Launcher.directory("bib-registry");
    bib = Launcher.install(dir);
    RegistryServer server = new RegistryServer(dir.resolve("registry"));
    servers.add(server);
    registry = server.host();
    ImageLayout image = ImageLayout.lean(Launcher.EXAMPLE, dir.resolve("lean"));
    server.push("oci:" + image.directory(), "x/os:1");
    server.push("oci:" + image.directory(), "signed/os:1");
    digest = image.entry().get("digest").asText();
    sign(server, digest);
    image.entry().putObject("platform").put("os", "linux").put("architecture", "amd64");
    byte[] index =
        ("{\"schemaVersion\":2,\"mediaType\":\""
                + INDEX
                + "\",\"manifests\":["
                + image.entry()
                + "]}")
            .getBytes(StandardCharsets.UTF_8);
    image.entry().removeAll().put("mediaType", INDEX).setAll(image.store(index));
    image.writeIndex();
    server.push("oci:" + image.directory(), "x/os:index");
    authfile = authfile("auth.json", RegistryServer.CREDENTIALS);
  }

  /** Signs an image as cosign does: by openssl, and a tag beside it. */
  private void sign(RegistryServer server, String digest) throws IOException, InterruptedException {
    Path place = Files.createDirectory(dir.resolve("signature"));
    Tools.sh(
        """
        set -e; cd "$1"; image=$2; name=$3; mkdir -p layout/blobs/sha256
        store() {
          digest=$(sha256sum <"$1" | cut -c1-64); cp "$1" layout/blobs/sha256/$digest
          echo "\\"digest\\":\\"sha256:$digest\\",\\"size\\":$(stat -c %s "$1")"
        }
        for key in ours theirs; do
          openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $key.key
          openssl pkey -in $key.key -pubout -out $key.pub
        done
        printf '{"critical":{"identity":{"docker-reference":"%s"},"image":{"docker-manifest-digest":"%s"},"type":"cosign container image signature"},"optional":null}' $name $image >payload
        signature=$(openssl dgst -sha256 -sign ours.key payload | base64 -w0)
        printf '{"architecture":"","os":"","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' $(sha256sum <payload | cut -c1-64) >config
        oci=application/vnd.oci.image
        printf '{"schemaVersion":2,"mediaType":"'$oci'.manifest.v1+json","config":{"mediaType":"'$oci'.config.v1+json",%s},"layers":[{"mediaType":"application/vnd.dev.cosign.simplesigning.v1+json",%s,"annotations":{"dev.cosignproject.cosign/signature":"%s"}}]}' "$(store config)" "$(store payload)" "$signature" >manifest
        printf '{"schemaVersion":2,"manifests":[{"mediaType":"'$oci'.manifest.v1+json",%s}]}' "$(store manifest)" >layout/index.json
        echo '{"imageLayoutVersion":"1.0.0"}' >layout/oci-layout; chmod -R a+rX .
        """,
        place, digest, registry + "/signed/os:1");
    server.push("oci:" + place.resolve("layout"), "signed/os:" + digest.replace(':', '-') + ".sig");
  }

  private Path policy(String name, String json) throws IOException {
    return Files.writeString(dir.resolve(name), json);
  }

  /** Images need a signature by a key. */
  private Path signedBy(String key) throws IOException {
    return policy(
        key + ".json",
        "{\"default\":[{\"type\":\"sigstoreSigned\",\"keyPath\":\""
            + dir.resolve("signature/" + key + ".pub")
            + "\"}]}");
  }

  private Path authfile(String name, String credentials) throws IOException {
    String pair = Base64.getEncoder().encodeToString(credentials.getBytes(StandardCharsets.UTF_8));
    return Files.writeString(
        dir.resolve(name), "{\"auths\":{\"" + registry + "\":{\"auth\":\"" + pair + "\"}}}");
  }

  @AfterAll
  void stop() throws IOException, InterruptedException {
    for (Closeable server : servers) {
      server.close();
    }
    Tools.run("rm", "-rf", dir.toString());
  }

  private Result build(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("build", "--type=qcow2"));
    command.addAll(List.of("--disk-size=minimal", "--output", dir.resolve("out").toString()));
    command.addAll(List.of(arguments));
    // Not the credentials of whoever runs the tests.
    Map<String, String> home = Map.of("HOME", dir.toString(), "XDG_RUNTIME_DIR", dir.toString());
    return bib.run(home, command.toArray(String[]::new));
  }

  private void fails(String error, String... arguments) throws IOException, InterruptedException {
    Result result = build(arguments);
    result.failed(1, "docker://" + error);
    assertThat(result.hint()).isPresent();
    assertThat(result.err().lines().filter(line -> !line.startsWith("warning: ")))
        .as("known before anything is done")
        .hasSize(2);
    assertThat(dir.resolve("out")).doesNotExist();
  }

  private void failsAtTheRegistry(String error, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("--tls-verify=false", "--authfile"));
    command.add(authfile.toString());
    command.addAll(List.of(arguments));
    fails(error, command.toArray(String[]::new));
  }

  @Test
  void whatTheRegistryHasIsBuilt() throws IOException, InterruptedException {
    for (String tag : List.of("1", "index")) {
      Result result =
          build(
              "--tls-verify=false",
              "--authfile=" + authfile,
              "--target-arch=amd64",
              registry + "/x/os:" + tag);
      assertThat(result.status()).as(result.err()).isZero();
      assertThat(dir.resolve("out/qcow2/disk.qcow2")).isNotEmptyFile();
      Tools.checked("rm", "-r", dir.resolve("out").toString());
    }
  }

  @Test
  void whatIsSignedAsThePolicyWantsIsBuilt() throws IOException, InterruptedException {
    Result result =
        build(
            "--tls-verify=false",
            "--authfile=" + authfile,
            "--target-arch=amd64",
            "--policy=" + signedBy("ours"),
            registry + "/signed/os:1");
    assertThat(result.status()).as(result.err()).isZero();
    Tools.checked("rm", "-r", dir.resolve("out").toString());
  }

  @Test
  void whatIsNotSignedAsThePolicyWantsIsNotBuilt() throws IOException, InterruptedException {
    String signed = registry + "/signed/os:1";
    String unsigned = registry + "/x/os:1";
    failsAtTheRegistry(
        unsigned + ": rejected by the signature policy *: there is no signature of " + digest,
        "--target-arch=amd64",
        "--policy=" + signedBy("ours"),
        unsigned);
    failsAtTheRegistry(
        signed + ": rejected by the signature policy *: a signature is not by a key of the policy",
        "--target-arch=amd64",
        "--policy=" + signedBy("theirs"),
        signed);
    failsAtTheRegistry(
        signed + ": rejected by the signature policy *: every image is rejected",
        "--policy=" + policy("reject.json", "{\"default\":[{\"type\":\"reject\"}]}"),
        signed);
    failsAtTheRegistry(
        signed + ": the signature policy * cannot be applied: bib cannot check the signatures of*",
        "--policy="
            + policy(
                "gpg.json",
                "{\"default\":[{\"type\":\"signedBy\",\"keyType\":\"GPGKeys\","
                    + "\"keyPath\":\"/etc/keys\"}]}"),
        signed);
    Path broken = policy("broken.json", "{\"default\":[{\"type\":\"rejekt\"}]}");
    build("--policy=" + broken, signed)
        .failed(1, "signature policy " + broken + ": the requirement \"rejekt\" is unknown");
    build("--policy=/none", signed).failed(2, "--policy: /none: no such file");
  }

  @Test
  void theAdministratorBlocksRegistriesAndNamesMirrors() throws IOException, InterruptedException {
    Path conf =
        Files.write(
            dir.resolve("registries.conf"),
            List.of(
                "[[registry]]",
                "location = \"blocked.invalid\"",
                "blocked = true",
                "[[registry]]",
                "location = \"mirrored.invalid\"",
                "[[registry.mirror]]",
                "location = \"" + registry + "/x\"",
                "insecure = true"));
    Map<String, String> environment =
        Map.of(
            "HOME",
            dir.toString(),
            "XDG_RUNTIME_DIR",
            dir.toString(),
            "CONTAINERS_REGISTRIES_CONF",
            conf.toString());
    String out = dir.resolve("out").toString();
    bib.run(environment, "build", "--output", out, "blocked.invalid/os:1")
        .failed(1, "docker://blocked.invalid/os:1: blocked.invalid is blocked in " + conf);
    bib.run(
            environment,
            "build",
            "--output",
            out,
            "--authfile=" + authfile,
            "mirrored.invalid/none:1")
        .failed(
            1,
            "docker://mirrored.invalid/none:1: unknown host mirrored.invalid; its mirrors failed"
                + " before: docker://"
                + registry
                + "/x/none:1: not found in the registry (404 MANIFEST_UNKNOWN*)");
    Result lint =
        bib.run(
            environment,
            "lint",
            "--output",
            dir.toString(),
            "--authfile=" + authfile,
            "--target-arch=amd64",
            "mirrored.invalid/os:1");
    assertThat(lint.status()).as(lint.err()).isZero();
    assertThat(lint.err()).contains(registry + " is read over plain http, as " + conf + " allows");
    assertThat(dir.resolve("out")).doesNotExist();
  }

  /** A server that takes connections and says nothing. */
  @Test
  void theUserSaysHowPatientToBe() throws IOException, InterruptedException {
    try (ServerSocket mute = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      String host = "127.0.0.1:" + mute.getLocalPort();
      long start = System.nanoTime();
      fails(
          host + "/x/os:1: *",
          "--tls-verify=false",
          "--connect-timeout=1",
          "--read-timeout=1",
          "--retry=0",
          host + "/x/os:1");
      assertThat(System.nanoTime() - start).isLessThan(10_000_000_000L);
    }
    build("--read-timeout=0", registry + "/x/os:1")
        .failed(2, "--read-timeout: \"0\" is not a number of seconds from 1 to 86400");
    build("--connect-timeout=soon", registry + "/x/os:1")
        .failed(2, "--connect-timeout: \"soon\" is not a number of seconds from 1 to 86400");
    build("--retry=-1", registry + "/x/os:1").failed(2, "--retry: \"-1\" is not a number from 0*");
  }

  @Test
  void thereIsNoSuchTag() throws IOException, InterruptedException {
    String image = registry + "/x/os:none";
    failsAtTheRegistry(
        image + ": not found in the registry (404 MANIFEST_UNKNOWN*)",
        "--target-arch=amd64",
        image);
  }

  @Test
  void thereIsNoImageForTheArchitecture() throws IOException, InterruptedException {
    String image = registry + "/x/os:index";
    failsAtTheRegistry(
        image + ": has no image for linux/arm64, only linux/amd64", "--target-arch=arm64", image);
  }

  @Test
  void thereAreNoCredentials() throws IOException, InterruptedException {
    String image = registry + "/x/os:1";
    fails(
        image + ": access denied by " + registry + " (401 UNAUTHORIZED*), without credentials, *",
        "--tls-verify=false",
        image);
  }

  @Test
  void thePasswordIsWrong() throws IOException, InterruptedException {
    Path wrong = authfile("wrong.json", "joe:hunter2");
    String image = registry + "/x/os:1";
    fails(
        image
            + ": access denied by "
            + registry
            + " (401 UNAUTHORIZED*), with the credentials of "
            + wrong
            + "*",
        "--tls-verify=false",
        "--authfile=" + wrong,
        image);
  }

  @Test
  void itDoesNotSpeakTls() throws IOException, InterruptedException {
    String image = registry + "/x/os:1";
    fails(image + ": " + registry + " does not speak TLS", image);
  }

  @Test
  void nobodyListens() throws IOException, InterruptedException {
    String nobody = "127.0.0.1:" + RegistryServer.freePort();
    fails(
        nobody + "/x/os:1: cannot connect to " + nobody + ": connection refused",
        nobody + "/x/os:1");
  }

  @Test
  void theHostIsUnknown() throws IOException, InterruptedException {
    // RFC 6761, 6.4: there is no such name, ever.
    fails("registry.invalid/x/os:1: unknown host registry.invalid", "registry.invalid/x/os:1");
  }

  /** A host that does not even refuse: its queue of connections is full. */
  @Test
  void theHostIsSilent() throws IOException, InterruptedException {
    List<Socket> queue = new ArrayList<>();
    try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      InetSocketAddress address = new InetSocketAddress(full.getInetAddress(), full.getLocalPort());
      fill(address, queue);
      String silent = "127.0.0.1:" + full.getLocalPort();
      fails(silent + "/x/os:1: no connection to " + silent + " within 10 s", silent + "/x/os:1");
    } finally {
      for (Socket socket : queue) {
        socket.close();
      }
    }
  }

  private static void fill(InetSocketAddress address, List<Socket> queue) throws IOException {
    while (true) {
      Socket socket = new Socket();
      queue.add(socket);
      try {
        socket.connect(address, 1000);
      } catch (SocketTimeoutException e) {
        return;
      }
    }
  }
}
