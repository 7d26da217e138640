package org.bib.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import org.bib.failure.BuildException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Registries that are slow, busy, or drop what they began. */
@Timeout(30)
class RegistryPatienceTest {
  private final byte[] content = TestImage.random(600_000);

  @TempDir Path home;
  private FakeRegistry registry;
  private TestImage image;
  private Pull pull;
  private String name;

  @BeforeEach
  void serve() throws IOException {
    image = TestImage.of(content);
    registry = FakeRegistry.http().with("x/os", "latest", image);
    name = registry.host() + "/x/os";
    pull = new Pull(home);
  }

  @AfterEach
  void stop() {
    registry.close();
  }

  private static RegistryLimits limits(int readSeconds, int retries) {
    return new RegistryLimits(
        Optional.empty(), Optional.of(Duration.ofSeconds(readSeconds)), OptionalInt.of(retries));
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Lets the first answer with the layer be another one. */
  private AtomicInteger once(FakeRegistry.Fault fault) {
    AtomicInteger asked = new AtomicInteger();
    registry.fault(
        (exchange, body) ->
            FakeRegistry.isBlob(exchange, image.layer())
                && asked.getAndIncrement() == 0
                && fault.answers(exchange, body));
    return asked;
  }

  /** Answers with the first half of the body alone. */
  private static boolean half(HttpExchange exchange, byte[] body) throws IOException {
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body, 0, body.length / 2);
    return true;
  }

  @Test
  void retryAfterIsSecondsOrADate() {
    Instant now = Instant.parse("2026-03-01T12:00:00Z");
    assertThat(BusyException.retryAfter("7", now)).isEqualTo(Duration.ofSeconds(7));
    assertThat(BusyException.retryAfter("Sun, 01 Mar 2026 12:00:09 GMT", now))
        .isEqualTo(Duration.ofSeconds(9));
    assertThat(BusyException.retryAfter("Sun, 01 Mar 2026 11:59:09 GMT", now)).isZero();
    assertThat(BusyException.retryAfter("soon", now)).isZero();
    assertThat(BusyException.retryAfter("-1", now)).isZero();
    assertThat(BusyException.retryAfter("999999999", now)).isEqualTo(Duration.ofSeconds(60));
  }

  @Test
  void aDateToComeBackAtIsWaitedForByTheServersClock() throws Exception {
    Instant wrong = Instant.parse("2001-02-03T04:05:06Z");
    DateTimeFormatter http = DateTimeFormatter.RFC_1123_DATE_TIME.withZone(ZoneOffset.UTC);
    AtomicInteger asked = new AtomicInteger();
    try (RawServer busy =
        new RawServer(
            (socket, head) -> {
              asked.incrementAndGet();
              RawServer.send(
                  socket,
                  "HTTP/1.1 429 Too Many Requests\r\nDate: "
                      + http.format(wrong)
                      + "\r\nRetry-After: "
                      + http.format(wrong.plusSeconds(1))
                      + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            })) {
      redirectFirstTo(busy);
      long start = System.nanoTime();
      assertThat(pull.layer(name)).isEqualTo(content);
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(900));
      assertThat(asked).hasValue(1);
      assertThat(pull.details())
          .anyMatch(text -> text.endsWith("answered 429, trying again in 1000 ms"));
    }
  }

  /** Sends who asks for the layer first to another server. */
  private void redirectFirstTo(RawServer server) {
    once(
        (exchange, body) -> {
          exchange.getResponseHeaders().set("Location", "http://" + server.host() + "/blob");
          exchange.sendResponseHeaders(307, -1);
          return true;
        });
  }

  @Test
  void aResetConnectionIsTakenUpAgain() throws Exception {
    byte[] blob = image.blob(image.layer());
    try (RawServer resetting =
        new RawServer(
            (socket, head) -> {
              RawServer.send(
                  socket, "HTTP/1.1 200 OK\r\nContent-Length: " + blob.length + "\r\n\r\n");
              socket.getOutputStream().write(blob, 0, 100_000);
              socket.getOutputStream().flush();
              sleep(200);
              RawServer.reset(socket);
            })) {
      redirectFirstTo(resetting);
      assertThat(pull.layer(name)).isEqualTo(content);
      assertThat(pull.details()).anyMatch(text -> text.contains("trying again"));
    }
  }

  @Test
  void aServerThatSpeaksNoHttpIsGivenUp() throws Exception {
    try (RawServer garbage =
        new RawServer((socket, head) -> RawServer.send(socket, "220 smtp\r\n"))) {
      assertThatThrownBy(() -> pull.limits(limits(1, 0)).open(garbage.host() + "/x/os"))
          .isInstanceOf(BuildException.class)
          .hasMessageContaining(garbage.host());
    }
  }

