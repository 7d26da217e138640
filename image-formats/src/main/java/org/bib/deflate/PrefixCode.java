package org.bib.deflate;

import java.util.Arrays;

/**
 * A prefix code whose codes no one can choose but by their lengths (RFC 1951, section 3.2.2), the
 * lengths as Huffman would have them up to a limit.
 */
final class PrefixCode {
  private static final int SYMBOL_BITS = 9;

  private final int limit;
  private final int[] lengths;
  private final int[] codes;
  // Of the symbols in use, in ascending order: frequency << SYMBOL_BITS | symbol.
  private final int[] sorted;
  private final int[] tree;

  /**
   * A code yet to be built.
   *
   * @param symbols 2 or more, and at most 512
   * @param limit of the length of a code, in bits
   */
  PrefixCode(int symbols, int limit) {
    this.limit = limit;
    lengths = new int[symbols];
    codes = new int[symbols];
    sorted = new int[symbols];
    tree = new int[symbols];
  }

  /** The bits of the symbol's code, 0 if it has none. */
  int length(int symbol) {
    return lengths[symbol];
  }

  /** The code as it is written, its first bit lowest. */
  int code(int symbol) {
    return codes[symbol];
  }

  /** How many symbols there are up to the last with a code. */
  int used() {
    int used = lengths.length;
    while (lengths[used - 1] == 0) {
      used--;
    }
    return used;
  }

  /**
   * Builds the code. At least two symbols get one, as decoders may refuse a code with less.
   *
   * @param frequencies of all symbols, below 2^22
   */
  void build(int[] frequencies) {
    int used = sort(frequencies);
    for (int i = 0; i < used; i++) {
      tree[i] = sorted[i] >>> SYMBOL_BITS;
    }
    depths(tree, used);
    int[] counts = limitedCounts(used);
    Arrays.fill(lengths, 0);
    int symbol = used;
    for (int length = 1; length <= limit; length++) {
      for (int i = 0; i < counts[length]; i++) {
        lengths[sorted[--symbol] & ((1 << SYMBOL_BITS) - 1)] = length;
      }
    }
    assign(counts);
  }

  private int sort(int[] frequencies) {
    int used = 0;
    for (int symbol = 0; symbol < frequencies.length; symbol++) {
      if (frequencies[symbol] > 0) {
        sorted[used++] = frequencies[symbol] << SYMBOL_BITS | symbol;
      }
    }
    for (int symbol = 0; used < 2; symbol++) {
      if (frequencies[symbol] == 0) {
        sorted[used++] = 1 << SYMBOL_BITS | symbol;
      }
    }
    Arrays.sort(sorted, 0, used);
    return used;
  }

  /**
   * Replaces ascending frequencies by the depths of their leaves in Huffman's tree: Moffat and
   * Katajainen, "In-place calculation of minimum-redundancy codes", 1995.
   */
  private static void depths(int[] a, int n) {
    a[0] += a[1];
    int root = 0;
    int leaf = 2;
    for (int next = 1; next < n - 1; next++) {
      if (leaf >= n || a[root] < a[leaf]) {
        a[next] = a[root];
        a[root++] = next;
      } else {
        a[next] = a[leaf++];
      }
      if (leaf >= n || (root < next && a[root] < a[leaf])) {
        a[next] += a[root];
        a[root++] = next;
      } else {
        a[next] += a[leaf++];
      }
    }
    a[n - 2] = 0;
    for (int next = n - 3; next >= 0; next--) {
      a[next] = a[a[next]] + 1;
    }
    int inner = n - 2;
    int next = n - 1;
    int available = 1;
    for (int depth = 0; available > 0; depth++) {
      int used = 0;
      while (inner >= 0 && a[inner] == depth) {
        used++;
        inner--;
      }
      for (; available > used; available--) {
        a[next--] = depth;
      }
      available = 2 * used;
    }
  }

  /** How many codes there are of each length once none is longer than the limit. */
  private int[] limitedCounts(int used) {
    int[] counts = new int[limit + 1];
    int room = 1 << limit;
    for (int i = 0; i < used; i++) {
      int length = Math.min(limit, tree[i]);
      counts[length]++;
      room -= 1 << (limit - length);
    }
    // Cutting took more room than there is: hang longest codes below the deepest shorter one.
    for (; room < 0; room++) {
      int length = limit - 1;
      while (counts[length] == 0) {
        length--;
      }
      counts[length]--;
      counts[length + 1] += 2;
      counts[limit]--;
    }
    return counts;
  }

  private void assign(int[] counts) {
    int[] next = new int[limit + 1];
    int code = 0;
    for (int length = 1; length <= limit; length++) {
      next[length] = code;
      code = (code + counts[length]) << 1;
    }
    for (int symbol = 0; symbol < lengths.length; symbol++) {
      int length = lengths[symbol];
      codes[symbol] = length == 0 ? 0 : Integer.reverse(next[length]++) >>> (Integer.SIZE - length);
    }
  }
}
