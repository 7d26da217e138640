package org.bib.tests;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** A tar archive made header by header, so that what no archiver writes can be in it. */
final class TarBuilder {
  private static final int BLOCK = 512;
  // POSIX.1-2017, pax, "ustar Interchange Format".
  private static final int P_MODE = 100;
  private static final int P_SIZE = 124;
  private static final int P_CHKSUM = 148;
  private static final int P_TYPEFLAG = 156;
  private static final int P_LINKNAME = 157;
  private static final int P_MAGIC = 257;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  TarBuilder file(String name, String content) {
    return file(name, content.getBytes(StandardCharsets.UTF_8));
  }

  TarBuilder file(String name, byte[] content) {
    return member(bytes(name), '0', octal(content.length), "").data(content);
  }

  TarBuilder directory(String name) {
    return member(bytes(name + "/"), '5', octal(0), "");
  }

  TarBuilder symlink(String name, String target) {
    return member(bytes(name), '2', octal(0), target);
  }

  TarBuilder hardLink(String name, String target) {
    return member(bytes(name), '1', octal(0), target);
  }

  /** A header of any type, such as a device. */
  TarBuilder special(String name, char type) {
    return member(bytes(name), type, octal(0), "");
  }

  /** A PAX header for the next member; the length of a record may be given as it is not. */
  TarBuilder pax(String records) {
    byte[] content = records.getBytes(StandardCharsets.UTF_8);
    return member(bytes("pax"), 'x', octal(content.length), "").data(content);
  }

  /** A PAX record with its true length. */
  static String record(String key, String value) {
    String rest = " " + key + "=" + value + "\n";
    int length = bytes(rest).length + 1;
    while (bytes(length + rest).length != length) {
      length = bytes(length + rest).length;
    }
    return length + rest;
  }

  /** A member with nothing but its header, whatever its size field says. */
  TarBuilder member(byte[] name, char type, byte[] sizeField, String link) {
    byte[] header = new byte[BLOCK];
    System.arraycopy(name, 0, header, 0, name.length);
    put(header, P_MODE, "0000755\0" + "0000000\0" + "0000000\0");
    System.arraycopy(sizeField, 0, header, P_SIZE, sizeField.length);
    put(header, P_SIZE + 12, "00000000000\0" + "        ");
    header[P_TYPEFLAG] = (byte) type;
    put(header, P_LINKNAME, link);
    put(header, P_MAGIC, "ustar\0" + "00");
    int sum = 0;
    for (byte b : header) {
      sum += b & 0xFF;
    }
    put(header, P_CHKSUM, String.format(Locale.ROOT, "%06o\0 ", sum));
    out.writeBytes(header);
    return this;
  }

  private TarBuilder data(byte[] content) {
    out.writeBytes(content);
    out.writeBytes(new byte[Math.floorMod(-content.length, BLOCK)]);
    return this;
  }

  /** The archive, with its end marker. */
  byte[] build() {
    byte[] members = out.toByteArray();
    return java.util.Arrays.copyOf(members, members.length + 2 * BLOCK);
  }

  static byte[] octal(long size) {
    return bytes(String.format(Locale.ROOT, "%011o\0", size));
  }

  private static void put(byte[] header, int offset, String text) {
    byte[] bytes = bytes(text);
    System.arraycopy(bytes, 0, header, offset, bytes.length);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
