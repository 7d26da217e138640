package org.bib.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DiskImageTest {
  @TempDir private Path directory;

  @Test
  void contentThatOverlapsAnotherIsRefused() throws Exception {
    try (DiskImage disk = disk(1 << 20)) {
      Content content = Content.of(new byte[8192]);
      disk.place(8192, content, 0, 8192);
      for (long offset : new long[] {1, 8191, 8192, 12_000, 16_383}) {
        assertThatThrownBy(() -> disk.place(offset, content, 0, 8192))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("placed twice");
      }
      assertThatThrownBy(() -> disk.place(9000, content, 0, 10))
          .isInstanceOf(IllegalArgumentException.class);
      disk.place(0, content, 0, 8192);
      disk.place(16_384, content, 0, 8192);
    }
  }

  @Test
  void whatLeavesTheDiskIsRefused() throws Exception {
    try (DiskImage disk = disk(10_000)) {
      assertThatThrownBy(() -> disk.place(9_999, Content.of(new byte[2]), 0, 2))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> disk.write(-1, ByteBuffer.allocate(1)))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> disk.read(10_000, ByteBuffer.allocate(1)))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void readingThroughGivesTheBytesOfTheMaterializedFile() throws Exception {
    byte[] spooled = random(300_000);
    Path spoolFile = Files.write(directory.resolve("spool"), spooled);
    try (DiskImage disk = disk(2_000_003);
        FileChannel spool = FileChannel.open(spoolFile)) {
      disk.write(0, ByteBuffer.wrap(random(5000)));
      disk.write(700_001, ByteBuffer.wrap(random(70_000)));
      disk.place(5000, Content.of(random(4096)), 1, 4000);
      disk.place(100_000, new SpooledContent(spool, 10, 299_990), 5, 200_000);
      disk.place(2_000_000, Content.of(new byte[] {1, 2, 3}), 0, 3);

      ByteBuffer through = ByteBuffer.allocate(2_000_003);
      for (int at = 0; at < 2_000_003; at += 3_333) {
        disk.read(at, through.limit(Math.min(at + 3_333, 2_000_003)));
      }
      disk.materialize();

      assertThat(through.array()).isEqualTo(Files.readAllBytes(disk.file()));
      assertThat(through.array()[100_000]).isEqualTo(spooled[15]);
    }
  }

  @Test
  void contentsAreCopiedWhileMoreArePlaced() throws Exception {
    int length = 3_000_001;
    try (DiskImage early = disk("early", 100L * length);
        DiskImage late = disk("late", 100L * length)) {
      for (int i = 0; i < 100; i++) {
        byte[] bytes = random(length + i);
        early.place((long) i * length, Content.of(bytes), i, length);
        late.place((long) i * length, Content.of(bytes), i, length);
        if (i == 10) {
          early.copyWhilePlaced();
        }
      }
      early.materialize();
      late.materialize();
      assertThat(Files.mismatch(early.file(), late.file())).isEqualTo(-1);
    }
  }

  @Test
  void copyingEndsWithTheDisk() throws Exception {
    Path spoolFile = Files.write(directory.resolve("spool"), random(64 << 20));
    try (FileChannel spool = FileChannel.open(spoolFile)) {
      DiskImage disk = disk(16L << 30);
      try (disk) {
        disk.copyWhilePlaced();
        for (int i = 0; i < 256; i++) {
          disk.place((long) i << 26, new SpooledContent(spool, 0, 64 << 20), 0, 64 << 20);
        }
      }
      long allocated = SparseFile.dataRanges(disk.file(), disk.size()).get(0).length();
      assertThat(allocated).isLessThan(8L << 30);
    }
  }

  @Test
  void whatCannotBeCopiedIsToldInTheEnd() throws Exception {
    Path spoolFile = Files.write(directory.resolve("spool"), random(10_000));
    try (DiskImage disk = disk(1 << 20);
        FileChannel spool = FileChannel.open(spoolFile)) {
      disk.copyWhilePlaced();
      Content torn = new SpooledContent(spool, 0, 20_000);
      disk.place(0, torn, 5_000, 10_000);
      disk.place(20_000, torn, 0, 1);
      assertThatThrownBy(disk::materialize)
          .isInstanceOf(IOException.class)
          .hasRootCauseMessage("the spool ends at 10000");
    }
  }

  @Test
  void allButTheDataRangesIsZeros() throws Exception {
    try (DiskImage disk = disk(64 << 20)) {
      disk.write(20 << 20, ByteBuffer.wrap(random(10_000)));
      disk.place(40 << 20, Content.of(random(10_000)), 0, 10_000);
      disk.place((40 << 20) + 10_000, Content.of(random(10)), 0, 10);

      ByteBuffer all = ByteBuffer.allocate(64 << 20);
      disk.read(0, all);
      long end = 0;
      long length = 0;
      for (ByteRange range : disk.dataRanges()) {
        assertThat(range.offset()).isGreaterThanOrEqualTo(end);
        end = range.end();
        length += range.length();
        for (long i = range.offset(); i < end; i++) {
          all.put((int) i, (byte) 0);
        }
      }
      assertThat(end).isLessThanOrEqualTo(disk.size());
      assertThat(length).isLessThan(1 << 20);
      assertThat(disk.dataRanges()).contains(new ByteRange(40 << 20, 10_010));
      assertThat(all.rewind()).isEqualTo(ByteBuffer.allocate(64 << 20));
    }
  }

  private DiskImage disk(long size) throws Exception {
    return disk("disk", size);
  }

  private DiskImage disk(String name, long size) throws Exception {
    return DiskImage.create(directory.resolve(name), new ByteSize(size));
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }
}
