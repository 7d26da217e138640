package org.bib.fat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.bib.TestTools.run;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Random;
import org.bib.disk.ByteSize;
import org.bib.disk.Content;
import org.bib.disk.DiskImage;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.SymlinkNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class Fat32WriterTest {
  private static final long OFFSET = 2 << 20;
  private static final Fat32Writer.Options OPTIONS =
      new Fat32Writer.Options(0x1234ABCDL, "EFI-SYSTEM", Instant.ofEpochSecond(1_767_225_600));

  @TempDir Path dir;

  @ParameterizedTest
  @ValueSource(longs = {40, 64, 501, 1024})
  void fsckHasNothingToSay(long mebibytes) throws IOException, InterruptedException {
    ByteSize size = ByteSize.mebibytes(mebibytes);
    Path disk = write("disk", size, tree());
    // fsck.vfat knows no offsets: give it the filesystem alone.
    Path alone = dir.resolve("alone");
    run("dd", "if=" + disk, "of=" + alone, "bs=1M", "skip=2", "status=none");
    run("fsck.vfat", "-n", alone.toString());
  }

  @ParameterizedTest
  @CsvSource({"512, 9", "512, 40", "4096, 9"})
  void largeFilesystemsHaveLargeClusters(int sector, long gibibytes)
      throws IOException, InterruptedException {
    ByteSize size = ByteSize.gibibytes(gibibytes);
    Path disk = dir.resolve("large");
    try (DiskImage image = DiskImage.create(disk, size)) {
      Fat32Writer.write(image, 0, size, options("LARGE", sector), tree());
      image.materialize();
    }
    run("fsck.vfat", "-n", disk.toString());
  }

  @Test
  void sectorsOf4096BytesAreTold() throws IOException, InterruptedException {
    ByteSize size = ByteSize.mebibytes(501);
    Path disk = dir.resolve("4k");
    Fat32Writer.Options options =
        new Fat32Writer.Options(7, "ESP", Instant.EPOCH, new Fat32Writer.Medium(4096, 255, 63));
    try (DiskImage image = DiskImage.create(disk, size)) {
      Fat32Writer.write(image, 0, size, options, tree());
      image.materialize();
    }
    assertThat(run("fsck.vfat", "-n", "-v", disk.toString()))
        .contains("4096 bytes per logical sector", "63 sectors/track, 255 heads");
    assertThat(run("blkid", "-p", "-o", "export", disk.toString()))
        .contains("TYPE=vfat", "LABEL=ESP", "UUID=0000-0007", "VERSION=FAT32");
    assertThat(run("mdir", "-i", disk.toString(), "::/EFI/BOOT")).contains("BOOTX64");
    assertThatThrownBy(
            () -> {
              try (DiskImage image = DiskImage.create(dir.resolve("s"), size)) {
                Fat32Writer.write(image, 0, ByteSize.mebibytes(200), options, tree());
              }
            })
        .hasMessageContaining("\"ESP\" of 200 MiB is too small for FAT32; give it at least 260");
  }

  @Test
  void withoutALabelThereIsNone() throws IOException, InterruptedException {
    ByteSize size = ByteSize.mebibytes(64);
    Path disk = dir.resolve("bare");
    try (DiskImage image = DiskImage.create(disk, size)) {
      Fat32Writer.write(image, 0, size, options("", 512), new DirectoryNode(Metadata.root(0755)));
    }
    run("fsck.vfat", "-n", disk.toString());
    assertThat(run("blkid", "-p", "-o", "export", disk.toString()))
        .contains("TYPE=vfat")
        .doesNotContain("LABEL=");
  }

  @Test
  void tooLargeIsRefused() {
    assertThatThrownBy(() -> write("big", ByteSize.gibibytes(300), tree()))
        .hasMessageContaining("cannot have 300 GiB; give it at most 256 GiB");
  }

  private static Fat32Writer.Options options(String label, int sector) {
    return new Fat32Writer.Options(1, label, Instant.EPOCH, Fat32Writer.Medium.ofSectors(sector));
  }

  @Test
  void mtoolsReadsTheSameFiles() throws IOException, InterruptedException {
    Path disk = write("disk", ByteSize.mebibytes(501), tree());
    Path out = Files.createDirectory(dir.resolve("out"));
    run(
        "mcopy",
        "-s",
        "-i",
        disk + "@@" + OFFSET,
        "::/EFI",
        "::/A long name with ünïcode.txt",
        out.toString());
    assertThat(Files.readString(out.resolve("EFI/BOOT/grub.cfg"))).isEqualTo("config\n");
    assertThat(Files.size(out.resolve("EFI/BOOT/BOOTX64.EFI"))).isEqualTo(1_234_567);
    try (var files = Files.list(out.resolve("EFI/many"))) {
      assertThat(files.count()).isEqualTo(500);
    }
    assertThat(run("mdir", "-i", disk + "@@" + OFFSET, "::/")).contains("EFI-SYSTEM");
  }

  @Test
  void sameTreeSameBytes() throws IOException, InterruptedException {
    Path first = write("a", ByteSize.mebibytes(64), tree());
    assertThat(Files.mismatch(first, write("b", ByteSize.mebibytes(64), tree()))).isEqualTo(-1);
  }

  @Test
  void whatFatCannotHoldIsRefusedByName() {
    DirectoryNode link = new DirectoryNode(Metadata.root(0755));
    link.put("link", new SymlinkNode(Metadata.root(0777), "x"));
    assertThatThrownBy(() -> write("l", ByteSize.mebibytes(64), link))
        .hasMessageContaining("/link is a symbolic link");
    DirectoryNode twins = new DirectoryNode(Metadata.root(0755));
    twins.put("File", file("1"));
    twins.put("fILE", file("2"));
    assertThatThrownBy(() -> write("t", ByteSize.mebibytes(64), twins))
        .hasMessageContaining("in other case");
    DirectoryNode big = new DirectoryNode(Metadata.root(0755));
    big.put("big", new FileNode(Metadata.root(0644), Content.of(new byte[70 << 20])));
    assertThatThrownBy(() -> write("f", ByteSize.mebibytes(64), big))
        .hasMessageContaining("full at /big");
    assertThatThrownBy(() -> write("s", ByteSize.mebibytes(20), twins))
        .hasMessageContaining("too small for FAT32");
  }

  private static DirectoryNode tree() {
    DirectoryNode root = new DirectoryNode(Metadata.root(0755));
    DirectoryNode efi = root.directory("EFI", Metadata.root(0755));
    DirectoryNode boot = efi.directory("BOOT", Metadata.root(0755));
    byte[] loader = new byte[1_234_567];
    new Random(5).nextBytes(loader);
    boot.put("BOOTX64.EFI", new FileNode(Metadata.root(0644), Content.of(loader)));
    boot.put("grub.cfg", file("config\n"));
    boot.put("empty", file(""));
    DirectoryNode many = efi.directory("many", Metadata.root(0755));
    for (int i = 0; i < 500; i++) {
      many.put("a-long-name-of-a-module-" + i + ".mod", file("m" + i));
    }
    root.put("A long name with ünïcode.txt", file("long"));
    root.put("lower.txt", file("x"));
    return root;
  }

  private static FileNode file(String text) {
    return new FileNode(Metadata.root(0644), Content.of(text.getBytes(StandardCharsets.UTF_8)));
  }

  private Path write(String name, ByteSize size, DirectoryNode root)
      throws IOException, InterruptedException {
    Path disk = dir.resolve(name);
    Files.deleteIfExists(disk);
    try (DiskImage image = DiskImage.create(disk, new ByteSize(OFFSET).plus(size))) {
      Fat32Writer.write(image, OFFSET, size, OPTIONS, root);
      image.materialize();
    }
    return disk;
  }
}
