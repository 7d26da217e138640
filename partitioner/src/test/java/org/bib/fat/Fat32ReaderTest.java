package org.bib.fat;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.bib.TestTools.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bib.TreeListing;
import org.bib.disk.MalformedDiskException;
import org.bib.disk.RawDisk;
import org.bib.tree.DirectoryNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** mkfs.vfat and mtools make what is read here. */
class Fat32ReaderTest {
  @TempDir Path dir;
  private final List<String> damages = new ArrayList<>();

  @Test
  void readsWhatMtoolsWrote() throws IOException, InterruptedException {
    Path image = image();
    try (RawDisk disk = RawDisk.open(image)) {
      Fat32Reader reader = Fat32Reader.open(disk);
      reader.checkCopies(this::note);
      DirectoryNode root = reader.tree(this::note);
      assertThat(damages).isEmpty();
      assertThat(reader.volumeId()).isEqualTo("1234-ABCD");
      assertThat(reader.label()).isEqualTo("MY LABEL");
      Map<String, String> listing = TreeListing.of(root);
      assertThat(listing.keySet())
          .contains("/EFI", "/EFI/BOOT", "/EFI/BOOT/BOOTX64.EFI", "/lower.txt", "/empty")
          .contains("/A long name, with ümlaut and more than 26 characters.text")
          .contains("/EFI/file number 79");
      assertThat(listing.get("/EFI/BOOT/BOOTX64.EFI"))
          .endsWith("|200001 " + run("sha256sum", dir.resolve("data").toString()).substring(0, 64));
    }
  }

  @Test
  void flippedBytesAndHostileOnesEndInAMessage() throws IOException, InterruptedException {
    Path image = image();
    byte[] good = new byte[4 << 20];
    try (FileChannel channel =
        FileChannel.open(image, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      channel.read(ByteBuffer.wrap(good), 0);
      List<Integer> places = new ArrayList<>();
      for (int at = 0; at < good.length; at++) {
        if (good[at] != 0) {
          places.add(at);
        }
      }
      Random random = new Random(4);
      for (int i = 0; i < 500; i++) {
        // Boot sector, tables, directories and files.
        int at = i % 4 == 0 ? random.nextInt(90) : places.get(random.nextInt(places.size()));
        channel.write(ByteBuffer.wrap(new byte[] {(byte) random.nextInt(256)}), at);
        try (RawDisk disk = RawDisk.open(image)) {
          Fat32Reader reader = Fat32Reader.open(disk);
          reader.checkCopies(this::note);
          TreeListing.of(reader.tree(this::note));
        } catch (MalformedDiskException e) {
          assertThat(e).hasMessageContaining("FAT32 boot sector");
        }
        channel.write(ByteBuffer.wrap(good, at, 1), at);
      }
    }
  }

  @Test
  void copiesThatDifferAreTold() throws IOException, InterruptedException {
    Path image = image();
    try (FileChannel channel = FileChannel.open(image, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {1}), 32 * 512 + 400); // the first table
      channel.write(ByteBuffer.wrap(new byte[] {'x'}), 3); // the name of who made it
    }
    try (RawDisk disk = RawDisk.open(image)) {
      Fat32Reader.open(disk).checkCopies(this::note);
      assertThat(damages)
          .containsExactly(
              "boot sector: it differs from its backup",
              "file allocation table: its two copies differ");
    }
  }

  private Path image() throws IOException, InterruptedException {
    Path image = dir.resolve("image");
    String name = image.toString();
    run("mkfs.vfat", "-C", "-F", "32", "-n", "MY LABEL", "-i", "1234ABCD", name, "40000");
    byte[] data = new byte[200_001];
    new Random(1).nextBytes(data);
    String file = Files.write(dir.resolve("data"), data).toString();
    run("mmd", "-i", name, "::/EFI", "::/EFI/BOOT");
    run("mcopy", "-i", name, file, "::/EFI/BOOT/BOOTX64.EFI");
    run("mcopy", "-i", name, file, "::/lower.txt");
    run("mcopy", "-i", name, file, "::/A long name, with ümlaut and more than 26 characters.text");
    run("mcopy", "-i", name, Files.createFile(dir.resolve("empty")).toString(), "::/empty");
    for (int i = 0; i < 80; i++) {
      Path small = Files.write(dir.resolve("small"), ("" + i).getBytes(UTF_8));
      run("mcopy", "-i", name, small.toString(), "::/EFI/file number " + i);
    }
    run("mdel", "-i", name, "::/EFI/file number 3");
    return image;
  }

  private void note(String where, String what) {
    damages.add(where + ": " + what);
  }
}
