package org.bib.deflate;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Bits packed into bytes, lowest first (RFC 1951, section 3.1.1). */
final class BitOutput {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final byte[] bytes;
  private int written;
  private long pending;
  private int pendingBits;

  /**
   * An empty output.
   *
   * @param capacity in bytes
   */
  BitOutput(int capacity) {
    bytes = new byte[capacity + Long.BYTES];
  }

  void clear() {
    written = 0;
    pending = 0;
    pendingBits = 0;
  }

  /**
   * Appends the lowest {@code count} bits of {@code value}.
   *
   * @param value with no bit set above them
   * @param count at most 56
   */
  void put(long value, int count) {
    pending |= value << pendingBits;
    pendingBits += count;
    LONGS.set(bytes, written, pending);
    written += pendingBits >>> 3;
    pending >>>= pendingBits & ~7;
    pendingBits &= 7;
  }

  /** All bits so far, followed by zeros up to a whole byte. */
  byte[] toByteArray() {
    return Arrays.copyOf(bytes, written + (pendingBits > 0 ? 1 : 0));
  }
}
