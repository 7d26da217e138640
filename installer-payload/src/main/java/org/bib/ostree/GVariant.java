package org.bib.ostree;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A serialised GVariant (GLib, "GVariant Specification", section 2.3): its bytes, its alignment,
 * and whether its type has a fixed size. Only the types that ostree uses can be made.
 */
final class GVariant {
  private final byte[] bytes;
  private final int alignment;
  private final boolean fixedSize;

  private GVariant(byte[] bytes, int alignment, boolean fixedSize) {
    this.bytes = bytes;
    this.alignment = alignment;
    this.fixedSize = fixedSize;
  }

  /** The serialised form. Not copied: leave it alone. */
  byte[] bytes() {
    return bytes;
  }

  /** {@code u}, big-endian, as ostree stores the numbers of files. */
  static GVariant bigEndianU32(long value) {
    return new GVariant(ByteBuffer.allocate(4).putInt((int) value).array(), 4, true);
  }

  /** {@code t}, big-endian, as ostree stores times. */
  static GVariant bigEndianU64(long value) {
    return new GVariant(ByteBuffer.allocate(8).putLong(value).array(), 8, true);
  }

  /** {@code s}. */
  static GVariant string(String value) {
    byte[] text = value.getBytes(StandardCharsets.UTF_8);
    byte[] bytes = new byte[text.length + 1];
    System.arraycopy(text, 0, bytes, 0, text.length);
    return new GVariant(bytes, 1, false);
  }

  /** {@code ay}. */
  static GVariant byteArray(byte[] value) {
    return new GVariant(value, 1, false);
  }

  /** {@code b}. */
  static GVariant bool(boolean value) {
    return new GVariant(new byte[] {(byte) (value ? 1 : 0)}, 1, true);
  }

  /** {@code v}: the child, a zero byte, its type. */
  static GVariant variant(String type, GVariant child) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(child.bytes);
    out.write(0);
    out.writeBytes(type.getBytes(StandardCharsets.US_ASCII));
    return new GVariant(out.toByteArray(), 8, false);
  }

  /**
   * An array of elements of a variable-size type.
   *
   * @param alignment of the element type, which an empty array has, too
   */
  static GVariant array(int alignment, List<GVariant> elements) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    List<Integer> ends = new ArrayList<>();
    for (GVariant element : elements) {
      pad(out, element.alignment);
      out.writeBytes(element.bytes);
      ends.add(out.size());
    }
    putOffsets(out, ends);
    return new GVariant(out.toByteArray(), alignment, false);
  }

  /** A tuple, or a dictionary entry. */
  static GVariant tuple(GVariant... members) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    List<Integer> ends = new ArrayList<>();
    int alignment = 1;
    boolean fixed = true;
    for (int i = 0; i < members.length; i++) {
      pad(out, members[i].alignment);
      out.writeBytes(members[i].bytes);
      alignment = Math.max(alignment, members[i].alignment);
      fixed &= members[i].fixedSize;
      if (!members[i].fixedSize && i < members.length - 1) {
        ends.add(0, out.size()); // tuples keep their offsets in reverse
      }
    }
    if (fixed) {
      pad(out, alignment);
    }
    putOffsets(out, ends);
    return new GVariant(out.toByteArray(), alignment, fixed);
  }

  private static void pad(ByteArrayOutputStream out, int alignment) {
    while (out.size() % alignment != 0) {
      out.write(0);
    }
  }

  /** Offsets are little-endian and as narrow as the whole container with them allows. */
  private static void putOffsets(ByteArrayOutputStream out, List<Integer> ends) {
    long body = out.size();
    int width = 1;
    while (!ends.isEmpty() && body + (long) width * ends.size() >= 1L << (8 * width)) {
      width *= 2;
    }
    for (int end : ends) {
      for (int i = 0; i < width; i++) {
        out.write(end >>> (8 * i));
      }
    }
  }
}
