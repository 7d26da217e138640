package org.bib.ostree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.bib.failure.BuildException;
import org.bib.tree.DirectoryNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.junit.jupiter.api.Test;

class BootableImageTest {
  private final DirectoryNode root = TestTree.container();

  @Test
  void kernelInitramfsAndTitleAreFound() throws Exception {
    BootableImage image = BootableImage.inspect(root);
    assertThat(image.kernelVersion()).isEqualTo("6.1.0-test");
    assertThat(image.kernel().content().size()).isEqualTo("KERNELDATA".length());
    assertThat(image.initramfs().content().size()).isEqualTo("INITRAMFS".length());
    assertThat(image.title()).isEqualTo("Test OS 1");
    assertThat(image.hmac()).isEmpty();
    assertThat(image.deviceTree()).isEmpty();
  }

  @Test
  void oneKernelWithItsInitramfsIsWanted() {
    TestTree.put(root, "usr/lib/modules/7/vmlinuz", TestTree.file("K"));
    assertThatThrownBy(() -> BootableImage.inspect(root))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("has 2 kernels");
    TestTree.take(TestTree.directory(root, "usr/lib/modules"), "6.1.0-test");
    assertThatThrownBy(() -> BootableImage.inspect(root))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("needs one kernel and its initramfs");
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
    BootableImage image = BootableImage.inspect(root);
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
    BootableImage image = BootableImage.inspect(root);
    assertThat(image.title()).isEqualTo("A \"b\" $c");
    assertThat(image.osRelease()).containsEntry("ID", "d e").containsEntry("VERSION_ID", "1");
  }
}
