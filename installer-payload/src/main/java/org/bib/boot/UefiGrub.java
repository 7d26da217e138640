package org.bib.boot;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.bib.disk.Content;
import org.bib.failure.BuildException;
import org.bib.layout.Architecture;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;

/**
 * GRUB for UEFI from an image in Debian's layout: shim and signed GRUB, or GRUB's own monolithic
 * image. Its configuration lists the boot loader entries with {@code blscfg} where GRUB has it, and
 * an entry of its own for the first deployment where it has not.
 */
public final class UefiGrub {
  private static final Metadata DIRECTORY = Metadata.root(0755);
  private static final Metadata FILE = Metadata.root(0644);

  private final DirectoryNode esp = new DirectoryNode(DIRECTORY);
  private final DirectoryNode grub = new DirectoryNode(Metadata.root(0700));

  /**
   * The entry for the first deployment.
   *
   * @param title as the menu shows it
   * @param kernel path on the boot filesystem
   * @param initramfs path on the boot filesystem
   * @param options kernel command line
   */
  public record Entry(String title, String kernel, String initramfs, String options) {}

  private UefiGrub() {}

  /**
   * Finds the loaders of an image and writes their configuration.
   *
   * @param image merged tree of the container
   * @param filesystem that holds {@code /boot}
   * @throws BuildException if the image has no UEFI loader, saying where it was looked for
   */
  public static UefiGrub plan(
      DirectoryNode image, Architecture architecture, BootFilesystem filesystem, Entry entry)
      throws IOException {
    UefiGrub plan = new UefiGrub();
    String suffix = architecture == Architecture.AMD64 ? "x64" : "aa64";
    String platform = architecture == Architecture.AMD64 ? "x86_64-efi" : "arm64-efi";
    List<String> lookedFor =
        List.of(
            "usr/lib/grub/" + platform + "-signed/grub" + suffix + ".efi.signed",
            "usr/lib/grub/" + platform + "/monolithic/grub" + suffix + ".efi");
    FileNode grub = first(image, lookedFor).orElse(null);
    Optional<GrubPlatform> ownBuild =
        architecture == Architecture.AMD64
            ? GrubPlatform.find(new ImageFiles(image), platform)
            : Optional.empty();
    boolean signed = grub != null;
    if (grub == null && ownBuild.isPresent()) {
      grub =
          new FileNode(
              FILE, Content.of(EfiImage.build(ownBuild.get(), builtIn(filesystem), "/EFI/BOOT")));
    }
    if (grub == null) {
      throw new BuildException(
          "the image has no UEFI boot loader: no /" + String.join(", no /", lookedFor),
          architecture == Architecture.AMD64
              ? "install grub-efi in the image"
              : "install a GRUB that is made for UEFI in the image, such as"
                  + " grub-efi-arm64-signed: of modules alone it is made for amd64 only");
    }
    // shim starts nothing that is not signed.
    Optional<FileNode> shim =
        signed
            ? first(
                image,
                List.of(
                    "usr/lib/shim/shim" + suffix + ".efi.signed",
                    "usr/lib/shim/shim" + suffix + ".efi"))
            : Optional.empty();
    DirectoryNode efi = plan.esp.directory("EFI", DIRECTORY);
    DirectoryNode boot = efi.directory("BOOT", DIRECTORY);
    // Removable media path (UEFI 2.10, 3.5.1.1); shim starts the grub beside it.
    String fallback = "BOOT" + suffix.toUpperCase(Locale.ROOT) + ".EFI";
    boot.put(fallback, copy(shim.orElse(grub)));
    boot.put("grub" + suffix + ".efi", copy(grub));
    first(
            image,
            List.of(
                "usr/lib/shim/mm" + suffix + ".efi.signed", "usr/lib/shim/mm" + suffix + ".efi"))
        .ifPresent(manager -> boot.put("mm" + suffix + ".efi", copy(manager)));
    String stub =
        "search --no-floppy --fs-uuid --set=root "
            + filesystem.uuid()
            + "\nset prefix=($root)"
            + filesystem.grub()
            + "\nconfigfile $prefix/grub.cfg\n";
    // Debian's signed GRUB looks into the directory of its distribution, whatever that is here.
    for (String directory : List.of("BOOT", "debian", "ubuntu")) {
      efi.directory(directory, DIRECTORY).put("grub.cfg", text(stub, 0644));
    }
    List<String> modules = plan.copyModules(image, platform);
    plan.grub.put("grub.cfg", text(configuration(filesystem, entry, modules), 0600));
    plan.grub.put("grubenv", text(environment(), 0600));
    return plan;
  }

