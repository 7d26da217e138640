package org.bib.boot;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.bib.disk.Content;
import org.bib.failure.BuildException;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;

/**
 * GRUB for UEFI from the places of Debian's packages: shim and signed GRUB, or GRUB's own
 * monolithic image, or one made of its modules.
 */
final class UefiGrub {
  private static final Metadata DIRECTORY = Metadata.root(0755);
  private static final Metadata FILE = Metadata.root(0644);

  private static final String OWN_PREFIX = "/EFI/BOOT";
  private static final Pattern PREFIX = Pattern.compile("/EFI/[A-Za-z0-9_-]{1,64}");

  private final ImageFiles files;
  private final EfiNames names;
  private final String grubPath;

  private UefiGrub(ImageFiles files, EfiNames names) {
    this.files = files;
    this.names = names;
    this.grubPath = "usr/lib/grub/" + names.grubPlatform();
  }

  /**
   * Installs the loaders of an image.
   *
   * @param boot filesystem that has GRUB's directory
   * @param esp tree of the EFI system partition
   * @param grub GRUB's directory
   * @throws BuildException if the image has no UEFI loader, saying where it was looked for
   */
  static void install(
      ImageFiles files, EfiNames names, BootFilesystem boot, DirectoryNode esp, DirectoryNode grub)
      throws IOException {
    new UefiGrub(files, names).install(boot, esp, grub);
  }

  private void install(BootFilesystem filesystem, DirectoryNode esp, DirectoryNode directory)
      throws IOException {
    List<String> paths =
        List.of(
            grubPath + "-signed/" + names.grub() + ".signed",
            grubPath + "/monolithic/" + names.grub());
    Optional<GrubPlatform> platform = GrubPlatform.find(files, names.grubPlatform());
    Optional<String> found =
        paths.stream().filter(path -> files.file(path).isPresent()).findFirst();
    FileNode grub;
    String prefix;
    if (found.isPresent()) {
      grub = files.file(found.get()).orElseThrow();
      prefix = prefix(found.get(), grub);
    } else if (platform.isPresent() && names.grubPlatform().equals(EfiImage.PLATFORM)) {
      grub =
          new FileNode(
              FILE, Content.of(EfiImage.build(platform.get(), builtIn(filesystem), OWN_PREFIX)));
      prefix = OWN_PREFIX;
    } else {
      throw new BuildException(
          "the image has no UEFI boot loader: no /"
              + BootupdLayout.update("EFI")
              + ", no /"
              + String.join(", no /", paths),
          names.grubPlatform().equals(EfiImage.PLATFORM)
              ? "install bootupd's updates, or grub-efi with shim, in the image"
              : "install a GRUB that is made for UEFI in the image, such as"
                  + " grub-efi-arm64-signed: of modules alone it is made for amd64 only");
    }
    DirectoryNode boot = directory(esp, "EFI/BOOT");
    // shim starts nothing that is not signed; it looks for the grub beside it.
    Optional<FileNode> shim = found.isPresent() ? first("shim") : Optional.empty();
    boot.put(names.removableMedia(), copy(shim.orElse(grub)));
    boot.put(names.grub(), copy(grub));
    first("mm").ifPresent(manager -> boot.put(names.mokManager(), copy(manager)));
    directory(esp, prefix.substring(1)).put("grub.cfg", stub(filesystem));
    platform.ifPresent(modules -> directory.put(names.grubPlatform(), modules.modules()));
  }

  private Optional<FileNode> first(String name) {
    String path = "usr/lib/shim/" + name + names.suffix() + ".efi";
    return files.file(path + ".signed").or(() -> files.file(path));
  }

  /** Where on the EFI system partition the distribution's GRUB looks for its configuration. */
  private static String prefix(String path, FileNode grub) throws IOException {
    String prefix =
        GrubPlatform.builtInPrefix(ImageFiles.bytes(grub, path))
            .orElseThrow(() -> ImageFiles.malformed(path, "has no prefix, so it is not GRUB"));
    if (!PREFIX.matcher(prefix).matches()) {
      throw ImageFiles.malformed(
          path, "does not look for its configuration in a directory of /EFI");
    }
    return prefix;
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

  private static FileNode stub(BootFilesystem filesystem) {
    String text =
        """
        search --no-floppy --fs-uuid --set=root %s
        set prefix=($root)%s
        configfile $prefix/grub.cfg
        """
            .formatted(filesystem.uuid(), filesystem.grub());
    return new FileNode(FILE, Content.of(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static DirectoryNode directory(DirectoryNode from, String path) {
    DirectoryNode directory = from;
    for (String name : path.split("/", -1)) {
      directory = directory.directory(name, DIRECTORY);
    }
    return directory;
  }

  private static FileNode copy(FileNode file) {
    return new FileNode(FILE, file.content());
  }
}
