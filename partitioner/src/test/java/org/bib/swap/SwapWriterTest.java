package org.bib.swap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.bib.TestTools.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.bib.disk.ByteSize;
import org.bib.disk.DiskImage;
import org.bib.failure.BuildException;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@NullMarked
class SwapWriterTest {
  private static final UUID ID = UUID.fromString("01234567-89ab-4def-8123-456789abcdef");

  @TempDir private Path dir = Path.of("");

  @ParameterizedTest
  @CsvSource({"40960, swap", "1048576, ''", "130023424, fifteen bytes!!", "130027519, x"})
  void bytesAreThoseOfMkswap(long size, String label) throws IOException, InterruptedException {
    Path ours = write("ours", new ByteSize(size), label);
    Path theirs = dir.resolve("theirs");
    DiskImage.create(theirs, new ByteSize(size)).close();
    run("mkswap", "--uuid", ID.toString(), "--label", label, theirs.toString());
    assertThat(Files.mismatch(ours, theirs)).isEqualTo(-1);
  }

  @Test
  void swaplabelAndBlkidReadIt() throws IOException, InterruptedException {
    Path disk = write("disk", ByteSize.mebibytes(64), "swap");
    assertThat(run("swaplabel", disk.toString())).contains("LABEL: swap", "UUID:  " + ID);
    assertThat(run("blkid", "-p", "-o", "export", disk.toString()))
        .contains("TYPE=swap", "LABEL=swap", "UUID=" + ID, "VERSION=1");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 40_959, (1L << 44) + 4096})
  void sizesThatNoSwapHasAreRefused(long size) throws IOException {
    try (DiskImage image = DiskImage.create(dir.resolve("d"), ByteSize.mebibytes(1))) {
      assertThatThrownBy(
              () ->
                  SwapWriter.write(
                      image, 0, new ByteSize(size), new SwapWriter.Options(ID, "swap")))
          .isInstanceOf(BuildException.class)
          .hasMessageContaining("between 40 KiB and 16 TiB");
    }
  }

  private Path write(String name, ByteSize size, String label) throws IOException {
    Path disk = dir.resolve(name);
    try (DiskImage image = DiskImage.create(disk, size)) {
      SwapWriter.write(image, 0, size, new SwapWriter.Options(ID, label));
    }
    return disk;
  }
}
