package org.bib.build;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.bib.failure.BuildException;
import org.bib.layout.Architecture;
import org.bib.layout.FilesystemType;
import org.bib.ostree.InstallConfig;
import org.bib.ostree.KernelArguments;
import org.bib.tree.DirectoryNode;

/**
 * What the install configuration of an image comes to, as {@code bootc install} has it; what bib
 * cannot do is refused by the name of file and key.
 *
 * @param config of the image
 */
record Installation(InstallConfig config) {
  /**
   * Decides what is to be done.
   *
   * @throws BuildException if the image asks for what bib cannot do
   */
  static Installation of(InstallConfig config) throws BuildException {
    if (config.block().get(0).equals("tpm2-luks")) {
      throw new BuildException(
          config.where("block")
              + " asks for \"tpm2-luks\" first, a root that the machine's TPM unlocks, which is not"
              + " made",
          "put \"direct\" first in the image");
    }
    String loader = config.bootloader().orElse("grub");
    if (!loader.equals("grub") && !loader.equals("none")) {
      throw new BuildException(
          config.where("bootloader") + " asks for \"" + loader + "\", which is not supported yet",
          "make it \"grub\" in the image");
    }
    checkSpec(config, "root-mount-spec", config.rootMountSpec());
    checkSpec(config, "boot-mount-spec", config.bootMountSpec());
    return new Installation(config);
  }

  /**
   * Refuses a root filesystem that the image wishes and bib does not make.
   *
   * @throws BuildException naming the file, the key and the way out
   */
  void requireRootFilesystem() throws BuildException {
    String wish = config.rootFilesystem().orElse(FilesystemType.EXT4.typeName());
    if (!wish.equals(FilesystemType.EXT4.typeName())) {
      throw new BuildException(
          config.where(config.rootFilesystemKey())
              + " asks for "
              + wish
              + ", which is not made; the root can be ext4",
          "overrule the image with --rootfs ext4");
    }
  }

  /** It is to be one word of the kernel command line and one field of fstab. */
  private static void checkSpec(InstallConfig config, String key, Optional<String> spec)
      throws BuildException {
    if (spec.orElse("").chars().anyMatch(c -> c <= ' ' || c == '"' || c == 0x7F)) {
      throw new BuildException(
          config.where(key) + " has blanks, quotes or control characters",
          "write it as UUID=..., LABEL=... or a device in the image");
    }
  }

  /** Whether GRUB is to be installed; {@code bootloader = "none"} leaves that to others. */
  boolean bootLoader() {
    return !config.bootloader().orElse("grub").equals("none");
  }

  /** Whether the root is to be found by the type of its partition. */
  boolean discoverable() {
    return config.discoverablePartitions().orElse(false);
  }

  /** What a user should know of the choices of the image. */
  Optional<String> warning() {
    return discoverable() && config.rootMountSpec().isEmpty()
        ? Optional.of(
            config.where("discoverable-partitions")
                + ": the kernel is not told its root, so the disk boots under UEFI only, by a boot"
                + " loader with the Boot Loader Interface (GRUB's module bli)")
        : Optional.empty();
  }

  /**
   * The source of {@code /boot} in fstab and {@code boot=}.
   *
   * @param uuid of its filesystem, if it has one of its own
   * @return empty if nothing is to be said of it
   */
  Optional<String> bootSource(Optional<UUID> uuid) {
    String source = config.bootMountSpec().orElse(uuid.map(id -> "UUID=" + id).orElse(""));
    return source.isEmpty() ? Optional.empty() : Optional.of(source);
  }

  /** The source of the root in {@code root=}; empty if it is to be discovered. */
  private Optional<String> rootSource(UUID uuid) {
    String source = config.rootMountSpec().orElse(discoverable() ? "" : "UUID=" + uuid);
    return source.isEmpty() ? Optional.empty() : Optional.of(source);
  }

  /**
   * The kernel's arguments, all but {@code ostree=}, in the order of {@code bootc install
   * to-filesystem --karg}: root, {@code rw}, boot, those of the image, less its deletes, and last
   * those of the user, which no delete reaches (bootc, install.rs).
   *
   * @param root of the root filesystem
   * @param boot of the filesystem of {@code /boot}, if it has one of its own
   * @param image merged tree of the container
   */
  List<String> kernelArguments(
      UUID root,
      Optional<UUID> boot,
      DirectoryNode image,
      Architecture architecture,
      BuildSpec.Kernel kernel)
      throws IOException {
    List<String> first = new ArrayList<>();
    rootSource(root).ifPresent(source -> first.add("root=" + source));
    first.add("rw");
    bootSource(boot).ifPresent(source -> first.add("boot=" + source));
    KernelArguments arguments =
        new KernelArguments()
            .add(first)
            .addFrom(config, image, architecture)
            .add(kernel.defaults() ? defaultArguments(architecture) : List.of());
    for (String line : kernel.append()) {
      arguments.addLine(line);
    }
    return arguments.toList();
  }

  /** As the peer has them; the consoles are those of the architecture. */
  private static List<String> defaultArguments(Architecture architecture) {
    List<String> arguments = new ArrayList<>(List.of("rw", "console=tty0"));
    architecture.serialConsoles().forEach(console -> arguments.add("console=" + console));
    return arguments;
  }
}
