package org.bib.ostree;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.bib.layout.Architecture;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.NameOrder;

/**
 * What an image says of its installation: {@code bootc/install/*.toml} (bootc, install/config.rs).
 * Of files of one name the one in the last of {@code /usr/lib}, {@code /usr/local/lib}, {@code
 * /etc} and {@code /run} counts; all that count are merged in the order of names, later ones win
 * and lists are joined.
 */
public final class InstallConfig {
  private static final List<String> ABOVE = List.of("usr/lib", "usr/local/lib", "etc", "run");
  private static final List<String> FILESYSTEMS = List.of("xfs", "ext4", "btrfs");
  private static final Set<String> KEYS =
      Set.of(
          "root-fs-type",
          "filesystem",
          "block",
          "kargs",
          "karg-deletes",
          "match-architectures",
          "stateroot",
          "root-mount-spec",
          "boot-mount-spec",
          "ostree",
          "bootupd",
          "bootloader",
          "discoverable-partitions",
          "enforce-container-sigpolicy");

  private final List<String> kargs = new ArrayList<>();
  private final List<String> kargDeletes = new ArrayList<>();
  private Optional<String> rootFilesystem = Optional.empty();
  private Optional<String> legacyRootFilesystem = Optional.empty();
  private Optional<String> stateroot = Optional.empty();
  private Optional<String> rootMountSpec = Optional.empty();
  private Optional<String> bootMountSpec = Optional.empty();
  private Optional<String> blsAppendExceptDefault = Optional.empty();
  private Optional<String> bootloader = Optional.empty();
  private Optional<Boolean> skipBootUuid = Optional.empty();
  private Optional<Boolean> discoverablePartitions = Optional.empty();
  private Optional<Boolean> enforceSignaturePolicy = Optional.empty();

  private InstallConfig() {}

  /**
   * Reads the files of an image.
   *
   * @param root the merged tree of the container
   * @param architecture files for others are passed over
   * @throws org.bib.failure.BuildException naming file and key, if one cannot be understood
   */
  public static InstallConfig read(DirectoryNode root, Architecture architecture)
      throws IOException {
    TreeMap<String, Map.Entry<String, FileNode>> files = new TreeMap<>(NameOrder.INSTANCE);
    for (String above : ABOVE) {
      String directory = above + "/bootc/install";
      ImagePath.files(root, directory, ".toml")
          .forEach((name, file) -> files.put(name, Map.entry("/" + directory + "/" + name, file)));
    }
    InstallConfig config = new InstallConfig();
    for (Map.Entry<String, FileNode> file : files.values()) {
      ImageTable table =
          ImageTable.read(file.getKey(), file.getValue())
              .allow(Set.of("install"))
              .table("install")
              .allow(KEYS);
      if (table.matches(architecture)) {
        config.merge(table);
      }
    }
    return config;
  }

  private void merge(ImageTable install) throws IOException {
    ImageTable root =
        install.table("filesystem").allow(Set.of("root")).table("root").allow(Set.of("type"));
    ImageTable ostree = install.table("ostree").allow(Set.of("bls-append-except-default"));
    ImageTable bootupd = install.table("bootupd").allow(Set.of("skip-boot-uuid"));
    install.texts("block");
    kargs.addAll(install.texts("kargs"));
    kargDeletes.addAll(install.texts("karg-deletes"));
    legacyRootFilesystem = later(install.choice("root-fs-type", FILESYSTEMS), legacyRootFilesystem);
    rootFilesystem = later(root.choice("type", FILESYSTEMS), rootFilesystem);
    stateroot = later(install.text("stateroot"), stateroot);
    rootMountSpec = later(install.text("root-mount-spec"), rootMountSpec);
    bootMountSpec = later(install.text("boot-mount-spec"), bootMountSpec);
    blsAppendExceptDefault =
        later(ostree.text("bls-append-except-default"), blsAppendExceptDefault);
    bootloader =
        later(
            install.choice("bootloader", List.of("grub", "grub-cc", "systemd", "none")),
            bootloader);
    skipBootUuid = later(bootupd.flag("skip-boot-uuid"), skipBootUuid);
    discoverablePartitions = later(install.flag("discoverable-partitions"), discoverablePartitions);
    enforceSignaturePolicy =
        later(install.flag("enforce-container-sigpolicy"), enforceSignaturePolicy);
  }

  private static <T> Optional<T> later(Optional<T> later, Optional<T> earlier) {
    return later.isPresent() ? later : earlier;
  }

  /** {@code kargs}, all files'. */
  public List<String> kargs() {
    return List.copyOf(kargs);
  }

  /** {@code karg-deletes}, all files': {@code key} or {@code key=value}. */
  public List<String> kargDeletes() {
    return List.copyOf(kargDeletes);
  }

  /** {@code filesystem.root.type}, else {@code root-fs-type}: xfs, ext4 or btrfs. */
  public Optional<String> rootFilesystem() {
    return later(rootFilesystem, legacyRootFilesystem);
  }

  /** {@code stateroot}. */
  public Optional<String> stateroot() {
    return stateroot;
  }

  /** {@code root-mount-spec}; the empty text means no {@code root=}. */
  public Optional<String> rootMountSpec() {
    return rootMountSpec;
  }

  /** {@code boot-mount-spec}; the empty text means no entry in fstab. */
  public Optional<String> bootMountSpec() {
    return bootMountSpec;
  }

  /** {@code ostree.bls-append-except-default}. */
  public Optional<String> blsAppendExceptDefault() {
    return blsAppendExceptDefault;
  }

  /** {@code bootloader}: grub, grub-cc, systemd or none. */
  public Optional<String> bootloader() {
    return bootloader;
  }

  /** {@code bootupd.skip-boot-uuid}: whether not to write {@code bootuuid.cfg}. */
  public boolean skipBootUuid() {
    return skipBootUuid.orElse(false);
  }

  /** {@code discoverable-partitions}. */
  public Optional<Boolean> discoverablePartitions() {
    return discoverablePartitions;
  }

  /** {@code enforce-container-sigpolicy}. */
  public boolean enforceSignaturePolicy() {
    return enforceSignaturePolicy.orElse(false);
  }
}
