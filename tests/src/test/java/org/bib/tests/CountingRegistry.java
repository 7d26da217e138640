package org.bib.tests;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A registry on loopback, without TLS, that serves one layout as {@code x/os:1}, and counts which
 * blobs it was asked for (OCI distribution specification 1.1, "Pulling").
 */
final class CountingRegistry implements Closeable {
  private static final Pattern PATH = Pattern.compile("/v2/x/os/(manifests|blobs)/(.+)");

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<String> blobs = new ArrayList<>();
  private final CountDownLatch ended = new CountDownLatch(1);
  private ImageLayout layout;
  private String stalling = "";
  private CountDownLatch stalled = new CountDownLatch(0);

  CountingRegistry(ImageLayout layout) throws IOException {
    this.layout = layout;
    this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/v2/", this::answer);
    server.setExecutor(threads);
    server.start();
  }

  /** The name of the image. */
  String image() {
    return "127.0.0.1:" + server.getAddress().getPort() + "/x/os:1";
  }

  /** Serves another image from now on. */
  synchronized void serve(ImageLayout other) {
    layout = other;
  }

  /** From now on half a blob is sent and then no more; counts down what is returned by then. */
  synchronized CountDownLatch stall(String digest) {
    stalling = digest;
    stalled = new CountDownLatch(1);
    return stalled;
  }

  synchronized void stallNoMore() {
    stalling = "";
  }

  /** The blobs that were asked for since this was called last, without the configuration. */
  synchronized List<String> taken() {
    List<String> taken = new ArrayList<>(blobs);
    taken.removeIf(digest -> digest.equals(layout.configDigest()));
    blobs.clear();
    return taken;
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      Matcher path = PATH.matcher(exchange.getRequestURI().getPath());
      if (!path.matches()) {
        exchange.sendResponseHeaders(200, -1); // the question whether this is a registry
        return;
      }
      boolean isBlob = path.group(1).equals("blobs");
      Path file;
      CountDownLatch stop = null;
      synchronized (this) {
        String digest = path.group(2).equals("1") ? manifest() : path.group(2);
        file = layout.blob(digest);
        if (isBlob) {
          blobs.add(digest);
        }
        if (digest.equals(stalling)) {
          stop = stalled;
        }
      }
      if (!isBlob) {
        exchange
            .getResponseHeaders()
            .set("Content-Type", layout.manifest().get("mediaType").asText());
      }
      byte[] bytes = Files.readAllBytes(file);
      exchange.sendResponseHeaders(200, bytes.length);
      OutputStream body = exchange.getResponseBody();
      if (stop != null) {
        body.write(bytes, 0, bytes.length / 2);
        body.flush();
        stop.countDown();
        await();
      }
      body.write(bytes);
    }
  }

  private void await() {
    try {
      ended.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private String manifest() {
    return layout.entry().get("digest").asText();
  }

  @Override
  public void close() {
    ended.countDown();
    server.stop(0);
    threads.shutdownNow();
  }
}
