package org.bib.oci;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;

/** A registry on loopback that misbehaves as a test wants it to. */
final class FakeRegistry implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService executor = Executors.newCachedThreadPool();
  private final Map<String, byte[]> bodies = new HashMap<>();
  private final Map<String, String> types = new HashMap<>();
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private volatile Fault fault = (exchange, body) -> false;

  /** What was asked of the registry. */
  record Request(String path, Optional<String> authorization, Optional<String> range) {}

  /** Answers in place of the registry. */
  interface Fault {
    /**
     * Answers, or does not.
     *
     * @param body what the registry would send; empty if it knows nothing of the kind
     * @return whether it has answered
     */
    boolean answers(HttpExchange exchange, byte[] body) throws IOException;
  }

  private FakeRegistry(HttpServer server) {
    this.server = server;
    server.setExecutor(executor);
    server.createContext("/", this::handle);
    server.start();
  }

  static FakeRegistry http() throws IOException {
    return new FakeRegistry(HttpServer.create(address(), 0));
  }

  static FakeRegistry https(SSLContext context, boolean needsClient) throws IOException {
    HttpsServer server = HttpsServer.create(address(), 0);
    server.setHttpsConfigurator(
        new HttpsConfigurator(context) {
          @Override
          public void configure(HttpsParameters parameters) {
            SSLParameters ssl = context.getDefaultSSLParameters();
            ssl.setNeedClientAuth(needsClient);
            parameters.setSSLParameters(ssl);
          }
        });
    return new FakeRegistry(server);
  }

  private static InetSocketAddress address() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  /** Serves an image by tag and by digest. */
  FakeRegistry with(String repository, String tag, TestImage image) {
    for (Map.Entry<Digest, byte[]> blob : image.blobs().entrySet()) {
      body("/v2/" + repository + "/blobs/" + blob.getKey(), blob.getValue(), "");
    }
    String manifests = "/v2/" + repository + "/manifests/";
    body(manifests + image.digest(), image.manifest(), image.manifestType());
    return body(manifests + tag, image.manifest(), image.manifestType());
  }

  /** Serves bytes at a path. */
  FakeRegistry body(String path, byte[] bytes, String type) {
    bodies.put(path, bytes);
    types.put(path, type);
    return this;
  }

  FakeRegistry fault(Fault wanted) {
    fault = wanted;
    return this;
  }

  String host() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  List<Request> requests() {
    return requests;
  }

  private void handle(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    Optional<String> range = header(exchange, "Range");
    requests.add(new Request(path, header(exchange, "Authorization"), range));
    byte[] body = bodies.getOrDefault(path, new byte[0]);
    try (exchange) {
      if (fault.answers(exchange, body)) {
        return;
      }
      if (path.equals("/v2/")) {
        exchange.sendResponseHeaders(200, -1);
      } else if (!bodies.containsKey(path)) {
        send(
            exchange,
            404,
            TestImage.bytes("{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"no\"}]}"));
      } else {
        String type = types.getOrDefault(path, "");
        if (!type.isEmpty()) {
          exchange.getResponseHeaders().set("Content-Type", type);
        }
        int from = start(range);
        if (from > 0) {
          exchange
              .getResponseHeaders()
              .set("Content-Range", "bytes " + from + "-" + (body.length - 1) + "/" + body.length);
        }
        exchange.sendResponseHeaders(from > 0 ? 206 : 200, body.length - from);
        exchange.getResponseBody().write(body, from, body.length - from);
      }
    }
  }

  /** First byte of a range. */
  static int start(Optional<String> range) {
    return range.map(r -> Integer.parseInt(r.replaceAll("bytes=([0-9]+)-", "$1"))).orElse(0);
  }

  static Optional<String> header(HttpExchange exchange, String name) {
    return Optional.ofNullable(exchange.getRequestHeaders().getFirst(name));
  }

  static boolean isBlob(HttpExchange exchange, Digest digest) {
    return exchange.getRequestURI().getPath().endsWith("/blobs/" + digest);
  }

  static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
  }

  @Override
  public void close() {
    server.stop(0);
    executor.shutdownNow();
  }
}
