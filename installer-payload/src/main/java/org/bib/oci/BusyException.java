package org.bib.oci;

import java.io.IOException;
import java.net.http.HttpHeaders;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;

/** A server asks to come back later. */
final class BusyException extends IOException {
  private static final long serialVersionUID = 1L;

  /** As long as containers/image waits (docker/docker_client.go, {@code backoffMaxDelay}). */
  private static final Duration MAX_PAUSE = Duration.ofSeconds(60);

  private final Duration pause;

  /** With what the headers of its answer say of the time. */
  BusyException(String message, HttpHeaders headers) {
    super(message);
    Optional<Instant> date = headers.firstValue("Date").flatMap(BusyException::date);
    this.pause =
        retryAfter(headers.firstValue("Retry-After").orElse(""), date.orElseGet(Instant::now));
  }

  /** Whether a status is one of those that pass. */
  static boolean passes(int status) {
    return status >= 500 || status == 429 || status == 408;
  }

  /** How long to wait at least. */
  Duration pause() {
    return pause;
  }

  /**
   * How long the header {@code Retry-After} asks to wait (RFC 9110 section 10.2.3): seconds or a
   * date; nothing if it is neither or past.
   *
   * @param now by the server's clock
   */
  static Duration retryAfter(String value, Instant now) {
    Duration asked =
        value.matches("[0-9]{1,9}")
            ? Duration.ofSeconds(Long.parseLong(value))
            : date(value).map(date -> Duration.between(now, date)).orElse(Duration.ZERO);
    return asked.isNegative() ? Duration.ZERO : asked.compareTo(MAX_PAUSE) > 0 ? MAX_PAUSE : asked;
  }

  private static Optional<Instant> date(String text) {
    try {
      return Optional.of(
          ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }
}
