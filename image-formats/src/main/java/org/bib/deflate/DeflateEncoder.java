package org.bib.deflate;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Compresses short pieces of data to raw deflate streams (RFC 1951). The same input gives the same
 * bytes on every machine, which {@link java.util.zip.Deflater} does not promise: it calls whatever
 * zlib the JDK was linked with. Three times as fast as zlib's default level, for a stream about 3 %
 * longer.
 *
 * <p>An encoder may be used over and over, by one thread at a time.
 */
public final class DeflateEncoder {
  /** The longest input, in bytes. */
  public static final int MAX_INPUT = 1 << 16;

  private static final int MAX_STORED = 65_535;
  private static final int STORED_HEADER = 5;

  private final Tokens tokens = new Tokens();
  private final DynamicBlock block = new DynamicBlock();
  private final BitOutput output = new BitOutput(MAX_INPUT + 2 * STORED_HEADER);

  /**
   * Returns {@code input} as a deflate stream of its own. It is at most 10 bytes longer than the
   * input, and decoders need no window but the output they have made.
   *
   * @throws IllegalArgumentException if the input is longer than {@link #MAX_INPUT}
   */
  public byte[] encode(byte[] input) {
    if (input.length > MAX_INPUT) {
      throw new IllegalArgumentException("too long to encode: " + input.length + " bytes");
    }
    tokens.parse(input);
    long bits = block.prepare(tokens);
    if ((bits + Byte.SIZE - 1) / Byte.SIZE >= storedSize(input.length)) {
      return stored(input);
    }
    output.clear();
    block.write(tokens, output);
    return output.toByteArray();
  }

  private static int storedBlocks(int length) {
    return length > MAX_STORED ? 2 : 1;
  }

  private static int storedSize(int length) {
    return length + storedBlocks(length) * STORED_HEADER;
  }

  // RFC 1951, section 3.2.4; each block begins on a byte, as the one before ends on one.
  private static byte[] stored(byte[] input) {
    ByteBuffer stream =
        ByteBuffer.allocate(storedSize(input.length)).order(ByteOrder.LITTLE_ENDIAN);
    int at = 0;
    for (int left = storedBlocks(input.length); left > 0; left--) {
      int length = Math.min(MAX_STORED, input.length - at);
      stream.put((byte) (left == 1 ? 1 : 0)); // BFINAL, and BTYPE 0
      stream.putShort((short) length).putShort((short) ~length);
      stream.put(input, at, length);
      at += length;
    }
    return stream.array();
  }
}
