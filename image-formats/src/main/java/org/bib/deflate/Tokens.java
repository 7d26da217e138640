package org.bib.deflate;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A piece of data as literals and references to earlier bytes, found greedily: at each position the
 * longest of the last few places with the same four bytes.
 */
final class Tokens {
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  // Changing any of these changes the bytes of every disk.
  private static final int MIN_MATCH = 4;
  private static final int CANDIDATES = 8;
  private static final int GOOD_ENOUGH = 32;
  private static final int HASH_BITS = 15;
  private static final int HASH_FACTOR = 0x9e3779b1; // 2^32 / golden ratio: Fibonacci hashing
  // In data without matches, one position more is passed over for every 32 misses in a row.
  private static final int MISSES_SHIFT = 5;
  private static final int MAX_STEP = 32;

  // Position + 1 of the last place with a hash, 0 for none, and of the place before each place.
  private final char[] last = new char[1 << HASH_BITS];
  private final char[] before = new char[DeflateEncoder.MAX_INPUT];
  private final int[] tokens = new int[DeflateEncoder.MAX_INPUT];
  private int count;
  private int distance;

  int count() {
    return count;
  }

  /** A literal, below 256, or a match: length &lt;&lt; 16 | distance. */
  int get(int index) {
    return tokens[index];
  }

  static boolean isLiteral(int token) {
    return token < 256;
  }

  static int length(int token) {
    return token >>> 16;
  }

  static int distance(int token) {
    return token & 0xffff;
  }

  /** Replaces the tokens by those of {@code input}. */
  void parse(byte[] input) {
    Arrays.fill(last, (char) 0);
    int end = input.length;
    int searchEnd = end - MIN_MATCH + 1;
    int n = 0;
    int at = 0;
    int misses = 0;
    while (at < searchEnd) {
      int length = find(input, at);
      if (length == 0) {
        int next = Math.min(end, at + Math.min(MAX_STEP, 1 + (misses >> MISSES_SHIFT)));
        misses++;
        while (at < next) {
          tokens[n++] = input[at++] & 0xff;
        }
      } else {
        misses = 0;
        tokens[n++] = length << 16 | distance;
        int next = at + length;
        int inserted = Math.min(next, searchEnd);
        for (int i = at + 1; i < inserted; i++) {
          insert(i, hash((int) INTS.get(input, i)));
        }
        at = next;
      }
    }
    while (at < end) {
      tokens[n++] = input[at++] & 0xff;
    }
    count = n;
  }

  /** Returns the length of the match at {@code at} and sets its distance, or returns 0. */
  private int find(byte[] input, int at) {
    int word = (int) INTS.get(input, at);
    int candidate = insert(at, hash(word));
    int longest = MIN_MATCH - 1;
    int most = Math.min(Symbols.MAX_LENGTH, input.length - at);
    int nearest = Math.max(0, at - Symbols.MAX_DISTANCE);
    for (int i = 0; i < CANDIDATES && candidate > nearest && longest < most; i++) {
      int from = candidate - 1;
      // A longer match also has the same four bytes up to and with the one behind the longest.
      int tail = longest - (MIN_MATCH - 1);
      if ((int) INTS.get(input, from + tail) == (int) INTS.get(input, at + tail)
          && (int) INTS.get(input, from) == word) {
        int length = matchLength(input, from, at, most);
        if (length > longest) {
          longest = length;
          distance = at - from;
          if (length >= GOOD_ENOUGH) {
            break;
          }
        }
      }
      candidate = before[from];
    }
    return longest < MIN_MATCH ? 0 : longest;
  }

  private int insert(int at, int hash) {
    char candidate = last[hash];
    before[at] = candidate;
    last[hash] = (char) (at + 1);
    return candidate;
  }

  private static int matchLength(byte[] input, int from, int at, int most) {
    int length = MIN_MATCH;
    while (length + Long.BYTES <= most) {
      long difference =
          (long) LONGS.get(input, from + length) ^ (long) LONGS.get(input, at + length);
      if (difference != 0) {
        return length + Long.numberOfTrailingZeros(difference) / Byte.SIZE;
      }
      length += Long.BYTES;
    }
    while (length < most && input[from + length] == input[at + length]) {
      length++;
    }
    return length;
  }

  private static int hash(int word) {
    return (word * HASH_FACTOR) >>> (Integer.SIZE - HASH_BITS);
  }
}
