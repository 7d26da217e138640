package org.bib.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.bib.failure.BuildException;
import org.bib.tree.DirectoryNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMAInputStream;

final class GrubImagesTest {
  private static final Path GRUB = Path.of("/usr/lib/grub");
  private static final List<String> CORE = List.of("biosdisk", "part_gpt", "ext2");

  @Test
  void anEfiImageIsWhatGrubMkimageMakes(@TempDir Path dir)
      throws IOException, InterruptedException {
    List<String> modules =
        List.of("part_gpt", "fat", "ext2", "normal", "search_fs_uuid", "all_video", "linux");
    Path made = dir.resolve("grub.efi");
    List<String> command = new ArrayList<>();
    command.addAll(List.of("grub-mkimage", "-O", "x86_64-efi", "-p", "/EFI/test", "-o"));
    command.add(made.toString());
    command.addAll(modules);
    Tool.run(command);

    byte[] ours = EfiImage.build(platform("x86_64-efi"), modules, "/EFI/test");

    assertThat(Arrays.mismatch(ours, Files.readAllBytes(made))).isEqualTo(-1);
    assertThat(GrubPlatform.builtInPrefix(ours)).contains("/EFI/test");
  }

  @Test
  void aCoreImageUnpacksToWhatGrubMkimagePacks(@TempDir Path dir)
      throws IOException, InterruptedException {
    Path made = dir.resolve("core.img");
    List<String> command = new ArrayList<>();
    command.addAll(List.of("grub-mkimage", "-O", "i386-pc", "-p", "(,gpt3)/grub2", "-o"));
    command.add(made.toString());
    command.addAll(CORE);
    Tool.run(command);

    GrubPlatform platform = platform("i386-pc");
    byte[] ours = CoreImage.build(platform, CORE, "(,gpt3)/grub2").at(2048);

    byte[] payload = CoreImage.payload(platform, CORE, "(,gpt3)/grub2");
    assertThat(Arrays.mismatch(unpack(ours), payload)).isEqualTo(-1);
    assertThat(Arrays.mismatch(unpack(Files.readAllBytes(made)), payload)).isEqualTo(-1);
    assertThat(ours.length % 512).isZero();
  }

  @Test
  void aCoreImageKnowsWhereTheRestOfItIs() throws IOException {
    CoreImage core = CoreImage.build(platform("i386-pc"), CORE, "(,gpt3)/grub2");
    ByteBuffer sector = ByteBuffer.wrap(core.at(0x1_0000_0800L)).order(ByteOrder.LITTLE_ENDIAN);

    assertThat(sector.getLong(0x1F4)).isEqualTo(0x1_0000_0801L);
    assertThat(sector.getShort(0x1FC)).isEqualTo((short) (core.size() / 512 - 1));
    assertThat(sector.getShort(0x1FE)).isEqualTo((short) 0x820);
    assertThat(Arrays.copyOfRange(sector.array(), 0x1E8, 0x1F4)).containsOnly(0);
  }

  @Test
  void theBootSectorKeepsThePartitionTable() throws IOException {
    byte[] mbr = new byte[512];
    new Random(1).nextBytes(mbr);

    byte[] sector = BootSector.read(platform("i386-pc")).over(mbr, 0x1122334455L);

    byte[] image = Files.readAllBytes(GRUB.resolve("i386-pc/boot.img"));
    assertThat(Arrays.copyOfRange(sector, 0x1B8, 0x1FE))
        .isEqualTo(Arrays.copyOfRange(mbr, 0x1B8, 0x1FE));
    assertThat(Arrays.copyOf(sector, 0x5C)).isEqualTo(Arrays.copyOf(image, 0x5C));
    assertThat(Arrays.copyOfRange(sector, 0x68, 0x1B8))
        .isEqualTo(Arrays.copyOfRange(image, 0x68, 0x1B8));
    assertThat(ByteBuffer.wrap(sector).order(ByteOrder.LITTLE_ENDIAN).getLong(0x5C))
        .isEqualTo(0x1122334455L);
    assertThat(sector[0x64]).isEqualTo((byte) 0xFF);
    assertThat(sector[0x66]).isEqualTo((byte) 0x90);
    assertThat(sector[0x67]).isEqualTo((byte) 0x90);
    assertThat(sector[0x1FE]).isEqualTo((byte) 0x55);
    assertThat(sector[0x1FF]).isEqualTo((byte) 0xAA);
  }

