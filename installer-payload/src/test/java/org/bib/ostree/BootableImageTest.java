package org.bib.ostree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.bib.failure.BuildException;
import org.bib.tree.DirectoryNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.junit.jupiter.api.Test;

class BootableImageTest {
  private static final Map<String, String> LABELS = Map.of("containers.bootc", "1");
  private final DirectoryNode root = TestTree.container();

  @Test
  void kernelInitramfsAndTitleAreFound() throws Exception {
    BootableImage image = BootableImage.inspect(root, LABELS);
    assertThat(image.kernelVersion()).isEqualTo("6.1.0-test");
    assertThat(image.kernel().content().size()).isEqualTo("KERNELDATA".length());
    assertThat(image.initramfs().content().size()).isEqualTo("INITRAMFS".length());
    assertThat(image.title()).isEqualTo("Test OS 1");
    assertThat(image.hmac()).isEmpty();
    assertThat(image.deviceTree()).isEmpty();
  }

  @Test
  void allThatIsMissingIsSaidAtOnce() {
    assertThatThrownBy(
            () ->
                BootableImage.inspect(new DirectoryNode(Metadata.root(0755)), Map.of("other", "")))
        .isInstanceOf(BuildException.class)
        .hasMessage(
            "the image is not a bootable container: it has no label containers.bootc or"
                + " ostree.bootable, no /usr/lib/modules/*/vmlinuz, no directory /dev, no"
                + " directory /proc, no directory /sys, no directory /run, no directory"
                + " /tmp, no directory /var, no directory /sysroot, no link /ostree ->"
                + " sysroot/ostree, no ostree/prepare-root.conf in /usr/lib or /etc; name an image"
                + " made for bootc with one kernel below /usr/lib/modules");
  }

  @Test
  void severalKernelsAreNamed() {
    TestTree.put(root, "usr/lib/modules/7/vmlinuz", TestTree.file("K"));
    TestTree.put(root, "usr/lib/modules/8/no-kernel", TestTree.file(""));
    assertThatThrownBy(() -> BootableImage.inspect(root, LABELS))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("it has no /usr/lib/modules/7/initramfs.img")
        .hasMessageContaining("it has several kernels: 6.1.0-test, 7");
  }

  @Test
  void aKernelVersionThatWouldBreakTheBootEntryIsRefused() {
    DirectoryNode modules = TestTree.directory(root, "usr/lib/modules");
    modules.put("6\nlinux evil", TestTree.take(modules, "6.1.0-test"));
    assertThatThrownBy(() -> BootableImage.inspect(root, LABELS))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("6?linux evil")
        .hasMessageNotContaining("\n");
  }

  @Test
  void unifiedKernelImagesAreRefusedByName() {
    TestTree.put(root, "boot/EFI/Linux/6.efi", TestTree.file("UKI"));
    assertThatThrownBy(() -> BootableImage.inspect(root, LABELS))
        .hasMessageContaining("unified kernel image, /boot/EFI/Linux/6.efi");
  }

  @Test
  void linksAreFollowedWithinTheImage() throws Exception {
    DirectoryNode usr = TestTree.directory(root, "usr");
    DirectoryNode lib = (DirectoryNode) TestTree.take(usr, "lib");
    usr.put("lib", new SymlinkNode(Metadata.root(0777), "/../usr/lib64"));
    usr.put("lib64", lib);
    Node release = TestTree.take(lib, "os-release");
    lib.put("os-release", new SymlinkNode(Metadata.root(0777), "release.d/this"));
    TestTree.put(lib, "release.d/this", release);
    BootableImage image = BootableImage.inspect(root, LABELS);
    assertThat(image.title()).isEqualTo("Test OS 1");
    assertThat(image.kernelVersion()).isEqualTo("6.1.0-test");
  }

  @Test
  void linksInACircleLeadNowhere() {
    DirectoryNode tree = new DirectoryNode(Metadata.root(0755));
    tree.put("a", new SymlinkNode(Metadata.root(0777), "b"));
    tree.put("b", new SymlinkNode(Metadata.root(0777), "a"));
    assertThat(ImagePath.resolve(tree, "a/x")).isEmpty();
  }

  @Test
  void osReleaseIsReadAsAShellWould() throws Exception {
    TestTree.put(
        root,
        "usr/lib/os-release",
        TestTree.file("# no\nPRETTY_NAME=\"A \\\"b\\\" \\$c\r\"\nID='d e'\nVERSION_ID=1\n\nx\n"));
    BootableImage image = BootableImage.inspect(root, LABELS);
    assertThat(image.title()).isEqualTo("A \"b\" $c");
    assertThat(image.osRelease()).containsEntry("ID", "d e").containsEntry("VERSION_ID", "1");
  }
}
