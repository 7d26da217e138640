package org.bib.secrets;

import java.nio.charset.StandardCharsets;

/**
 * Text whose chars are bytes. Files of an image may hold any bytes; taken as ISO 8859-1, what is
 * not touched goes through unchanged.
 */
final class ByteText {
  private ByteText() {}

  static String decode(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  static byte[] encode(String byteText) {
    return byteText.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** The UTF-8 bytes of ordinary text. */
  static String utf8(String text) {
    return decode(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Ordinary text from its UTF-8 bytes. */
  static String toUnicode(String byteText) {
    return new String(encode(byteText), StandardCharsets.UTF_8);
  }
}
