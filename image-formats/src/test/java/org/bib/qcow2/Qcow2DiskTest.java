package org.bib.qcow2;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.bib.disk.MalformedDiskException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** QEMU makes what is read here. */
final class Qcow2DiskTest {
  private static final int SIZE = (5 << 20) + 512;

  @TempDir private Path directory;
  private byte[] content = new byte[0];

  @BeforeEach
  void makeDisk() throws IOException {
    content = new byte[SIZE];
    Random random = new Random(3);
    byte[] noise = new byte[700_000];
    random.nextBytes(noise);
    System.arraycopy(noise, 0, content, 100_000, noise.length);
    Arrays.fill(content, 2 << 20, 3 << 20, (byte) 'a');
    content[SIZE - 1] = 1;
    Files.write(directory.resolve("raw"), content);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "-c",
        "-o compat=0.10",
        "-c -o compat=0.10",
        "-o cluster_size=512",
        "-c -o cluster_size=4096",
        "-c -o cluster_size=2M",
        "-c -o compression_type=zstd",
        "-c -o compression_type=zstd,cluster_size=8k",
        "-S 0",
        "-o preallocation=metadata",
        "-o lazy_refcounts=on",
        "-o refcount_bits=1"
      })
  void readsWhatQemuWrote(String options) throws IOException, InterruptedException {
    Path qcow2 = convert(options);
    try (Qcow2Disk disk = Qcow2Disk.open(qcow2)) {
      assertThat(Qcow2Disk.isQcow2(qcow2)).isTrue();
      disk.checkTables();
      assertThat(disk.size()).isEqualTo(SIZE);
      assertThat(read(disk, 0, SIZE)).isEqualTo(content);
      Random random = new Random(8);
      for (int i = 0; i < 200; i++) {
        int at = random.nextInt(SIZE);
        int length = random.nextInt(Math.min(200_000, SIZE - at) + 1);
        assertThat(read(disk, at, length)).isEqualTo(Arrays.copyOfRange(content, at, at + length));
      }
    }
  }

  @Test
  void readsZeroClustersAndDiscardedOnes() throws IOException, InterruptedException {
    Path qcow2 = convert("");
    qemu("qemu-io", "-c", "write -z 2M 512k", "-c", "discard 128k 64k", qcow2.toString());
    Path back = directory.resolve("back");
    qemu("qemu-img", "convert", "-O", "raw", qcow2.toString(), back.toString());
    try (Qcow2Disk disk = Qcow2Disk.open(qcow2)) {
      assertThat(read(disk, 0, SIZE)).isEqualTo(Files.readAllBytes(back)).isNotEqualTo(content);
    }
  }

  @Test
  void saysWhatItDoesNotRead() throws IOException, InterruptedException {
    Path qcow2 = directory.resolve("odd.qcow2");
    String raw = directory.resolve("raw").toString();
    qemu("qemu-img", "create", "-f", "qcow2", "-b", raw, "-F", "raw", qcow2.toString());
    assertThatThrownBy(() -> Qcow2Disk.open(qcow2)).hasMessageContaining("backing file");
    String data = "data_file=" + directory.resolve("data");
    qemu("qemu-img", "create", "-f", "qcow2", "-o", data, qcow2.toString(), "1M");
    assertThatThrownBy(() -> Qcow2Disk.open(qcow2)).hasMessageContaining("in another file");
    qemu("qemu-img", "create", "-f", "qcow2", "-o", "extended_l2=on", qcow2.toString(), "1M");
    assertThatThrownBy(() -> Qcow2Disk.open(qcow2)).hasMessageContaining("extended L2");
    qemu(
        "qemu-img",
        "create",
        "-f",
        "qcow2",
        "--object",
        "secret,id=s,data=x",
        "-o",
        "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10",
        qcow2.toString(),
        "1M");
    assertThatThrownBy(() -> Qcow2Disk.open(qcow2)).hasMessageContaining("encrypted");
  }

  @Test
  void aFlippedBitIsNoticedOrReadAndATruncationNeverHangs()
      throws IOException, InterruptedException {
    for (String options : List.of("-c", "-o cluster_size=4096", "-c -o compression_type=zstd")) {
      Path qcow2 = convert(options);
      byte[] good = Files.readAllBytes(qcow2);
      Random random = new Random(11);
      for (int i = 0; i < 100; i++) {
        byte[] bad = good.clone();
        // The header and the tables in half of the cases.
        int at = i % 2 == 0 ? random.nextInt(120) : random.nextInt(good.length);
        bad[at] ^= (byte) (1 << random.nextInt(8));
        tryToRead(qcow2, i % 10 == 9 ? Arrays.copyOf(bad, random.nextInt(bad.length)) : bad);
      }
    }
  }

  @Test
  void namesABadL2EntryAndAClusterOutsideOfTheFileAndDamagedData()
      throws IOException, InterruptedException {
    Path qcow2 = convert("-c");
    byte[] bytes = Files.readAllBytes(qcow2);
    int l1 = (int) ByteBuffer.wrap(bytes).getLong(40);
    int l2 = (int) (ByteBuffer.wrap(bytes).getLong(l1) & 0xFFFFFFFFFFFFFFL);

    byte[] outside = bytes.clone();
    ByteBuffer.wrap(outside).putLong(l2 + 8, 1L << 40 | 1L << 63);
    assertRefused(qcow2, outside, "L2 entry of cluster 1 is no place of the file: 0x8000010000000");
    byte[] reserved = bytes.clone();
    ByteBuffer.wrap(reserved).putLong(l2 + 16, 1L << 57);
    assertRefused(qcow2, reserved, "L2 entry of cluster 2 is no place of the file");
    byte[] table = bytes.clone();
    ByteBuffer.wrap(table).putLong(l1, 1L << 63 | 1L << 50);
    assertRefused(qcow2, table, "entry 0 of the L1 table is no place of the file");

    int cluster = (2 << 20) >> 16;
    long entry = ByteBuffer.wrap(bytes).getLong(l2 + cluster * 8);
    byte[] damaged = bytes.clone();
    damaged[(int) (entry & (1L << 54) - 1)] = (byte) 0xFF;
    assertRefused(qcow2, damaged, "compressed data of cluster 32 is damaged");
  }

  private static void assertRefused(Path file, byte[] bytes, String words) throws IOException {
    Files.write(file, bytes);
    assertThatThrownBy(
            () -> {
              try (Qcow2Disk disk = Qcow2Disk.open(file)) {
                disk.checkTables();
                read(disk, 0, SIZE);
              }
            })
        .isInstanceOf(MalformedDiskException.class)
        .hasMessageContaining(words);
  }

  private static void tryToRead(Path file, byte[] bytes) throws IOException {
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
      out.write(ByteBuffer.wrap(bytes));
    }
    try (Qcow2Disk disk = Qcow2Disk.open(file)) {
      disk.checkTables();
      read(disk, 0, (int) Math.min(disk.size(), 8 << 20));
    } catch (MalformedDiskException e) {
      assertThat(e).hasMessageContaining("qcow2");
    }
  }

  private Path convert(String options) throws IOException, InterruptedException {
    Path qcow2 = directory.resolve("disk.qcow2");
    Files.deleteIfExists(qcow2);
    List<String> command =
        new ArrayList<>(List.of("qemu-img", "convert", "-f", "raw", "-O", "qcow2"));
    if (!options.isEmpty()) {
      command.addAll(List.of(options.split(" ", -1)));
    }
    command.add(directory.resolve("raw").toString());
    command.add(qcow2.toString());
    qemu(command.toArray(String[]::new));
    return qcow2;
  }

  private static byte[] read(Qcow2Disk disk, long offset, int length) throws IOException {
    byte[] bytes = new byte[length];
    disk.read(offset, ByteBuffer.wrap(bytes));
    return bytes;
  }

  private static void qemu(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(String.join(" ", command) + ": " + said).isZero();
  }
}
