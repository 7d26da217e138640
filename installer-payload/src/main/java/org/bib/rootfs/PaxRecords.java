package org.bib.rootfs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bib.disk.ByteRange;
import org.bib.tree.NameOrder;
import org.jspecify.annotations.Nullable;

/**
 * Records of a PAX extended header (POSIX.1-2017, pax, "pax Extended Header"). Values are kept as
 * bytes: those of {@code SCHILY.xattr.*} are binary, which is why a reader that makes strings of
 * them will not do.
 */
final class PaxRecords {
  private static final String XATTR = "SCHILY.xattr.";

  private final Map<String, byte[]> records = new TreeMap<>();
  private final List<Long> sparse00 = new ArrayList<>(); // GNU.sparse.offset and .numbytes, in turn

  /** Adds the records of {@code bytes}; later ones win. */
  void parse(byte[] bytes) throws IOException {
    int at = 0;
    while (at < bytes.length) {
      int space = indexOf(bytes, ' ', at);
      long length = decimal(new String(bytes, at, space - at, StandardCharsets.US_ASCII));
      if (length < space - at + 3 || length > bytes.length - at) {
        throw new IOException("a PAX record has the wrong length " + length);
      }
      int end = at + Math.toIntExact(length);
      if (bytes[end - 1] != '\n') {
        throw new IOException("a PAX record does not end with a newline");
      }
      int equals = indexOf(bytes, '=', space + 1);
      String key = new String(bytes, space + 1, equals - space - 1, StandardCharsets.UTF_8);
      if (equals >= end) {
        throw new IOException("a PAX record has no value");
      }
      add(key, Arrays.copyOfRange(bytes, equals + 1, end - 1));
      at = end;
    }
  }

  private void add(String key, byte[] value) throws IOException {
    if (key.equals("GNU.sparse.offset") || key.equals("GNU.sparse.numbytes")) {
      sparse00.add(decimal(new String(value, StandardCharsets.US_ASCII)));
    } else if (value.length == 0 && !key.startsWith(XATTR)) {
      records.remove(key); // an empty value takes the record back
    } else {
      records.put(key, value);
    }
  }

  /** The bytes of a record, or null. */
  byte @Nullable [] bytes(String key) {
    return records.get(key);
  }

  /** The text of a record, or null. */
  @Nullable String text(String key) {
    byte[] value = records.get(key);
    return value == null ? null : new String(value, StandardCharsets.UTF_8);
  }

  /** The number of a record, or {@code otherwise}. */
  long number(String key, long otherwise) throws IOException {
    String value = text(key);
    return value == null ? otherwise : decimal(value);
  }

  /** Extended attributes by their full names. */
  Map<String, byte[]> xattrs() {
    Map<String, byte[]> xattrs = new TreeMap<>(NameOrder.INSTANCE);
    records.forEach(
        (key, value) -> {
          if (key.startsWith(XATTR) && key.length() > XATTR.length()) {
            xattrs.put(key.substring(XATTR.length()), value);
          }
        });
    return xattrs;
  }

  /** The map of a sparse file in GNU formats 0.0 and 0.1, or null. */
  @Nullable List<ByteRange> sparseMap() throws IOException {
    List<Long> numbers = sparse00;
    String map = text("GNU.sparse.map");
    if (map != null) {
      numbers = new ArrayList<>();
      for (String number : map.split(",", -1)) {
        numbers.add(decimal(number));
      }
    } else if (sparse00.isEmpty()) {
      return null;
    }
    return ranges(numbers);
  }

  /** Pairs of offset and size as ranges. */
  static List<ByteRange> ranges(List<Long> numbers) throws IOException {
    if (numbers.size() % 2 != 0) {
      throw new IOException("a sparse map has an odd number of numbers");
    }
    List<ByteRange> ranges = new ArrayList<>();
    try {
      for (int i = 0; i < numbers.size(); i += 2) {
        ranges.add(new ByteRange(numbers.get(i), numbers.get(i + 1)));
      }
    } catch (IllegalArgumentException e) {
      throw new IOException("a sparse map has " + e.getMessage(), e);
    }
    return ranges;
  }

  /** A non-negative decimal number. */
  static long decimal(String text) throws IOException {
    try {
      long value = Long.parseLong(text);
      if (value >= 0) {
        return value;
      }
    } catch (NumberFormatException e) {
      // told below
    }
    throw new IOException("\"" + text + "\" is not a number in a PAX header");
  }

  private static int indexOf(byte[] bytes, char c, int from) throws IOException {
    for (int i = from; i < bytes.length; i++) {
      if (bytes[i] == c) {
        return i;
      }
    }
    throw new IOException("a PAX record is cut short");
  }
}
