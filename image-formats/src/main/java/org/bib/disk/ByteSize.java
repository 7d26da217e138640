package org.bib.disk;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A size in bytes.
 *
 * @param bytes 0 or more
 */
public record ByteSize(long bytes) implements Comparable<ByteSize> {
  private static final Pattern SYNTAX =
      Pattern.compile("\\s*(\\d+(?:\\.\\d+)?)\\s*([A-Za-z]*)\\s*");
  private static final Map<String, Long> UNITS =
      Map.ofEntries(
          Map.entry("", 1L),
          Map.entry("b", 1L),
          Map.entry("kb", 1000L),
          Map.entry("mb", 1_000_000L),
          Map.entry("gb", 1_000_000_000L),
          Map.entry("tb", 1_000_000_000_000L),
          Map.entry("k", 1L << 10),
          Map.entry("m", 1L << 20),
          Map.entry("g", 1L << 30),
          Map.entry("t", 1L << 40),
          Map.entry("kib", 1L << 10),
          Map.entry("mib", 1L << 20),
          Map.entry("gib", 1L << 30),
          Map.entry("tib", 1L << 40));

  public ByteSize {
    if (bytes < 0) {
      throw new IllegalArgumentException("negative size: " + bytes);
    }
  }

  /** {@code n} MiB. */
  public static ByteSize mebibytes(long n) {
    return new ByteSize(Math.multiplyExact(n, 1L << 20));
  }

  /** {@code n} GiB. */
  public static ByteSize gibibytes(long n) {
    return new ByteSize(Math.multiplyExact(n, 1L << 30));
  }

  /**
   * Reads a size as people write it: {@code 1073741824}, {@code 1.5 GiB}, {@code 20GB}; a bare
   * letter ({@code 10G}) is a power of 1024 as in GNU tools.
   *
   * @throws IllegalArgumentException if {@code text} is no size; the message says what is one
   */
  public static ByteSize parse(String text) {
    Matcher matcher = SYNTAX.matcher(text);
    Long unit = matcher.matches() ? UNITS.get(matcher.group(2).toLowerCase(Locale.ROOT)) : null;
    if (unit == null) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is not a size; write bytes or a number and a unit, such as 10 GiB");
    }
    try {
      return new ByteSize(
          new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(unit)).longValueExact());
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is not a whole number of bytes below 8 EiB", e);
    }
  }

  /** This size rounded up to a multiple of {@code unit} bytes. */
  public ByteSize roundUpTo(long unit) {
    return new ByteSize(Math.multiplyExact(ceilDiv(bytes, unit), unit));
  }

  /** The sum of both. */
  public ByteSize plus(ByteSize other) {
    return new ByteSize(Math.addExact(bytes, other.bytes));
  }

  @Override
  public int compareTo(ByteSize other) {
    return Long.compare(bytes, other.bytes);
  }

  /** As people read it, rounded up so that it never promises too little: {@code 1527 MiB}. */
  @Override
  public String toString() {
    if (bytes >= 10L << 30 && bytes % (1L << 30) == 0) {
      return (bytes >> 30) + " GiB";
    }
    if (bytes >= 1L << 20) {
      return ceilDiv(bytes, 1L << 20) + " MiB";
    }
    return bytes + " bytes";
  }

  private static long ceilDiv(long dividend, long divisor) {
    return dividend / divisor + (dividend % divisor == 0 ? 0 : 1);
  }
}
