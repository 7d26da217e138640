package org.bib.qcow2;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.bib.disk.ByteRange;
import org.bib.disk.ByteSize;
import org.bib.disk.Content;
import org.bib.disk.DiskImage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** QEMU decides what a qcow2 file is and what it holds. */
final class Qcow2WriterTest {
  private static final int CLUSTER = 1 << 16;

  @TempDir private Path directory;

  @ParameterizedTest
  @EnumSource(Compression.class)
  void qemuReadsBackAMixOfRandomZeroAndCompressibleClusters(Compression compression)
      throws IOException, InterruptedException {
    try (DiskImage disk = mixedDisk(9L * 1024 * 1024 + 3 * 512)) {
      Path target = directory.resolve("disk.qcow2");
      Qcow2Writer.write(disk, target, compression, 2, done -> {});
      assertSame(disk, target);
    }
  }

  @ParameterizedTest
  @EnumSource(Compression.class)
  void aDiskOfSeveralL2TablesIsReadBack(Compression compression)
      throws IOException, InterruptedException {
    long size = 3L << 29;
    try (DiskImage disk = DiskImage.create(directory.resolve("raw"), new ByteSize(size))) {
      Random random = new Random(5);
      long[] offsets = {0, (1L << 29) - 5000, 1L << 29, (1L << 30) + 777_777, size - 1000};
      for (long offset : offsets) {
        disk.write(offset, ByteBuffer.wrap(text(random, 1000)));
      }
      disk.place((1L << 30) + (1L << 26), Content.of(random(random, 3 * CLUSTER)), 0, 3 * CLUSTER);
      Path target = directory.resolve("disk.qcow2");
      Qcow2Writer.write(disk, target, compression, 2, done -> {});
      assertSame(disk, target);
      assertThat(Files.size(target)).isLessThan(20L * CLUSTER);
    }
  }

  @ParameterizedTest
  @EnumSource(Compression.class)
  void theBytesDoNotDependOnTheNumberOfThreads(Compression compression) throws IOException {
    try (DiskImage disk = mixedDisk(9L * 1024 * 1024 + 512)) {
      Path one = directory.resolve("one.qcow2");
      Path three = directory.resolve("three.qcow2");
      Qcow2Writer.write(disk, one, compression, 1, done -> {});
      Qcow2Writer.write(disk, three, compression, 3, done -> {});
      assertThat(Files.mismatch(one, three)).isEqualTo(-1);
    }
  }

  @Test
  void anEmptyDiskTakesNoDataClusters() throws IOException, InterruptedException {
    try (DiskImage disk = DiskImage.create(directory.resolve("raw"), ByteSize.gibibytes(1))) {
      Path target = directory.resolve("disk.qcow2");
      Qcow2Writer.write(disk, target, Compression.ZLIB, 1, done -> {});
      assertSame(disk, target);
      // Header, L1 table, refcount block, refcount table; the last byte's block is zero.
      assertThat(Files.size(target)).isEqualTo(4L * CLUSTER);
    }
  }

  @Test
  void aSizeOfNoWholeSectorsIsRoundedUp() throws IOException, InterruptedException {
    try (DiskImage disk = DiskImage.create(directory.resolve("raw"), new ByteSize(100_001))) {
      disk.write(100_000, ByteBuffer.wrap(new byte[] {7}));
      Path target = directory.resolve("disk.qcow2");
      Qcow2Writer.write(disk, target, Compression.ZSTD, 1, done -> {});
      assertSame(disk, target);
      assertThat(header(target).getLong(24)).isEqualTo(100_352);
    }
  }

  @ParameterizedTest
  @EnumSource(Compression.class)
  void theHeaderTellsVersionAndCompression(Compression compression) throws IOException {
    try (DiskImage disk = mixedDisk(1 << 20)) {
      Path target = directory.resolve("disk.qcow2");
      Qcow2Writer.write(disk, target, compression, 1, done -> {});
      ByteBuffer header = header(target);
      assertThat(header.getInt(4)).isEqualTo(3);
      assertThat(header.getInt(20)).isEqualTo(16);
      assertThat(header.getLong(72)).isEqualTo(compression == Compression.ZSTD ? 8 : 0);
      assertThat(header.getInt(96)).isEqualTo(4);
      assertThat(header.getInt(100)).isEqualTo(112);
      assertThat(header.get(104)).isEqualTo((byte) (compression == Compression.ZSTD ? 1 : 0));
    }
  }

