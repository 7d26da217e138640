package org.bib.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.bib.disk.Content;
import org.bib.failure.BuildException;
import org.bib.layout.Architecture;
import org.bib.layout.LabelType;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.junit.jupiter.api.Test;

class Arm64GrubTest {
  private final DirectoryNode image = new DirectoryNode(Metadata.root(0755));

  @Test
  void theFirmwareStartsShimAndShimStartsGrub() throws IOException {
    put("usr/lib/shim/shimaa64.efi.signed");
    put("usr/lib/shim/mmaa64.efi.signed");
    put("usr/lib/grub/arm64-efi-signed/grubaa64.efi.signed");
    put("usr/lib/shim/shimx64.efi.signed");
    put("usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed");
    DirectoryNode esp = plan().esp();
    assertThat(text(esp, "EFI/BOOT/BOOTAA64.EFI")).isEqualTo("usr/lib/shim/shimaa64.efi.signed");
    assertThat(text(esp, "EFI/BOOT/mmaa64.efi")).isEqualTo("usr/lib/shim/mmaa64.efi.signed");
    assertThat(text(esp, "EFI/BOOT/grubaa64.efi"))
        .isEqualTo("usr/lib/grub/arm64-efi-signed/grubaa64.efi.signed");
    assertThat(((DirectoryNode) esp.find("EFI/BOOT").orElseThrow()).children().keySet())
        .noneMatch(name -> name.contains("64.efi") && name.contains("x64"));
  }

  @Test
  void ofModulesAloneNoLoaderIsMade() {
    put("usr/lib/grub/arm64-efi/normal.mod");
    put("usr/lib/grub/arm64-efi/kernel.img");
    assertThatThrownBy(this::plan)
        .isInstanceOf(BuildException.class)
        .hasMessage(
            "the image has no UEFI boot loader: no"
                + " /usr/lib/grub/arm64-efi-signed/grubaa64.efi.signed, no"
                + " /usr/lib/grub/arm64-efi/monolithic/grubaa64.efi; install a GRUB that is made"
                + " for UEFI in the image, such as grub-efi-arm64-signed: of modules alone it is"
                + " made for amd64 only");
  }

  private UefiGrub plan() throws IOException {
    return UefiGrub.plan(
        image,
        Architecture.ARM64,
        new BootFilesystem(new UUID(1, 2), LabelType.GPT, 2, ""),
        new UefiGrub.Entry("title", "/kernel", "/initramfs", "options"));
  }

  /** A file that holds its own path. */
  private void put(String path) {
    DirectoryNode directory = image;
    String[] names = path.split("/", -1);
    for (int i = 0; i < names.length - 1; i++) {
      directory = directory.directory(names[i], Metadata.root(0755));
    }
    directory.put(
        names[names.length - 1],
        new FileNode(Metadata.root(0644), Content.of(path.getBytes(StandardCharsets.UTF_8))));
  }

  private static String text(DirectoryNode root, String path) throws IOException {
    Content content = ((FileNode) root.find(path).orElseThrow()).content();
    byte[] bytes = new byte[Math.toIntExact(content.size())];
    content.read(0, ByteBuffer.wrap(bytes));
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
