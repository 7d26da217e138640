package org.bib.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.bib.failure.BuildException;
import org.bib.layout.Architecture;
import org.bib.ostree.InstallConfig;
import org.bib.ostree.TestTree;
import org.bib.tree.DirectoryNode;
import org.bib.tree.Metadata;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@NullMarked
class InstallationTest {
  private static final UUID ROOT = UUID.fromString("01234567-89ab-4def-8123-456789abcdef");
  private static final UUID BOOT = UUID.fromString("11234567-89ab-4def-8123-456789abcdef");
  private static final String FILE = "/usr/lib/bootc/install/10.toml";

  private final DirectoryNode image = new DirectoryNode(Metadata.root(0755));

  @Test
  void argumentsOfTheUserComeLastAndNoDeleteReachesThem() throws IOException {
    install("kargs = [\"a=1\", \"quiet\"]\nkarg-deletes = [\"quiet\", \"rw\", \"b\", \"console\"]");
    put("usr/lib/bootc/kargs.d/x.toml", "kargs = [\"b=2\", \"c\", \"console=hvc0\"]");
    assertThat(arguments(true, "quiet  d=\"e  f\"", "a=1 b=3"))
        .containsExactly(
            "root=UUID=" + ROOT,
            "boot=UUID=" + BOOT,
            "a=1",
            "c",
            "rw",
            "console=tty0",
            "console=ttyS0",
            "quiet",
            "d=\"e  f\"",
            "b=3");
    assertThat(arguments(false))
        .containsExactly("root=UUID=" + ROOT, "boot=UUID=" + BOOT, "a=1", "c");
  }

  @Test
  void mountSpecsReplaceTheIdentifiers() throws IOException {
    install("root-mount-spec = \"LABEL=root\"\nboot-mount-spec = \"PARTLABEL=boot\"");
    assertThat(arguments(false)).containsExactly("root=LABEL=root", "rw", "boot=PARTLABEL=boot");
    assertThat(installation().bootSource(Optional.of(BOOT))).contains("PARTLABEL=boot");
  }

  @Test
  void emptyMountSpecsSayNothing() throws IOException {
    install("root-mount-spec = \"\"\nboot-mount-spec = \"\"");
    assertThat(arguments(false)).containsExactly("rw");
    assertThat(installation().bootSource(Optional.of(BOOT))).isEmpty();
  }

  @Test
  void withoutABootFilesystemThereIsNoBootArgument() throws IOException {
    assertThat(
            installation()
                .kernelArguments(
                    ROOT,
                    Optional.empty(),
                    image,
                    Architecture.AMD64,
                    new BuildSpec.Kernel(false, List.of())))
        .containsExactly("root=UUID=" + ROOT, "rw");
  }

  @Test
  void aDiscoverableRootIsNotNamedButWhereTheImageNamesIt() throws IOException {
    install("discoverable-partitions = true");
    assertThat(installation().discoverable()).isTrue();
    assertThat(installation().warning().orElse("")).startsWith(FILE).contains("under UEFI only");
    assertThat(arguments(false)).containsExactly("rw", "boot=UUID=" + BOOT);
    install("discoverable-partitions = true\nroot-mount-spec = \"LABEL=root\"");
    assertThat(arguments(false)).containsExactly("root=LABEL=root", "rw", "boot=UUID=" + BOOT);
    install("discoverable-partitions = false");
    assertThat(installation().discoverable()).isFalse();
    assertThat(installation().warning()).isEmpty();
  }

  @Test
  void directFirstAndGrubOrNoLoaderAreMade() throws IOException {
    assertThat(installation().bootLoader()).isTrue();
    install("block = [\"direct\", \"tpm2-luks\"]\nbootloader = \"grub\"");
    assertThat(installation().bootLoader()).isTrue();
    install("bootloader = \"none\"");
    assertThat(installation().bootLoader()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "block = ['tpm2-luks', 'direct'] | install.block asks for \"tpm2-luks\" first",
        "bootloader = 'systemd' | install.bootloader asks for \"systemd\", which is not supported",
        "bootloader = 'grub-cc' | install.bootloader asks for \"grub-cc\", which is not supported",
        "root-fs-type = 'btrfs' | install.root-fs-type asks for btrfs, which is not made; the root"
            + " can be ext4; overrule the image with --rootfs ext4",
        "filesystem.root.type = 'xfs' | install.filesystem.root.type asks for xfs",
        "root-mount-spec = 'LABEL=a b' | install.root-mount-spec has blanks",
        "boot-mount-spec = \"a\\nb\" | install.boot-mount-spec has blanks"
      })
  void whatIsNotMadeIsRefusedByFileAndKey(String line, String message) {
    install(line);
    assertThatThrownBy(() -> installation().requireRootFilesystem())
        .isInstanceOf(BuildException.class)
        .hasMessageStartingWith(FILE + " of the image: " + message);
  }

  private List<String> arguments(boolean defaults, String... append) throws IOException {
    return installation()
        .kernelArguments(
            ROOT,
            Optional.of(BOOT),
            image,
            Architecture.AMD64,
            new BuildSpec.Kernel(defaults, List.of(append)));
  }

  private Installation installation() throws IOException {
    return Installation.of(InstallConfig.read(image, Architecture.AMD64));
  }

  private void install(String lines) {
    put(FILE.substring(1), "[install]\n" + lines + "\n");
  }

  private void put(String path, String text) {
    TestTree.put(image, path, TestTree.file(text));
  }
}
