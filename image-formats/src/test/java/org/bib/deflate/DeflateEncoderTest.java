package org.bib.deflate;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** zlib's inflate decides what a deflate stream is. */
final class DeflateEncoderTest {
  private static final int MAX = DeflateEncoder.MAX_INPUT;

  private final DeflateEncoder encoder = new DeflateEncoder();

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 7, 8, 9, 258, 259, 32_768, 32_769, 65_535, 65_536})
  void inputsOfAnyLengthAreReadBack(int length) throws DataFormatException {
    Random random = new Random(length);
    assertReadBack(new byte[length]);
    assertReadBack(random(random, length));
    assertReadBack(words(random, length));
  }

  @Test
  void oneByteOverTheLongestInputIsRefused() {
    assertThatThrownBy(() -> encoder.encode(new byte[MAX + 1]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("65537");
  }

  @Test
  void equalBytesBecomeMatchesOfTheGreatestLength() throws DataFormatException {
    byte[] equal = new byte[MAX];
    Arrays.fill(equal, (byte) 'x');
    assertThat(assertReadBack(equal).length).isLessThan(100);
  }

  @Test
  void randomBytesAreStoredInTwoBlocks() throws DataFormatException {
    byte[] random = random(new Random(1), MAX);
    byte[] stream = assertReadBack(random);
    assertThat(stream).hasSize(MAX + 10).startsWith(0, 0xff, 0xff, 0, 0);
  }

  @Test
  void aMatchMayBeginAtTheFarthestDistance() throws DataFormatException {
    byte[] half = random(new Random(2), MAX / 2);
    byte[] twice = Arrays.copyOf(half, MAX);
    System.arraycopy(half, 0, twice, MAX / 2, MAX / 2);
    assertThat(assertReadBack(twice).length).isLessThan(MAX / 2 + 3_000);
  }

  @Test
  void aMatchPastTheFarthestDistanceIsNotUsed() throws DataFormatException {
    byte[] input = random(new Random(3), MAX);
    System.arraycopy(input, 0, input, MAX / 2 + 1, MAX / 2 - 1);
    assertReadBack(input);
  }

  // Fibonacci frequencies make Huffman's tree as deep as it can be: 21 levels here.
  @Test
  void codesAreNoLongerThanFifteenBits() throws DataFormatException {
    byte[] input = new byte[46_367];
    int at = 0;
    int a = 1;
    int b = 1;
    for (int symbol = 0; at < input.length; symbol++) {
      int count = Math.min(a, input.length - at);
      Arrays.fill(input, at, at + count, (byte) symbol);
      at += count;
      int sum = a + b;
      a = b;
      b = sum;
    }
    // Shuffled, lest matches hide the frequencies.
    Random random = new Random(4);
    for (int i = input.length - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      byte swapped = input[i];
      input[i] = input[j];
      input[j] = swapped;
    }
    assertReadBack(input);
  }

  @Test
  void dataOfManyKindsIsReadBack() throws DataFormatException {
    Random random = new Random(5);
    for (int i = 0; i < 400; i++) {
      assertReadBack(mixed(random, 1 + random.nextInt(random.nextBoolean() ? 300 : MAX)));
    }
  }

  @Test
  void programsAreReadBackAndHardlyLongerThanByZlib() throws IOException, DataFormatException {
    byte[] program =
        Files.readAllBytes(Path.of(System.getProperty("java.home"), "lib/server/libjvm.so"));
    long own = 0;
    long zlib = 0;
    for (int at = 0; at + MAX <= Math.min(program.length, 8 << 20); at += MAX) {
      byte[] piece = Arrays.copyOfRange(program, at, at + MAX);
      own += assertReadBack(piece).length;
      zlib += zlibLength(piece);
    }
    assertThat(own).isLessThan(zlib * 107 / 100);
  }

  @Test
  void textIsHardlyLongerThanByZlib() throws IOException, DataFormatException {
    byte[] text;
    try (InputStream words = Files.newInputStream(Path.of("/usr/share/common-licenses/GPL-3"))) {
      text = words.readAllBytes();
    }
    byte[] stream = assertReadBack(text);
    assertThat(stream.length).isLessThan(zlibLength(text) * 112 / 100);
  }

  // Whoever changes these bytes changes every qcow2 file that was ever promised to be the same.
  @Test
  void theBytesOfAShortTextAreKnown() {
    byte[] text =
        "she sells sea shells by the sea shore; the shells she sells are sea shells for sure. "
            .repeat(2)
            .getBytes(US_ASCII);
    assertThat(HexFormat.of().formatHex(encoder.encode(text)))
        .isEqualTo(
            "ad8ccb09002110435b4905dbc056e342160f8230d183dd8b23a20578cbe7258a849892200628bafc1a8ae723c9c677da59ee45b0c5b8fdb341d5f81cc8c5d30e");
  }

  @Test
  void theBytesOfManyInputsAreKnown() throws NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    Random random = new Random(6);
    for (int i = 0; i < 100; i++) {
      digest.update(encoder.encode(mixed(random, 1 + random.nextInt(MAX))));
    }
    assertThat(HexFormat.of().formatHex(digest.digest()))
        .isEqualTo("fd099f51a67a52702b7dc05780c24564bc0694da3a08d1175e0899cadd8745e3");
  }

  @Test
  void whatWasEncodedBeforeDoesNotShow() {
    Random random = new Random(7);
    byte[] input = mixed(random, 50_000);
    byte[] first = encoder.encode(input);
    encoder.encode(mixed(random, MAX));
    assertThat(encoder.encode(input)).isEqualTo(first);
    assertThat(new DeflateEncoder().encode(input)).isEqualTo(first);
  }

  private byte[] assertReadBack(byte[] input) throws DataFormatException {
    byte[] stream = encoder.encode(input);
    Inflater inflater = new Inflater(true);
    try {
      inflater.setInput(stream);
      byte[] back = new byte[input.length + 1];
      int length = inflater.inflate(back);
      assertThat(inflater.finished()).isTrue();
      assertThat(inflater.getRemaining()).isZero();
      assertThat(Arrays.copyOf(back, length)).isEqualTo(input);
    } finally {
      inflater.end();
    }
    return stream;
  }

  private static int zlibLength(byte[] input) {
    Deflater deflater = new Deflater(6, true);
    try {
      deflater.setInput(input);
      deflater.finish();
      return deflater.deflate(new byte[2 * input.length]);
    } finally {
      deflater.end();
    }
  }

  private static byte[] random(Random random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] words(Random random, int length) {
    byte[] dictionary = random(random, 2_000);
    byte[] bytes = new byte[length];
    for (int at = 0; at < length; ) {
      int count = Math.min(length - at, 1 + random.nextInt(12));
      System.arraycopy(dictionary, random.nextInt(1_980), bytes, at, count);
      at += count;
    }
    return bytes;
  }

  /** Runs, random bytes, small alphabets and repetitions at all distances, in turn. */
  private static byte[] mixed(Random random, int length) {
    byte[] bytes = new byte[length];
    for (int at = 0; at < length; ) {
      int count = Math.min(length - at, 1 + random.nextInt(1 << random.nextInt(14)));
      int alphabet = 1 + random.nextInt(1 << random.nextInt(8));
      int distance = at == 0 ? 0 : 1 + random.nextInt(at);
      boolean repeated = distance > 0 && random.nextInt(3) > 0;
      for (int i = 0; i < count; i++, at++) {
        bytes[at] = repeated ? bytes[at - distance] : (byte) random.nextInt(alphabet);
      }
    }
    return bytes;
  }
}