  @Test
  void aSlowServerIsWaitedForAsLongAsSomethingComes() throws Exception {
    AtomicInteger asked =
        once(
            (exchange, body) -> {
              exchange.sendResponseHeaders(200, body.length);
              for (int at = 0; at < body.length; at += 200_000) {
                sleep(400);
                exchange.getResponseBody().write(body, at, Math.min(200_000, body.length - at));
                exchange.getResponseBody().flush();
              }
              return true;
            });
    assertThat(pull.limits(limits(1, 0)).layer(name)).isEqualTo(content);
    assertThat(asked).hasValue(1);
  }

  @Test
  void theUserSaysHowLongAStalledTransferIsWaitedFor() {
    once(
        (exchange, body) -> {
          half(exchange, body);
          exchange.getResponseBody().flush();
          sleep(10_000);
          return true;
        });
    assertThatThrownBy(() -> pull.limits(limits(1, 0)).layer(name))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("gave up after 1 try: nothing received for 1 s");
  }

  @Test
  void anAnswerThatDoesNotBeginIsNotWaitedForLonger() {
    once(
        (exchange, body) -> {
          sleep(10_000);
          return true;
        });
    assertThatThrownBy(() -> pull.limits(limits(1, 0)).layer(name))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("gave up after 1 try: request timed out");
  }

  @Test
  void theUserSaysHowOftenToTry() {
    AtomicInteger asked = new AtomicInteger();
    registry.fault(
        (exchange, body) -> {
          asked.incrementAndGet();
          exchange.sendResponseHeaders(502, -1);
          return true;
        });
    assertThatThrownBy(() -> pull.limits(limits(5, 1)).open(name))
        .hasMessageContaining("gave up after 2 tries: 127.0.0.1 answered 502");
    assertThat(asked).as("a probe of plain http, and two tries").hasValue(3);
  }

  @Test
  void aServerThatRefusesRangesIsReadFromTheStart() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    registry.fault(
        (exchange, body) -> {
          if (!FakeRegistry.isBlob(exchange, image.layer())) {
            return false;
          }
          asked.incrementAndGet();
          if (FakeRegistry.header(exchange, "Range").isPresent()) {
            exchange.sendResponseHeaders(416, -1);
            return true;
          }
          return asked.get() == 1 && half(exchange, body);
        });
    assertThat(pull.layer(name)).isEqualTo(content);
    assertThat(asked).hasValue(3);
  }

  @Test
  void aServerThatSendsAnotherRangeIsReadFromTheStart() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    registry.fault(
        (exchange, body) -> {
          if (!FakeRegistry.isBlob(exchange, image.layer())) {
            return false;
          }
          if (FakeRegistry.header(exchange, "Range").isPresent()) {
            exchange.getResponseHeaders().set("Content-Range", "bytes 0-9/" + body.length);
            exchange.sendResponseHeaders(206, 10);
            exchange.getResponseBody().write(body, 0, 10);
            return true;
          }
          return asked.getAndIncrement() == 0 && half(exchange, body);
        });
    assertThat(pull.layer(name)).isEqualTo(content);
    assertThat(asked).hasValue(2);
  }

  @Test
  void anotherEtagOfTheSameBytesDoesNoHarmAndOtherBytesAreFound() throws Exception {
    for (boolean same : new boolean[] {true, false}) {
      AtomicInteger asked = new AtomicInteger();
      registry.fault(
          (exchange, body) -> {
            if (!FakeRegistry.isBlob(exchange, image.layer())) {
              return false;
            }
            int count = asked.incrementAndGet();
            exchange.getResponseHeaders().set("ETag", "\"" + count + "\"");
            if (count == 1) {
              return half(exchange, body);
            }
            if (same) {
              return false;
            }
            int from = FakeRegistry.start(FakeRegistry.header(exchange, "Range"));
            byte[] other = Arrays.copyOfRange(body, from, body.length);
            other[0] ^= 1;
            exchange
                .getResponseHeaders()
                .set(
                    "Content-Range", "bytes " + from + "-" + (body.length - 1) + "/" + body.length);
            exchange.sendResponseHeaders(206, other.length);
            exchange.getResponseBody().write(other);
            return true;
          });
      if (same) {
        assertThat(pull.layer(name)).isEqualTo(content);
      } else {
        assertThatThrownBy(() -> pull.layer(name)).hasMessageContaining("digest mismatch");
      }
      assertThat(asked).hasValue(2);
    }
  }

  @Test
  void aManifestCutShortIsAskedForAgain() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    registry.fault(
        (exchange, body) ->
            exchange.getRequestURI().getPath().endsWith("/manifests/latest")
                && asked.getAndIncrement() == 0
                && half(exchange, body));
    assertThat(pull.layer(name)).isEqualTo(content);
    assertThat(asked).hasValue(2);
  }
}
