package org.bib.ostree;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.bib.tree.DirectoryNode;
import org.bib.tree.Metadata;
import org.junit.jupiter.api.Test;

class BlsukiLengthTest {
  private static final String KERNEL = "/boot/ostree/default-0123456789abcdef/vmlinuz-6.1";
  private final DirectoryNode image = new DirectoryNode(Metadata.root(0755));

  private static List<String> arguments(int length) {
    return List.of("root=UUID=1", "rw", "x=" + "y".repeat(length));
  }

  private static int allotted(List<String> arguments) {
    return "linux ".length() + 1 + (KERNEL + String.join(" ", arguments)).length() + 1;
  }

  @Test
  void noCommandFillsWhatGrubAllots() {
    TestTree.put(image, "usr/lib/grub/i386-pc/blsuki.mod", TestTree.file("module"));
    int repeated = 0;
    for (int length = 0; length < 64; length++) {
      List<String> arguments = arguments(length);
      List<String> fit = BlsukiLength.fit(image, KERNEL, arguments);
      assertThat(allotted(fit) % 16).isNotZero();
      if (allotted(arguments) % 16 == 0) {
        repeated++;
        assertThat(fit).hasSize(4).startsWith("root=UUID=1", "root=UUID=1", "rw");
      } else {
        assertThat(fit).isEqualTo(arguments);
      }
    }
    assertThat(repeated).isEqualTo(4);
  }

  @Test
  void otherGrubsTakeAnyLength() {
    TestTree.put(image, "usr/lib/grub/i386-pc/blscfg.mod", TestTree.file("module"));
    for (int length = 0; length < 64; length++) {
      assertThat(BlsukiLength.fit(image, KERNEL, arguments(length))).isEqualTo(arguments(length));
    }
  }
}
