package org.bib.ostree;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.bib.layout.Architecture;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.NameOrder;
import org.bib.tree.SymlinkNode;

/**
 * What an image says of its installation: {@code bootc/install/*.toml} (bootc, install/config.rs).
 * Of files of one name the one in the last of {@code /usr/lib}, {@code /usr/local/lib}, {@code
 * /etc} and {@code /run} counts, and none if it is a link to {@code /dev/null}; other links and
 * names that begin with a dot are passed over (liboverdrop). All that count are merged in the order
 * of names: later ones win, the lists of kernel arguments are joined.
 */
public final class InstallConfig {
  private static final List<String> ABOVE = List.of("usr/lib", "usr/local/lib", "etc", "run");
  private static final List<String> FILESYSTEMS = List.of("xfs", "ext4", "btrfs");
  private static final List<String> BLOCK_SETUPS = List.of("direct", "tpm2-luks");
  private static final List<String> LOADERS = List.of("grub", "grub-cc", "systemd", "none");
  private static final String DEV_NULL = "/dev/null";
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
  private final Map<String, String> files = new HashMap<>();
  private List<String> block = List.of("direct");
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
    InstallConfig config = new InstallConfig();
    for (Map.Entry<String, FileNode> file : files(root).values()) {
      ImageTable table =
          ImageTable.read(file.getKey(), file.getValue())
              .allow(Set.of("install"))
              .table("install")
              .allow(KEYS);
      if (table.matches(architecture)) {
        config.merge(file.getKey(), table);
      }
    }
    return config;
  }

  /** The files that count, with their paths, by name. */
  private static Map<String, Map.Entry<String, FileNode>> files(DirectoryNode root) {
    TreeMap<String, Map.Entry<String, FileNode>> files = new TreeMap<>(NameOrder.INSTANCE);
    for (String above : ABOVE) {
      String path = above + "/bootc/install";
      if (!(ImagePath.resolve(root, path).orElse(null) instanceof DirectoryNode directory)) {
        continue;
      }
      directory
          .children()
          .forEach(
              (name, node) -> {
                if (name.startsWith(".") || !name.endsWith(".toml")) {
                  return;
                }
                if (node instanceof FileNode file) {
                  files.put(name, Map.entry("/" + path + "/" + name, file));
                } else if (node instanceof SymlinkNode link && link.target().equals(DEV_NULL)) {
                  files.remove(name);
                }
              });
    }
    return files;
  }

  private void merge(String file, ImageTable install) throws IOException {
    ImageTable root =
        install.table("filesystem").allow(Set.of("root")).table("root").allow(Set.of("type"));
    ImageTable ostree = install.table("ostree").allow(Set.of("bls-append-except-default"));
    ImageTable bootupd = install.table("bootupd").allow(Set.of("skip-boot-uuid"));
    kargs.addAll(install.texts("kargs"));
    kargDeletes.addAll(install.texts("karg-deletes"));
    if (install.has("block")) {
      block = install.choices("block", BLOCK_SETUPS);
    }
    legacyRootFilesystem = later(install.choice("root-fs-type", FILESYSTEMS), legacyRootFilesystem);
    rootFilesystem = later(root.choice("type", FILESYSTEMS), rootFilesystem);
    stateroot = later(install.text("stateroot"), stateroot);
    rootMountSpec = later(install.text("root-mount-spec"), rootMountSpec);
    bootMountSpec = later(install.text("boot-mount-spec"), bootMountSpec);
    blsAppendExceptDefault =
        later(ostree.text("bls-append-except-default"), blsAppendExceptDefault);
    bootloader = later(install.choice("bootloader", LOADERS), bootloader);
    skipBootUuid = later(bootupd.flag("skip-boot-uuid"), skipBootUuid);
    discoverablePartitions = later(install.flag("discoverable-partitions"), discoverablePartitions);
    enforceSignaturePolicy =
        later(install.flag("enforce-container-sigpolicy"), enforceSignaturePolicy);
    KEYS.stream().filter(install::has).forEach(key -> files.put(key, file));
    if (root.has("type")) {
      files.put("filesystem.root.type", file);
    }
  }

  private static <T> Optional<T> later(Optional<T> later, Optional<T> earlier) {
    return later.isPresent() ? later : earlier;
  }

  /**
   * Where the value of {@code key} comes from, for messages: file and key.
   *
   * @param key of the {@code [install]} table, such as {@code filesystem.root.type}
   */
  public String where(String key) {
    return files.getOrDefault(key, "bootc/install/*.toml") + " of the image: install." + key;
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

  /** The key that {@link #rootFilesystem} was taken from. */
  public String rootFilesystemKey() {
    return rootFilesystem.isPresent() ? "filesystem.root.type" : "root-fs-type";
  }

  /** {@code block}: direct or tpm2-luks, the first is the default; direct if no file says more. */
  public List<String> block() {
    return block;
  }

  /** {@code stateroot}. */
  public Optional<String> stateroot() {
    return stateroot;
  }

  /** {@code root-mount-spec}; the empty text means no {@code root=}. */
  public Optional<String> rootMountSpec() {
    return rootMountSpec;
  }

  /** {@code boot-mount-spec}; the empty text means no {@code boot=} and no entry in fstab. */
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
