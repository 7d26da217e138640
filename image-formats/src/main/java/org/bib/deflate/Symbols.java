package org.bib.deflate;

/** How RFC 1951, section 3.2.5, tells lengths and distances: a symbol and extra bits. */
final class Symbols {
  static final int END_OF_BLOCK = 256;
  static final int LITERALS_AND_LENGTHS = 286;
  static final int DISTANCES = 30;

  /** The longest match, and the farthest one. */
  static final int MAX_LENGTH = 258;

  static final int MAX_DISTANCE = 1 << 15;

  private static final int FIRST_LENGTH = 257;
  private static final int LAST_LENGTH = 285;
  private static final int MIN_LENGTH = 3;
  private static final short[] LENGTH_SYMBOLS = new short[MAX_LENGTH + 1];

  static {
    for (int length = MIN_LENGTH; length <= MAX_LENGTH; length++) {
      LENGTH_SYMBOLS[length] = (short) computeLengthSymbol(length);
    }
  }

  private Symbols() {}

  /** The symbol of a length from 3 to 258. */
  static int ofLength(int length) {
    return LENGTH_SYMBOLS[length];
  }

  // Four symbols for every power of two above eight; 258 has one for itself.
  private static int computeLengthSymbol(int length) {
    int value = length - MIN_LENGTH;
    if (length == MAX_LENGTH) {
      return LAST_LENGTH;
    }
    if (value < 8) {
      return FIRST_LENGTH + value;
    }
    int log = log2(value);
    return FIRST_LENGTH + 4 * (log - 1) + ((value >>> (log - 2)) & 3);
  }

  /** How many extra bits follow a symbol of the literal and length code. */
  static int lengthExtraBits(int symbol) {
    return symbol < FIRST_LENGTH + 8 || symbol == LAST_LENGTH
        ? 0
        : (symbol - (FIRST_LENGTH + 4)) >>> 2;
  }

  /** The extra bits of a length whose symbol has {@code bits} of them. */
  static int lengthExtra(int length, int bits) {
    return (length - MIN_LENGTH) & ((1 << bits) - 1);
  }

  /** The symbol of a distance from 1 to 32768: two for every power of two above four. */
  static int ofDistance(int distance) {
    int value = distance - 1;
    if (value < 4) {
      return value;
    }
    int log = log2(value);
    return 2 * log + ((value >>> (log - 1)) & 1);
  }

  /** How many extra bits follow a symbol of the distance code. */
  static int distanceExtraBits(int symbol) {
    return symbol < 4 ? 0 : (symbol >>> 1) - 1;
  }

  /** The extra bits of a distance whose symbol has {@code bits} of them. */
  static int distanceExtra(int distance, int bits) {
    return (distance - 1) & ((1 << bits) - 1);
  }

  private static int log2(int value) {
    return Integer.SIZE - 1 - Integer.numberOfLeadingZeros(value);
  }
}
