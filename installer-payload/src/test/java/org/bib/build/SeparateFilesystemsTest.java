package org.bib.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bib.disk.ByteSize;
import org.bib.failure.ConfigException;
import org.bib.layout.Architecture;
import org.bib.layout.DiskCustomization;
import org.bib.layout.DiskLayout;
import org.bib.layout.FilesystemPayload;
import org.bib.layout.FilesystemType;
import org.bib.layout.Payload;
import org.bib.layout.Seed;
import org.bib.layout.SwapPayload;
import org.bib.mount.Mount;
import org.bib.ostree.TestTree;
import org.bib.tree.DirectoryNode;
import org.bib.tree.Metadata;
import org.bib.tree.SymlinkNode;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@NullMarked
class SeparateFilesystemsTest {
  private final DirectoryNode image = directory();
  private final DirectoryNode etc = directory();
  private final DirectoryNode var = directory();

  @BeforeEach
  void makeImage() {
    put(image, "usr/bin/sh", "sh");
    put(image, "opt/app", "app");
    put(var, "home/alice/.profile", "alice");
    put(var, "lib/state/x", "x");
    image.put("home", link("var/home"));
    image.put("srv", new DirectoryNode(Metadata.root(0711)));
    image.put("data", directory());
    image.put("boot", directory());
    image.put("tmp", new DirectoryNode(Metadata.root(01777)));
    var.put("run", link("../run"));
    image.put("run", directory());
  }

  @Test
  void whatVarHasMovesIntoTheFilesystems() throws ConfigException {
    Map<String, DirectoryNode> trees = take("/var/lib/state", "/var/new/deep", "/var/lib");
    assertThat(trees).containsOnlyKeys("/var/lib", "/var/lib/state", "/var/new/deep");
    assertThat(tree(trees, "/var/lib/state").children()).containsOnlyKeys("x");
    // Each mount point is an empty directory of what lies above.
    assertThat(((DirectoryNode) tree(trees, "/var/lib").find("state").orElseThrow()).children())
        .isEmpty();
    assertThat(((DirectoryNode) var.find("lib").orElseThrow()).children()).isEmpty();
    assertThat(((DirectoryNode) var.find("new/deep").orElseThrow()).children()).isEmpty();
  }

  @Test
  void allOfVarMayBeSeparate() throws ConfigException {
    Map<String, DirectoryNode> trees = take("/var", "/var/lib/state");
    assertThat(tree(trees, "/var").children()).containsOnlyKeys("home", "lib", "run");
    assertThat(tree(trees, "/var").find("lib/state")).isPresent();
    assertThat(var.children()).isEmpty();
  }

  @Test
  void aLinkIntoVarIsMountedWhereItLeads() throws ConfigException {
    DiskLayout layout = layout(filesystem("/home"));
    SeparateFilesystems separate = SeparateFilesystems.of(layout, etc, var, image);
    assertThat(separate.mounts(new Seed("x"), false).get(0).where()).isEqualTo("/var/home");
    assertThat(tree(separate.take(var), "/home").find("alice/.profile")).isPresent();
  }

  @Test
  void elsewhereAnEmptyDirectoryOfTheImageIsMountedOver() throws ConfigException {
    Map<String, DirectoryNode> trees = take("/srv", "/tmp", "/srv/www");
    assertThat(tree(trees, "/srv").metadata().permissions()).isEqualTo(0711);
    assertThat(tree(trees, "/tmp").metadata().permissions()).isEqualTo(01777);
    assertThat(tree(trees, "/srv").children()).containsOnlyKeys("www");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/usr | is no place for a filesystem of its own; mount it below /var",
        "/usr/local | is no place for a filesystem of its own",
        "/etc | is no place for a filesystem of its own",
        "/boot/x | is no place for a filesystem of its own",
        "/sysroot | is no place for a filesystem of its own",
        "/var/run/x | is no place for a filesystem of its own",
        "/absent | is no directory of the image; make it one, or mount it below /var",
        "/opt | has files of the image, which a filesystem would hide; mount it below /var",
        "/var/lib/state/x | is or lies below something else than a directory in the image",
        "/var/lib/state/x/y | is or lies below something else than a directory in the image"
      })
  void placesThatCannotBeAreRefused(String mountpoint, String problem) {
    assertThatThrownBy(() -> take(mountpoint))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("c.toml: mountpoint \"" + mountpoint + "\" " + problem);
  }

  @Test
  void onePlaceTwiceIsRefused() {
    assertThatThrownBy(() -> take("/home", "/var/home"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("is the same place as");
  }

  @Test
  void mountsComeParentsFirstAndSwapLast() throws ConfigException {
    DiskLayout layout =
        layout(
            new SwapPayload("s", Optional.empty(), "defaults"),
            filesystem("/var/lib"),
            filesystem("/var"));
    SeparateFilesystems separate = SeparateFilesystems.of(layout, etc, var, image);
    Seed seed = new Seed("x");
    assertThat(separate.mounts(seed, false))
        .containsExactly(
            new Mount("UUID=" + seed.uuid("filesystem:/var"), "/var", "ext4", "defaults", 0, 2),
            new Mount(
                "UUID=" + seed.uuid("filesystem:/var/lib"), "/var/lib", "ext4", "defaults", 0, 2),
            new Mount("UUID=" + seed.uuid("filesystem:swap"), "none", "swap", "defaults", 0, 0));
    assertThat(separate.mounts(seed, true).get(0))
        .isEqualTo(
            new Mount(
                "UUID="
                    + String.format("%08X", seed.u32("filesystem:esp"))
                        .replaceFirst("(.{4})", "$1-"),
                "/boot/efi",
                "vfat",
                "umask=0077,shortname=winnt",
                0,
                2));
  }

  private Map<String, DirectoryNode> take(String... mountpoints) throws ConfigException {
    List<Payload> payloads = new ArrayList<>();
    for (String mountpoint : mountpoints) {
      payloads.add(filesystem(mountpoint));
    }
    DiskLayout layout = layout(payloads.toArray(new Payload[0]));
    return SeparateFilesystems.of(layout, etc, var, image).take(var);
  }

  private static DiskLayout layout(Payload... payloads) throws ConfigException {
    List<DiskCustomization.Partition> partitions = new ArrayList<>();
    for (Payload payload : payloads) {
      partitions.add(
          new DiskCustomization.Partition(
              "c.toml", Optional.empty(), Optional.empty(), "", ByteSize.mebibytes(64), payload));
    }
    return new DiskCustomization(
            "c.toml", Optional.empty(), Optional.empty(), new ByteSize(0), 512, partitions)
        .layout(Architecture.AMD64, DiskCustomization.Base.STANDARD);
  }

  private static FilesystemPayload filesystem(String mountpoint) {
    return new FilesystemPayload(FilesystemType.EXT4, mountpoint, "");
  }

  private static DirectoryNode tree(Map<String, DirectoryNode> trees, String key) {
    return java.util.Objects.requireNonNull(trees.get(key));
  }

  private static DirectoryNode directory() {
    return new DirectoryNode(Metadata.root(0755));
  }

  private static SymlinkNode link(String target) {
    return new SymlinkNode(Metadata.root(0777), target);
  }

  private static void put(DirectoryNode root, String path, String text) {
    TestTree.put(root, path, TestTree.file(text));
  }
}
