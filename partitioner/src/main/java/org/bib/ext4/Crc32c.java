package org.bib.ext4;

/**
 * The checksum of ext4's metadata: CRC-32C that goes on from any value and is not inverted, unlike
 * that of {@link java.util.zip.CRC32C} (Linux, lib/crc32c).
 */
final class Crc32c {
  private static final int POLYNOMIAL = 0x82F63B78; // Castagnoli, least significant bit first
  private static final int[] TABLE = table();

  /** What a checksum begins with. */
  static final int START = ~0;

  private Crc32c() {}

  private static int[] table() {
    int[] table = new int[256];
    for (int i = 0; i < table.length; i++) {
      int crc = i;
      for (int bit = 0; bit < 8; bit++) {
        crc = (crc & 1) == 0 ? crc >>> 1 : crc >>> 1 ^ POLYNOMIAL;
      }
      table[i] = crc;
    }
    return table;
  }

  /** Goes on from {@code crc} over {@code length} bytes from {@code from} on. */
  static int update(int crc, byte[] bytes, int from, int length) {
    int value = crc;
    for (int i = from; i < from + length; i++) {
      value = value >>> 8 ^ TABLE[(value ^ bytes[i]) & 0xFF];
    }
    return value;
  }

  /** Goes on over the four bytes of a little-endian number. */
  static int update(int crc, int number) {
    int value = crc;
    for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
      value = value >>> 8 ^ TABLE[(value ^ number >>> shift) & 0xFF];
    }
    return value;
  }

  /** Goes on over {@code count} zeros, where a checksum's own field is. */
  static int zeros(int crc, int count) {
    int value = crc;
    for (int i = 0; i < count; i++) {
      value = value >>> 8 ^ TABLE[value & 0xFF];
    }
    return value;
  }
}
