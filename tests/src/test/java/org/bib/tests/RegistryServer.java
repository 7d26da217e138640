package org.bib.tests;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.ContainerLaunchException;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.images.builder.ImageFromDockerfile;

/**
 * The registry of Debian's package docker-registry on loopback, for one user: in a container where
 * an engine works ({@code tests/with-engine} brings one), else as a process.
 */
final class RegistryServer implements Closeable {
  /** Who may read and write, as {@code user:password}. */
  static final String CREDENTIALS = "joe:secret";

  private static final String PROGRAM = "/usr/bin/docker-registry";
  private static final Pattern LIBRARY = Pattern.compile("(/\\S+) \\(0x"); // ldd(1)
  private static final long MAX_SECONDS = 30;

  private final Path directory;
  private final int port;
  private final Path config;
  private final Closeable server;

  /** Starts one that keeps its files in {@code directory}. */
  RegistryServer(Path directory) throws IOException, InterruptedException {
    this.directory = Files.createDirectories(directory);
    this.port = freePort();
    Path users = directory.resolve("htpasswd");
    Files.writeString(
        users, Tools.checked("htpasswd", "-Bbn", "joe", CREDENTIALS.substring("joe:".length())));
    this.config =
        Files.write(
            directory.resolve("config.yml"),
            List.of(
                "version: 0.1",
                "log: {level: error, accesslog: {disabled: true}}",
                "storage: {filesystem: {rootdirectory: " + directory.resolve("data") + "}}",
                "http: {addr: " + host() + "}",
                "auth: {htpasswd: {realm: test, path: " + users + "}}"));
    this.server = start(users);
  }

  private Closeable start(Path users) throws IOException, InterruptedException {
    String reason = "there is no container engine";
    if (DockerClientFactory.instance().isDockerAvailable()) {
      try {
        return container(users);
      } catch (ContainerLaunchException e) {
        reason = "the container engine runs none: " + rootCause(e);
      }
    }
    System.out.println("registry: a process, for " + reason);
    return process();
  }

  private static Throwable rootCause(Throwable thrown) {
    return thrown.getCause() == null ? thrown : rootCause(thrown.getCause());
  }

  /** An image of nothing but the program, its libraries and its configuration. */
  private Closeable container(Path users) throws IOException, InterruptedException {
    ImageFromDockerfile image =
        new ImageFromDockerfile("localhost/bib-test-registry")
            .withDockerfileFromBuilder(
                builder -> builder.from("scratch").copy("root", "/").build());
    for (Path file : List.of(Path.of(PROGRAM), config, users)) {
      image.withFileFromPath("root" + file, file);
    }
    Matcher libraries = LIBRARY.matcher(Tools.checked("ldd", PROGRAM));
    while (libraries.find()) {
      String library = libraries.group(1);
      image.withFileFromPath("root" + library, Path.of(library).toRealPath());
    }
    GenericContainer<?> container =
        new GenericContainer<>(image)
            .withNetworkMode("host") // an engine may have no other
            .withCommand(PROGRAM, "serve", config.toString());
    container.start();
    awaitStart(container::isRunning, container::getLogs);
    System.out.println("registry: a container");
    return container::close;
  }

  private Closeable process() throws IOException, InterruptedException {
    Path log = directory.resolve("log");
    Process process =
        new ProcessBuilder(PROGRAM, "serve", config.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    awaitStart(process::isAlive, () -> Files.readString(log));
    return () -> {
      process.destroyForcibly();
      process.onExit().join();
    };
  }

  /** What a registry said. */
  @FunctionalInterface
  private interface Log {
    String read() throws IOException;
  }

  private void awaitStart(BooleanSupplier isAlive, Log log)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(MAX_SECONDS);
    while (!listens()) {
      if (!isAlive.getAsBoolean() || System.nanoTime() > end) {
        throw new IOException("docker-registry does not start: " + log.read());
      }
      Thread.sleep(20);
    }
  }

  private boolean listens() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  /** A port of loopback that nobody listens on. */
  static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  /** Host and port, as a reference has them. */
  String host() {
    return "127.0.0.1:" + port;
  }

  /** Pushes all that a reference of skopeo names. */
  void push(String source, String name) throws IOException, InterruptedException {
    Tools.checked(
        "skopeo",
        "copy",
        "--all",
        "--preserve-digests",
        "--dest-tls-verify=false",
        "--dest-creds=" + CREDENTIALS,
        source,
        "docker://" + host() + "/" + name);
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
