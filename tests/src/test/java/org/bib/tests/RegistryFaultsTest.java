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
