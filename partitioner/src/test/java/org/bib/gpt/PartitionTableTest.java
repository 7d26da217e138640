package org.bib.gpt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.bib.TestTools.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.bib.disk.MalformedDiskException;
import org.bib.disk.RawDisk;
import org.bib.layout.LabelType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** sfdisk writes what is read here. */
class PartitionTableTest {
  private static final String ESP = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b";
  private static final String GUID = "01234567-89ab-4def-8123-456789abcdef";

  @TempDir Path dir;
  private final List<String> damages = new ArrayList<>();

  @Test
  void readsAGpt() throws IOException, InterruptedException {
    Path disk = gpt();
    PartitionTable table = read(disk);
    assertThat(damages).isEmpty();
    assertThat(table.label()).isEqualTo(LabelType.GPT);
    assertThat(table.sectorSize()).isEqualTo(512);
    assertThat(table.identifier()).isEqualTo("fedcba98-7654-4321-8fed-cba987654321");
    assertThat(table.partitions()).hasSize(2);
    PartitionTable.Partition esp = table.partitions().get(0);
    assertThat(esp.type()).isEqualTo(ESP);
    assertThat(esp.guid().orElseThrow()).hasToString(GUID);
    assertThat(esp.name()).isEqualTo("EFI ü");
    assertThat(esp.attributes()).isEqualTo(4);
    assertThat(esp.start()).isEqualTo(1 << 20);
    assertThat(esp.size()).isEqualTo(8 << 20);
    assertThat(table.partitions().get(1).number()).isEqualTo(3);
  }

  @Test
  void readsADosTable() throws IOException, InterruptedException {
    Path disk = empty();
    sfdisk(
        disk,
        "label: dos\nlabel-id: 0x12345678\nstart=2048,size=16384,type=ef,bootable\ntype=83\n");
    PartitionTable table = read(disk);
    assertThat(table.label()).isEqualTo(LabelType.DOS);
    assertThat(table.identifier()).isEqualTo("0x12345678");
    assertThat(table.partitions().get(0).type()).isEqualTo("ef");
    assertThat(table.partitions().get(0).active()).isTrue();
    assertThat(table.partitions().get(1).start()).isEqualTo((2048 + 16384) * 512);
  }

  @Test
  void everyFlippedByteOfAGptIsTold() throws IOException, InterruptedException {
    Path disk = gpt();
    PartitionTable good = read(disk);
    byte[] bytes = Files.readAllBytes(disk);
    try (FileChannel channel = FileChannel.open(disk, StandardOpenOption.WRITE)) {
      for (int at = 512; at < 512 + 92; at++) {
        flip(channel, bytes, at, good);
      }
      for (int at = 1024; at < 1024 + 4 * 128; at += 3) {
        flip(channel, bytes, at, good);
      }
      int backup = bytes.length - 512;
      for (int at = backup; at < backup + 92; at++) {
        flip(channel, bytes, at, good);
      }
    }
  }

  private void flip(FileChannel channel, byte[] bytes, int at, PartitionTable good)
      throws IOException {
    channel.write(ByteBuffer.wrap(new byte[] {(byte) (bytes[at] ^ 0x10)}), at);
    damages.clear();
    PartitionTable read = read(dir.resolve("disk"));
    assertThat(damages).as("byte " + at).isNotEmpty();
    assertThat(read.partitions()).isEqualTo(good.partitions());
    channel.write(ByteBuffer.wrap(bytes, at, 1), at);
  }

  @Test
  void aTruncatedDiskIsTold() throws IOException, InterruptedException {
    Path disk = gpt();
    try (FileChannel channel = FileChannel.open(disk, StandardOpenOption.WRITE)) {
      channel.truncate(12 << 20);
    }
    read(disk);
    assertThat(damages)
        .contains("backup GPT: it is not there")
        .contains("partition 3: it ends outside of the disk, which has 12582912 bytes");
  }

  @Test
  void whatIsNoTableIsRefused() throws IOException {
    Path disk = empty();
    assertThatThrownBy(() -> read(disk))
        .isInstanceOf(MalformedDiskException.class)
        .hasMessage("it has no partition table");
    Files.write(disk, new byte[10]);
    assertThatThrownBy(() -> read(disk)).isInstanceOf(MalformedDiskException.class);
  }

  private Path gpt() throws IOException, InterruptedException {
    Path disk = empty();
    int mebibyte = (1 << 20) / 512;
    sfdisk(
        disk,
        "label: gpt\nlabel-id: fedcba98-7654-4321-8fed-cba987654321\n"
            + ("1: start=" + mebibyte + ",size=" + 8 * mebibyte + ",type=" + ESP)
            + (",uuid=" + GUID + ",name=\"EFI ü\",attrs=LegacyBIOSBootable\n")
            + "3: start="
            + 10 * mebibyte
            + "\n");
    return disk;
  }

  private Path empty() throws IOException {
    return Files.write(dir.resolve("disk"), new byte[20 << 20]);
  }

  private void sfdisk(Path disk, String script) throws IOException, InterruptedException {
    Path input = Files.writeString(dir.resolve("script"), script);
    run("sh", "-c", "sfdisk \"$1\" < \"$2\"", "sh", disk.toString(), input.toString());
  }

  private PartitionTable read(Path disk) throws IOException {
    try (RawDisk raw = RawDisk.open(disk)) {
      return PartitionTable.read(raw, (where, what) -> damages.add(where + ": " + what));
    }
  }
}