  /** The tree of the EFI system partition. */
  public DirectoryNode esp() {
    return esp;
  }

  /** What goes to {@code /boot/grub2}. */
  public DirectoryNode grub() {
    return grub;
  }

  private List<String> copyModules(DirectoryNode image, String platform) {
    List<String> names = new ArrayList<>();
    if (image.find("usr/lib/grub/" + platform).orElse(null) instanceof DirectoryNode modules) {
      DirectoryNode target = grub.directory(platform, DIRECTORY);
      modules
          .children()
          .forEach(
              (name, node) -> {
                if (node instanceof FileNode file
                    && (name.endsWith(".mod") || name.endsWith(".lst"))) {
                  target.put(name, copy(file));
                  names.add(name);
                }
              });
    }
    return names;
  }

  /** What a GRUB of our own needs to find its configuration on the ESP, and that on /boot. */
  private static List<String> builtIn(BootFilesystem filesystem) {
    return List.of(
        filesystem.tableModule(),
        "fat",
        "ext2",
        "normal",
        "search_fs_uuid",
        "configfile",
        "all_video");
  }

  private static String configuration(
      BootFilesystem filesystem, Entry entry, List<String> modules) {
    String own =
        """
        menuentry %s {
          linux %s %s
          initrd %s
        }
        """
            .formatted(quoted(entry.title()), entry.kernel(), entry.options(), entry.initramfs());
    String entries = own;
    for (String module : List.of("blscfg", "blsuki")) { // Fedora's, and GRUB's own since 2.14
      if (modules.contains(module + ".mod")) {
        // A loader under Secure Boot refuses modules; then there is the entry of the installation.
        // GRUB's own looks at /loader/entries only, Fedora's at /boot/loader/entries, too.
        String path =
            module.equals("blsuki") && !filesystem.directory().isEmpty()
                ? " --path " + filesystem.directory() + "/loader/entries"
                : "";
        entries = "if insmod " + module + " ; then\n  blscfg" + path + "\nelse\n" + own + "fi\n";
      }
    }
    // Tells systemd-gpt-auto-generator which disk was booted (Boot Loader Interface).
    String bli =
        modules.contains("bli.mod")
            ? "if [ \"$grub_platform\" = efi ]; then\n  insmod bli\nfi\n"
            : "";
    return """
        # Lists the boot loader entries below /loader/entries, which ostree and bootc keep.
        if [ -s $prefix/grubenv ]; then
          load_env
        fi
        if serial --unit=0 --speed=115200; then
          terminal_input console serial
          terminal_output console serial
        fi
        insmod %s
        insmod ext2
        search --no-floppy --fs-uuid --set=root %s
        set default=0
        set timeout=1
        %s%s"""
        .formatted(filesystem.tableModule(), filesystem.uuid(), bli, entries);
  }

  /** An environment block: 1024 bytes (GRUB manual, "The GRUB environment block"). */
  private static String environment() {
    String head =
        """
        # GRUB Environment Block
        # WARNING: Do not edit this file by tools other than grub-editenv!!!
        """;
    return head + "#".repeat(1024 - head.length());
  }

  private static String quoted(String text) {
    return "'" + text.replace("'", "'\\''") + "'";
  }

  private static Optional<FileNode> first(DirectoryNode image, List<String> paths) {
    return paths.stream()
        .map(path -> image.find(path).orElse(null))
        .filter(FileNode.class::isInstance)
        .map(FileNode.class::cast)
        .findFirst();
  }

  private static FileNode copy(FileNode file) {
    return new FileNode(FILE, file.content());
  }

  private static FileNode text(String text, int permissions) {
    return new FileNode(
        Metadata.root(permissions), Content.of(text.getBytes(StandardCharsets.UTF_8)));
  }
}
