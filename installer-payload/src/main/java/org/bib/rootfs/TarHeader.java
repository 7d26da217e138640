package org.bib.rootfs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A header block of a tar archive (POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar manual,
 * "Basic Tar Format").
 */
final class TarHeader {
  static final int SIZE = 512;

  private static final int P_NAME = 0;
  private static final int P_MODE = 100;
  private static final int P_UID = 108;
  private static final int P_GID = 116;
  private static final int P_SIZE = 124;
  private static final int P_MTIME = 136;
  private static final int P_CHKSUM = 148;
  private static final int P_TYPEFLAG = 156;
  private static final int P_LINKNAME = 157;
  private static final int P_MAGIC = 257;
  private static final int P_PREFIX = 345;
  private static final int PREFIX_LENGTH = 155;
  private static final int P_GNU_SPARSE = 386; // four entries of offset and size, 12 bytes each
  private static final int P_GNU_IS_EXTENDED = 482;
  private static final int P_GNU_REAL_SIZE = 483;

  private final byte[] block;

  TarHeader(byte[] block) {
    this.block = block;
  }

  /** Whether it is all zeros, which marks the end of the archive. */
  boolean isZero() {
    return Arrays.mismatch(block, new byte[SIZE]) < 0;
  }

  /**
   * Checks the checksum: the sum of all bytes, those of the field itself counted as blanks.
   *
   * @throws IOException if it is wrong, so this is no tar header
   */
  void verify() throws IOException {
    int unsigned = 0;
    int signed = 0; // some old archivers summed signed characters
    for (int i = 0; i < SIZE; i++) {
      byte b = i >= P_CHKSUM && i < P_CHKSUM + 8 ? (byte) ' ' : block[i];
      unsigned += b & 0xFF;
      signed += b;
    }
    long stored;
    try {
      stored = octal(P_CHKSUM, 8);
    } catch (IOException e) {
      throw new IOException("not a tar header: it has no checksum", e);
    }
    if (stored != unsigned && stored != signed) {
      throw new IOException("not a tar header: checksum " + stored + ", expected " + unsigned);
    }
  }

  char typeflag() {
    return (char) (block[P_TYPEFLAG] & 0xFF);
  }

  byte[] name() {
    byte[] name = text(P_NAME, 100);
    // GNU uses the place of the prefix for other fields.
    boolean ustar =
        Arrays.equals(
            block, P_MAGIC, P_MAGIC + 6, "ustar\0".getBytes(StandardCharsets.US_ASCII), 0, 6);
    if (!ustar || block[P_PREFIX] == 0) {
      return name;
    }
    byte[] prefix = text(P_PREFIX, PREFIX_LENGTH);
    byte[] joined = Arrays.copyOf(prefix, prefix.length + 1 + name.length);
    joined[prefix.length] = '/';
    System.arraycopy(name, 0, joined, prefix.length + 1, name.length);
    return joined;
  }

  byte[] linkName() {
    return text(P_LINKNAME, 100);
  }

  long mode() throws IOException {
    return octal(P_MODE, 8);
  }

  long uid() throws IOException {
    return number(P_UID, 8);
  }

  long gid() throws IOException {
    return number(P_GID, 8);
  }

  long size() throws IOException {
    return number(P_SIZE, 12);
  }

  long mtime() throws IOException {
    return number(P_MTIME, 12);
  }

  long gnuRealSize() throws IOException {
    return number(P_GNU_REAL_SIZE, 12);
  }

  boolean gnuIsExtended() {
    return block[P_GNU_IS_EXTENDED] != 0;
  }

  /** Offset of a GNU sparse pair in this header, or -1 where there are no more. */
  long gnuSparse(int index, boolean size) throws IOException {
    int at = P_GNU_SPARSE + index * 24 + (size ? 12 : 0);
    return block[at] == 0 ? -1 : number(at, 12);
  }

  /** A number of a GNU sparse extension block, which has 21 pairs from its start on. */
  static long gnuExtensionSparse(byte[] extension, int index, boolean size) throws IOException {
    int at = index * 24 + (size ? 12 : 0);
    return extension[at] == 0 ? -1 : new TarHeader(extension).number(at, 12);
  }

  /** Octal text, or base 256 where the first bit is set (GNU tar, "Extensions"). */
  private long number(int offset, int length) throws IOException {
    if ((block[offset] & 0x80) == 0) {
      return octal(offset, length);
    }
    long value = (block[offset] & 0x40) == 0 ? block[offset] & 0x3F : block[offset];
    for (int i = offset + 1; i < offset + length; i++) {
      if (value > Long.MAX_VALUE >> 8 || value < Long.MIN_VALUE >> 8) {
        throw new IOException("a number in a tar header does not fit into 64 bits");
      }
      value = value << 8 | (block[i] & 0xFF);
    }
    return value;
  }

  private long octal(int offset, int length) throws IOException {
    long value = 0;
    for (int i = offset; i < offset + length; i++) {
      int c = block[i] & 0xFF;
      if (c == ' ' && value == 0) {
        continue;
      }
      if (c == 0 || c == ' ') {
        break;
      }
      if (c < '0' || c > '7') {
        throw new IOException("not a number in a tar header");
      }
      value = value << 3 | (c - '0');
    }
    return value;
  }

  private byte[] text(int offset, int length) {
    int end = offset;
    while (end < offset + length && block[end] != 0) {
      end++;
    }
    return Arrays.copyOfRange(block, offset, end);
  }
}