  @Test
  void aDamagedKernelIsRefusedByName() throws IOException {
    byte[] kernel = Files.readAllBytes(GRUB.resolve("x86_64-efi/kernel.img"));
    byte[] small = Files.readAllBytes(GRUB.resolve("i386-pc/kernel.img"));
    Random random = new Random(7);
    for (int round = 0; round < 300; round++) {
      DirectoryNode root = HostTree.empty();
      HostTree.addFile(root, "usr/lib/grub/x86_64-efi/normal.mod", new byte[0]);
      HostTree.addFile(root, "usr/lib/grub/x86_64-efi/moddep.lst", new byte[0]);
      HostTree.addFile(root, "usr/lib/grub/x86_64-efi/kernel.img", damage(kernel, random));
      HostTree.addFile(root, "usr/lib/grub/i386-pc/normal.mod", new byte[0]);
      HostTree.addFile(root, "usr/lib/grub/i386-pc/moddep.lst", new byte[0]);
      HostTree.addFile(root, "usr/lib/grub/i386-pc/kernel.img", damage(small, random));
      try {
        EfiImage.build(platform(root, "x86_64-efi"), List.of(), "/EFI/test");
      } catch (BuildException e) {
        assertThat(e).hasMessageContaining("/usr/lib/grub/x86_64-efi/kernel.img");
      }
      try {
        CoreImage.payload(platform(root, "i386-pc"), List.of(), "(,gpt1)/grub2");
      } catch (BuildException e) {
        assertThat(e).hasMessageContaining("/usr/lib/grub/i386-pc/kernel.img");
      }
    }
  }

  @Test
  void modulesThatNeedEachOtherAreRefused() {
    DirectoryNode root = HostTree.empty();
    HostTree.addFile(root, "usr/lib/grub/i386-pc/normal.mod", new byte[0]);
    HostTree.addFile(
        root, "usr/lib/grub/i386-pc/moddep.lst", "a: b\nb: a\n".getBytes(StandardCharsets.UTF_8));
    GrubPlatform platform = platform(root, "i386-pc");

    assertThatThrownBy(() -> platform.withDependencies(List.of("a")))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("moddep.lst");
  }

  /** Damage in the headers and the relocations, where it hurts, or a cut. */
  private static byte[] damage(byte[] file, Random random) {
    byte[] damaged = file.clone();
    if (random.nextInt(4) == 0) {
      return Arrays.copyOf(damaged, random.nextInt(damaged.length));
    }
    ByteBuffer view = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    boolean wide = file[4] == 2;
    int table = wide ? (int) view.getLong(40) : view.getInt(32);
    for (int i = 0; i < 3; i++) {
      int at =
          random.nextBoolean()
              ? table + random.nextInt(file.length - table)
              : random.nextInt(file.length);
      damaged[at] = (byte) random.nextInt();
    }
    return damaged;
  }

  private static byte[] unpack(byte[] core) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(core).order(ByteOrder.LITTLE_ENDIAN);
    int start = 512 + (int) Files.size(GRUB.resolve("i386-pc/lzma_decompress.img"));
    int compressed = bytes.getInt(512 + 0x08);
    int size = bytes.getInt(512 + 0x0C);
    try (InputStream lzma =
        new LZMAInputStream(
            new ByteArrayInputStream(core, start, compressed), -1, (byte) 0x5D, 1 << 16)) {
      return lzma.readNBytes(size);
    }
  }

  private static GrubPlatform platform(String name) {
    DirectoryNode root = HostTree.empty();
    HostTree.addDirectory(root, "usr/lib/grub/" + name, GRUB.resolve(name));
    return platform(root, name);
  }

  private static GrubPlatform platform(DirectoryNode root, String name) {
    return GrubPlatform.find(new ImageFiles(root), name).orElseThrow();
  }
}
