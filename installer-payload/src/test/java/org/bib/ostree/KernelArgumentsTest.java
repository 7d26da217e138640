package org.bib.ostree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.bib.failure.BuildException;
import org.bib.layout.Architecture;
import org.bib.tree.DirectoryNode;
import org.bib.tree.Metadata;
import org.bib.tree.SymlinkNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KernelArgumentsTest {
  private final DirectoryNode root = new DirectoryNode(Metadata.root(0755));

  @Test
  void theImageAddsInstallFirstThenKargsByNameThenDeletes() throws Exception {
    put("usr/lib/bootc/install/20.toml", "[install]\nkargs = [\"b=2\", \"c d\"]\n");
    put("usr/lib/bootc/install/10.toml", "[install]\nkargs = [\"a=1\"]\nkarg-deletes = [\"k\"]\n");
    put("usr/lib/bootc/kargs.d/20-x.toml", "kargs = [\"x\", \"k=1\"]\n");
    put("usr/lib/bootc/kargs.d/10-y.toml", "kargs = [\"y\", \"k=2\", \"b=2\"]\n");
    put("usr/lib/bootc/kargs.d/note.txt", "no TOML");
    assertThat(
            new KernelArguments()
                .add(List.of("rw"))
                .addFrom(InstallConfig.read(root, Architecture.AMD64), root, Architecture.AMD64)
                .add(List.of("rw", "console=ttyS0"))
                .toList())
        .containsExactly("rw", "a=1", "b=2", "c", "d", "y", "x", "console=ttyS0");
  }

  @Test
  void filesForOtherArchitecturesArePassedOver() throws Exception {
    put("usr/lib/bootc/kargs.d/a.toml", "kargs = [\"a\"]\nmatch-architectures = [\"aarch64\"]\n");
    put("usr/lib/bootc/kargs.d/b.toml", "kargs = [\"b\"]\nmatch-architectures = [\"x86_64\"]\n");
    put(
        "usr/lib/bootc/install/c.toml",
        "[install]\nkargs = [\"c\"]\nmatch-architectures = [\"aarch64\"]\n");
    assertThat(fromImage(Architecture.AMD64).toList()).containsExactly("b");
    assertThat(fromImage(Architecture.ARM64).toList()).containsExactly("c", "a");
  }

  @Test
  void equalInKeyAndValueIsNotAddedAgain() throws Exception {
    assertThat(
            new KernelArguments()
                .add(List.of("console=tty0", "console=ttyS0", "a-b=c-d", "q=\"x y\""))
                .add(List.of("console=tty0", "a_b=c-d", "a_b=c_d", "\"q=x y\"", "a-b"))
                .toList())
        .containsExactly("console=tty0", "console=ttyS0", "a-b=c-d", "q=\"x y\"", "a_b=c_d", "a-b");
  }

  @Test
  void deletesAreExactWithAValueAndWholeWithout() throws Exception {
    assertThat(
            new KernelArguments()
                .add(List.of("a=1", "a=2", "b-c=1", "b_c=2", "b-c", "d"))
                .delete(List.of("a=2", "b_c", "absent"))
                .toList())
        .containsExactly("a=1", "d");
  }

  @Test
  void aLoneQuoteIsAnArgumentLikeOthers() throws Exception {
    assertThat(new KernelArguments().add(List.of("\"", "a=\"", "\"a")).toList())
        .containsExactly("\"", "a=\"", "\"a");
  }

  @Test
  void aLineIsSplitOutsideOfQuotes() throws Exception {
    assertThat(
            new KernelArguments()
                .add(List.of("quiet"))
                .addLine("  splash  quiet a=\"b  c\" \"d e=f\" ")
                .toList())
        .containsExactly("quiet", "splash", "a=\"b  c\"", "\"d e=f\"");
  }

  @Test
  void aLineBreakIsRefusedForItWouldEndTheEntrysLine() {
    put("usr/lib/bootc/kargs.d/a.toml", "kargs = [\"a=\\\"\\nlinux /evil\\\"\"]\n");
    assertThatThrownBy(() -> fromImage(Architecture.AMD64))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("control character")
        .hasMessageNotContaining("\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "usr/lib/bootc/kargs.d/a.toml | karg = [] | /usr/lib/bootc/kargs.d/a.toml of the image:"
            + " karg is an unknown key",
        "usr/lib/bootc/kargs.d/a.toml | kargs = [1] | kargs holds more than strings",
        "usr/lib/bootc/kargs.d/a.toml | match-architectures = ['x86_64'] |"
            + " /usr/lib/bootc/kargs.d/a.toml of the image: kargs is missing",
        "usr/lib/bootc/kargs.d/a.toml | kargs = 'a' | kargs is not an array",
        "usr/lib/bootc/kargs.d/a.toml | kargs = [ | /usr/lib/bootc/kargs.d/a.toml of the image is"
            + " not TOML",
        "etc/bootc/install/a.toml | install.kargz = [] | /etc/bootc/install/a.toml of the image:"
            + " install.kargz is an unknown key",
        "etc/bootc/install/a.toml | instal.kargs = [] | instal is an unknown key",
        "etc/bootc/install/a.toml | install.ostree.x = 1 | install.ostree.x is an unknown key",
        "etc/bootc/install/a.toml | install.root-fs-type = 'zfs' | install.root-fs-type is"
            + " \"zfs\", not one of xfs, ext4, btrfs",
        "etc/bootc/install/a.toml | install.block = [] | install.block is [], not one or more of"
            + " direct, tpm2-luks",
        "run/bootc/install/a.toml | install.block = ['lvm'] | /run/bootc/install/a.toml of the"
            + " image: install.block is [lvm], not one or more of direct, tpm2-luks",
        "etc/bootc/install/a.toml | install.bootloader = 'lilo' | install.bootloader is \"lilo\",",
        "etc/bootc/install/a.toml | install.bootupd = 1 | install.bootupd is not a table",
        "etc/bootc/install/a.toml | install.discoverable-partitions = 1 | is neither true nor false"
      })
  void filesAreReadStrictly(String path, String text, String message) {
    put(path, text);
    assertThatThrownBy(() -> fromImage(Architecture.AMD64))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining(message)
        .hasMessageNotContaining("\n");
  }

  @Test
  void installFilesHideThoseOfTheSameNameBelowAndMergeInTheOrderOfNames() throws Exception {
    put("usr/lib/bootc/install/a.toml", "[install]\nstateroot = \"hidden\"\nkargs = [\"h\"]\n");
    put(
        "etc/bootc/install/a.toml",
        "[install]\nroot-fs-type = \"xfs\"\nfilesystem.root.type = \"ext4\"\nkargs = [\"1\"]\n");
    put(
        "usr/local/lib/bootc/install/b.toml",
        """
        [install]
        root-fs-type = "btrfs"
        kargs = ["2"]
        block = ["direct"]
        stateroot = "s"
        root-mount-spec = ""
        boot-mount-spec = "LABEL=boot"
        bootloader = "grub"
        discoverable-partitions = true
        enforce-container-sigpolicy = true
        [install.ostree]
        bls-append-except-default = "x=y"
        [install.bootupd]
        skip-boot-uuid = true
        """);
    InstallConfig config = InstallConfig.read(root, Architecture.AMD64);
    assertThat(config.kargs()).containsExactly("1", "2");
    assertThat(config.rootFilesystem()).contains("ext4");
    assertThat(config.stateroot()).contains("s");
    assertThat(config.rootMountSpec()).contains("");
    assertThat(config.bootMountSpec()).contains("LABEL=boot");
    assertThat(config.bootloader()).contains("grub");
    assertThat(config.discoverablePartitions()).contains(true);
    assertThat(config.enforceSignaturePolicy()).isTrue();
    assertThat(config.skipBootUuid()).isTrue();
    assertThat(config.blsAppendExceptDefault()).contains("x=y");
    assertThat(config.block()).containsExactly("direct");
    assertThat(config.where("filesystem.root.type"))
        .isEqualTo("/etc/bootc/install/a.toml of the image: install.filesystem.root.type");
    assertThat(config.rootFilesystemKey()).isEqualTo("filesystem.root.type");
    assertThat(config.where("bootloader"))
        .isEqualTo("/usr/local/lib/bootc/install/b.toml of the image: install.bootloader");
    assertThat(Deployment.Settings.of(config, Optional.empty()).stateroot()).isEqualTo("s");
  }

  @Test
  void nothingSaidMeansTheDefaults() throws Exception {
    InstallConfig config = InstallConfig.read(root, Architecture.AMD64);
    assertThat(config.block()).containsExactly("direct");
    assertThat(config.rootFilesystem()).isEmpty();
    assertThat(config.discoverablePartitions()).isEmpty();
    assertThat(config.skipBootUuid()).isFalse();
    assertThat(config.enforceSignaturePolicy()).isFalse();
  }

  @Test
  void aLinkToDevNullHidesWhatIsBelowAndOtherLinksAndHiddenFilesDoNotCount() throws Exception {
    put("usr/lib/bootc/install/a.toml", "[install]\nkargs = [\"a\"]\n");
    put("usr/lib/bootc/install/b.toml", "[install]\nkargs = [\"b\"]\n");
    put("usr/lib/bootc/install/.c.toml", "no TOML");
    TestTree.put(root, "etc/bootc/install/a.toml", link("/dev/null"));
    TestTree.put(root, "etc/bootc/install/b.toml", link("../../../usr/lib/os-release"));
    assertThat(InstallConfig.read(root, Architecture.AMD64).kargs()).containsExactly("b");
    put("run/bootc/install/a.toml", "[install]\nkargs = [\"run\"]\n");
    assertThat(InstallConfig.read(root, Architecture.AMD64).kargs()).containsExactly("run", "b");
  }

  @Test
  void aFileForAnotherArchitectureHidesThatOfItsNameAllTheSame() throws Exception {
    put("usr/lib/bootc/install/a.toml", "[install]\nstateroot = \"a\"\n");
    put(
        "etc/bootc/install/a.toml",
        "[install]\nstateroot = \"arm\"\nmatch-architectures = [\"aarch64\"]\n");
    assertThat(InstallConfig.read(root, Architecture.AMD64).stateroot()).isEmpty();
    assertThat(InstallConfig.read(root, Architecture.ARM64).stateroot()).contains("arm");
  }

  private KernelArguments fromImage(Architecture architecture) throws IOException {
    return new KernelArguments()
        .addFrom(InstallConfig.read(root, architecture), root, architecture);
  }

  private static SymlinkNode link(String target) {
    return new SymlinkNode(Metadata.root(0777), target);
  }

  private void put(String path, String text) {
    TestTree.put(root, path, TestTree.file(text));
  }
}