  @Test
  void qemuFindsAWrongRefcount() throws IOException, InterruptedException {
    try (DiskImage disk = mixedDisk(1 << 20)) {
      Path target = directory.resolve("disk.qcow2");
      Qcow2Writer.write(disk, target, Compression.ZLIB, 1, done -> {});
      byte[] bytes = Files.readAllBytes(target);
      int table = Math.toIntExact(ByteBuffer.wrap(bytes).getLong(48));
      int block = Math.toIntExact(ByteBuffer.wrap(bytes).getLong(table));
      bytes[block + 3]++;
      Files.write(target, bytes);
      assertThat(exitCode("qemu-img", "check", target.toString())).isNotZero();
    }
  }

  @Test
  void progressEndsWithTheLengthOfAllDataRanges() throws IOException {
    try (DiskImage disk = mixedDisk(5 << 20)) {
      List<Long> done = new ArrayList<>();
      Qcow2Writer.write(disk, directory.resolve("disk.qcow2"), Compression.ZSTD, 2, done::add);
      assertThat(done).isSorted();
      assertThat(done.get(done.size() - 1))
          .isEqualTo(disk.dataRanges().stream().mapToLong(ByteRange::length).sum());
    }
  }

  @Test
  void aTargetThatExistsIsLeftAlone() throws IOException {
    Path target = Files.writeString(directory.resolve("disk.qcow2"), "mine");
    try (DiskImage disk = mixedDisk(1 << 20)) {
      assertThatThrownBy(() -> Qcow2Writer.write(disk, target, Compression.ZLIB, 1, done -> {}))
          .isInstanceOf(FileAlreadyExistsException.class);
    }
    assertThat(target).hasContent("mine");
  }

  @Test
  void aFailureLeavesNoTargetBehind() throws IOException {
    Path target = directory.resolve("disk.qcow2");
    try (DiskImage disk = DiskImage.create(directory.resolve("raw"), ByteSize.mebibytes(8))) {
      // The content is shorter than what is placed of it.
      disk.place(1 << 20, Content.of(new byte[10]), 0, 1 << 20);
      assertThatThrownBy(() -> Qcow2Writer.write(disk, target, Compression.ZSTD, 2, done -> {}))
          .isInstanceOf(IOException.class);
    }
    assertThat(target).doesNotExist();
  }

  /** Random, compressible and zero clusters in turn, placed and written. */
  private DiskImage mixedDisk(long size) throws IOException {
    DiskImage disk = DiskImage.create(directory.resolve("raw"), new ByteSize(size));
    Random random = new Random(42);
    for (long offset = 0; offset < size; offset += CLUSTER) {
      int length = Math.toIntExact(Math.min(CLUSTER, size - offset));
      switch (random.nextInt(6)) {
        case 0 -> disk.write(offset, ByteBuffer.wrap(random(random, length)));
        case 1 -> disk.place(offset, Content.of(random(random, length)), 0, length);
        case 2 -> disk.write(offset, ByteBuffer.wrap(text(random, length)));
        case 3 -> disk.place(offset, Content.of(text(random, length)), 0, length);
        case 4 -> disk.write(offset, ByteBuffer.allocate(length));
        case 5 -> disk.write(offset + length / 3, ByteBuffer.wrap(text(random, 100)));
        default -> throw new AssertionError();
      }
    }
    disk.write(size - 4, ByteBuffer.wrap(new byte[] {1, 2, 3, 4}));
    return disk;
  }

  private static byte[] random(Random random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  // Repeats itself at distances up to the cluster's length, and compresses to about a half.
  private static byte[] text(Random random, int length) {
    byte[] bytes = random(random, length);
    int half = length / 2;
    System.arraycopy(bytes, 0, bytes, half, half);
    for (int i = 0; i < half; i += 5) {
      bytes[i] = 'a';
    }
    return bytes;
  }

  private void assertSame(DiskImage disk, Path target) throws IOException, InterruptedException {
    run("qemu-img", "check", "-f", "qcow2", target.toString());
    disk.materialize();
    String raw = disk.file().toString();
    run("qemu-img", "compare", "-f", "raw", "-F", "qcow2", raw, target.toString());
    Path back = directory.resolve("back.raw");
    run("qemu-img", "convert", "-O", "raw", target.toString(), back.toString());
    // Skips holes, and takes what is missing of the last sector for zeros.
    run("qemu-img", "compare", "-f", "raw", "-F", "raw", raw, back.toString());
  }

  private static ByteBuffer header(Path target) throws IOException {
    return ByteBuffer.wrap(Arrays.copyOf(Files.readAllBytes(target), 112));
  }

  private static void run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }

  private static int exitCode(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getInputStream().readAllBytes();
    return process.waitFor();
  }
}
