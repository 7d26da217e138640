package org.bib.deflate;

import java.util.Arrays;

/** One block with codes of its own (RFC 1951, section 3.2.7) that holds all tokens. */
final class DynamicBlock {
  private static final int CODE_LIMIT = 15;
  private static final int CODE_LENGTH_LIMIT = 7;
  // The alphabet of the code lengths: the lengths themselves, and three kinds of repetition.
  private static final int CODE_LENGTHS = 19;
  private static final int REPEAT_PREVIOUS = 16;
  private static final int REPEAT_ZERO_SHORT = 17;
  private static final int REPEAT_ZERO_LONG = 18;
  private static final int[] ORDER = {
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15
  };

  private final int[] literalFrequencies = new int[Symbols.LITERALS_AND_LENGTHS];
  private final int[] distanceFrequencies = new int[Symbols.DISTANCES];
  private final PrefixCode literals = new PrefixCode(Symbols.LITERALS_AND_LENGTHS, CODE_LIMIT);
  private final PrefixCode distances = new PrefixCode(Symbols.DISTANCES, CODE_LIMIT);

  private final int[] codeLengthFrequencies = new int[CODE_LENGTHS];
  private final PrefixCode codeLengths = new PrefixCode(CODE_LENGTHS, CODE_LENGTH_LIMIT);
  // symbol | extra bits << 5
  private final int[] runs = new int[Symbols.LITERALS_AND_LENGTHS + Symbols.DISTANCES];
  private int runCount;

  // Of each length: code with extra bits, and how many bits that is.
  private final int[] lengthCodes = new int[Symbols.MAX_LENGTH + 1];
  private final int[] lengthBits = new int[Symbols.MAX_LENGTH + 1];

  /** Makes the codes for {@code tokens} and returns how many bits the block will have. */
  long prepare(Tokens tokens) {
    count(tokens);
    literals.build(literalFrequencies);
    distances.build(distanceFrequencies);
    encodeLengths();
    codeLengths.build(codeLengthFrequencies);
    return size();
  }

  /** Writes the block of the tokens it was prepared for, as the last of the stream. */
  void write(Tokens tokens, BitOutput output) {
    writeHeader(output);
    for (int length = 3; length <= Symbols.MAX_LENGTH; length++) {
      int symbol = Symbols.ofLength(length);
      int extraBits = Symbols.lengthExtraBits(symbol);
      int codeBits = literals.length(symbol);
      lengthCodes[length] =
          literals.code(symbol) | Symbols.lengthExtra(length, extraBits) << codeBits;
      lengthBits[length] = codeBits + extraBits;
    }
    int count = tokens.count();
    for (int i = 0; i < count; i++) {
      int token = tokens.get(i);
      if (Tokens.isLiteral(token)) {
        output.put(literals.code(token), literals.length(token));
      } else {
        writeMatch(Tokens.length(token), Tokens.distance(token), output);
      }
    }
    output.put(literals.code(Symbols.END_OF_BLOCK), literals.length(Symbols.END_OF_BLOCK));
  }

  // At most 15 + 5 bits for the length and 15 + 13 for the distance.
  private void writeMatch(int length, int distance, BitOutput output) {
    long bits = lengthCodes[length];
    int count = lengthBits[length];
    int symbol = Symbols.ofDistance(distance);
    bits |= (long) distances.code(symbol) << count;
    count += distances.length(symbol);
    int extraBits = Symbols.distanceExtraBits(symbol);
    bits |= (long) Symbols.distanceExtra(distance, extraBits) << count;
    output.put(bits, count + extraBits);
  }

  private void count(Tokens tokens) {
    Arrays.fill(literalFrequencies, 0);
    Arrays.fill(distanceFrequencies, 0);
    int count = tokens.count();
    for (int i = 0; i < count; i++) {
      int token = tokens.get(i);
      if (Tokens.isLiteral(token)) {
        literalFrequencies[token]++;
      } else {
        literalFrequencies[Symbols.ofLength(Tokens.length(token))]++;
        distanceFrequencies[Symbols.ofDistance(Tokens.distance(token))]++;
      }
    }
    literalFrequencies[Symbols.END_OF_BLOCK]++;
  }

  /** Tells the lengths of both codes as runs. */
  private void encodeLengths() {
    Arrays.fill(codeLengthFrequencies, 0);
    runCount = 0;
    int literalCount = literals.used();
    int total = literalCount + distances.used();
    int at = 0;
    while (at < total) {
      int length = lengthAt(at, literalCount);
      int start = at;
      while (at < total && lengthAt(at, literalCount) == length) {
        at++;
      }
      encodeRun(length, at - start);
    }
  }

  private int lengthAt(int index, int literalCount) {
    return index < literalCount ? literals.length(index) : distances.length(index - literalCount);
  }

  private void encodeRun(int length, int count) {
    int left = count;
    if (length == 0) {
      while (left >= 11) {
        int repeated = Math.min(138, left);
        run(REPEAT_ZERO_LONG, repeated - 11);
        left -= repeated;
      }
      if (left >= 3) {
        run(REPEAT_ZERO_SHORT, left - 3);
        left = 0;
      }
    } else {
      run(length, 0);
      left--;
      while (left >= 3) {
        int repeated = Math.min(6, left);
        run(REPEAT_PREVIOUS, repeated - 3);
        left -= repeated;
      }
    }
    for (; left > 0; left--) {
      run(length, 0);
    }
  }

  private void run(int symbol, int extra) {
    runs[runCount++] = symbol | extra << 5;
    codeLengthFrequencies[symbol]++;
  }

  private static int runExtraBits(int symbol) {
    return switch (symbol) {
      case REPEAT_PREVIOUS -> 2;
      case REPEAT_ZERO_SHORT -> 3;
      case REPEAT_ZERO_LONG -> 7;
      default -> 0;
    };
  }

  private int codeLengthCount() {
    int count = CODE_LENGTHS;
    while (count > 4 && codeLengths.length(ORDER[count - 1]) == 0) {
      count--;
    }
    return count;
  }

  private long size() {
    long bits = 3 + 5 + 5 + 4 + 3L * codeLengthCount();
    for (int symbol = 0; symbol < CODE_LENGTHS; symbol++) {
      bits +=
          (long) codeLengthFrequencies[symbol]
              * (codeLengths.length(symbol) + runExtraBits(symbol));
    }
    for (int symbol = 0; symbol < Symbols.LITERALS_AND_LENGTHS; symbol++) {
      bits +=
          (long) literalFrequencies[symbol]
              * (literals.length(symbol) + Symbols.lengthExtraBits(symbol));
    }
    for (int symbol = 0; symbol < Symbols.DISTANCES; symbol++) {
      bits +=
          (long) distanceFrequencies[symbol]
              * (distances.length(symbol) + Symbols.distanceExtraBits(symbol));
    }
    return bits;
  }

  private void writeHeader(BitOutput output) {
    output.put(1, 1); // BFINAL
    output.put(2, 2); // BTYPE: dynamic codes
    output.put(literals.used() - 257, 5);
    output.put(distances.used() - 1, 5);
    int count = codeLengthCount();
    output.put(count - 4, 4);
    for (int i = 0; i < count; i++) {
      output.put(codeLengths.length(ORDER[i]), 3);
    }
    for (int i = 0; i < runCount; i++) {
      int symbol = runs[i] & 31;
      output.put(codeLengths.code(symbol), codeLengths.length(symbol));
      output.put(runs[i] >>> 5, runExtraBits(symbol));
    }
  }
}
