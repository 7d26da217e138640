package org.bib.oci;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The registry of Debian's package docker-registry, as a process on loopback. */
final class DebianRegistry implements AutoCloseable {
  private final Path directory;
  private final String host;
  private final Process process;

  /**
   * Starts one.
   *
   * @param certificates to speak TLS with, or none for plain http
   * @param htpasswd file of users, or none for everyone
   */
  DebianRegistry(Path directory, Optional<TestCertificates> certificates, Optional<Path> htpasswd)
      throws IOException, InterruptedException {
    this.directory = Files.createDirectories(directory);
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    this.host = "127.0.0.1:" + port;
    List<String> config =
        new ArrayList<>(
            List.of(
                "version: 0.1",
                "log: {level: error, accesslog: {disabled: true}}",
                "storage: {filesystem: {rootdirectory: " + directory.resolve("data") + "}}",
                "http:",
                "  addr: " + host));
    certificates.ifPresent(
        c ->
            config.add(
                "  tls: {certificate: "
                    + c.file("server.crt")
                    + ", key: "
                    + c.file("server.key")
                    + "}"));
    htpasswd.ifPresent(file -> config.add("auth: {htpasswd: {realm: test, path: " + file + "}}"));
    Path file = Files.write(directory.resolve("config.yml"), config);
    Path log = directory.resolve("log");
    this.process =
        new ProcessBuilder("docker-registry", "serve", file.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!listens(port)) {
      if (!process.isAlive() || System.nanoTime() > end) {
        close();
        throw new IOException("docker-registry does not start: " + Files.readString(log));
      }
      Thread.sleep(20);
    }
  }

  private static boolean listens(int port) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  String host() {
    return host;
  }

  /** Pushes an image of a layout by skopeo. */
  void push(String source, String name, String... options)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("skopeo", "copy", "--all"));
    command.addAll(List.of(options));
    command.addAll(List.of(source, "docker://" + host + "/" + name));
    TestTools.run(directory, command);
  }

  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
  }
}
