package org.bib.ostree;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Takes serialised GVariants apart (GLib, "GVariant Specification", section 2.3), the counterpart
 * of {@link GVariant}. No offset is trusted: what does not fit is refused, where GLib would put
 * default values. Padding is not looked at; who wants the one form that GLib writes serialises
 * again and compares.
 */
final class GVariantReader {
  /**
   * The type of a member of a tuple.
   *
   * @param alignment 1, 4 or 8
   * @param size in bytes, 0 if it varies
   */
  record Member(int alignment, int size) {
    /** {@code s}, {@code ay}, {@code a(ayay)} and other arrays of what is aligned to bytes. */
    static final Member BYTES = new Member(1, 0);

    /** {@code a{sv}}. */
    static final Member DICTIONARY = new Member(8, 0);

    static final Member U32 = new Member(4, 4);
    static final Member U64 = new Member(8, 8);
  }

  private GVariantReader() {}

  /**
   * The members of a tuple, the last of which has a type of variable size.
   *
   * @param value all of it, from position to limit
   */
  static List<ByteBuffer> tuple(ByteBuffer value, Member... members) throws IOException {
    int size = value.remaining();
    int width = offsetWidth(size);
    int offsets = -1; // the last member has none
    for (Member member : members) {
      offsets += member.size() == 0 ? 1 : 0;
    }
    int body = size - offsets * width;
    List<ByteBuffer> found = new ArrayList<>();
    int end = 0;
    int taken = 0;
    for (int i = 0; i < members.length; i++) {
      Member member = members[i];
      int start = (end + member.alignment() - 1) / member.alignment() * member.alignment();
      if (member.size() > 0) {
        end = start + member.size();
      } else {
        end = i == members.length - 1 ? body : offset(value, size - ++taken * width, width);
      }
      found.add(slice(value, start, end, body));
    }
    return found;
  }

  /** The elements of an array of a type of variable size that is aligned to bytes. */
  static List<ByteBuffer> array(ByteBuffer value) throws IOException {
    int size = value.remaining();
    if (size == 0) {
      return List.of();
    }
    int width = offsetWidth(size);
    int body = offset(value, size - width, width);
    if (body > size - width || (size - body) % width != 0) {
      throw new IOException("the offsets of an array do not fit");
    }
    List<ByteBuffer> found = new ArrayList<>();
    int start = 0;
    for (int at = body; at < size; at += width) {
      int end = offset(value, at, width);
      found.add(slice(value, start, end, body));
      start = end;
    }
    return found;
  }

  /** The values of an {@code a{sv}} that are texts, by key. */
  static Map<String, String> texts(ByteBuffer value) throws IOException {
    Map<String, String> texts = new TreeMap<>();
    int size = value.remaining();
    int width = offsetWidth(size);
    int body = size == 0 ? 0 : offset(value, size - width, width);
    if (size > 0 && (body > size - width || (size - body) % width != 0)) {
      throw new IOException("the offsets of a dictionary do not fit");
    }
    int start = 0;
    for (int at = body; at < size; at += width) {
      int end = offset(value, at, width);
      ByteBuffer entry = slice(value, (start + 7) / 8 * 8, end, body);
      List<ByteBuffer> pair = tuple(entry, Member.BYTES, Member.DICTIONARY);
      ByteBuffer variant = pair.get(1);
      int last = variant.remaining() - 1;
      // A variant is its value, NUL and its type.
      if (last > 0
          && variant.get(variant.position() + last) == 's'
          && variant.get(variant.position() + last - 1) == 0) {
        texts.put(string(pair.get(0)), string(slice(variant, 0, last - 1, last)));
      }
      start = end;
    }
    return texts;
  }

  /** The text of an {@code s}, or of an {@code ay} that ends with NUL. */
  static String string(ByteBuffer value) throws IOException {
    int length = value.remaining() - 1;
    if (length < 0 || value.get(value.position() + length) != 0) {
      throw new IOException("a text does not end with NUL");
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(value.slice(value.position(), length))
          .toString();
    } catch (CharacterCodingException e) {
      throw new IOException("a text is not UTF-8", e);
    }
  }

  private static ByteBuffer slice(ByteBuffer value, int start, int end, int limit)
      throws IOException {
    if (start > end || end > limit) {
      throw new IOException("a value lies outside of what holds it");
    }
    return value.slice(value.position() + start, end - start);
  }

  /** Offsets are as narrow as the size of their container allows. */
  private static int offsetWidth(int size) {
    return size <= 0xFF ? 1 : size <= 0xFFFF ? 2 : 4;
  }

  private static int offset(ByteBuffer value, int at, int width) throws IOException {
    if (at < 0) {
      throw new IOException("a value is shorter than its offsets");
    }
    long offset = 0;
    for (int i = width - 1; i >= 0; i--) {
      offset = offset << 8 | (value.get(value.position() + at + i) & 0xFF);
    }
    if (offset > Integer.MAX_VALUE) {
      throw new IOException("a value lies outside of what holds it");
    }
    return (int) offset;
  }
}
