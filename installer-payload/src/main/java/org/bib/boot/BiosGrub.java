package org.bib.boot;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;

/**
 * GRUB for BIOS machines from the modules in the image, as {@code grub-install --target i386-pc
 * --modules "mdraid1x part_gpt"} installs it: its boot sector, a core image that finds the rest on
 * the boot filesystem, and that rest.
 */
final class BiosGrub {
  private static final String PLATFORM = "i386-pc";
  private static final String FONT = "unicode.pf2";

  private final ImageFiles files;
  private final GrubPlatform platform;

  private BiosGrub(ImageFiles files, GrubPlatform platform) {
    this.files = files;
    this.platform = platform;
  }

  /**
   * Looks for {@code /usr/lib/grub/i386-pc}.
   *
   * @return empty if the image has no GRUB for BIOS; its disks then boot under UEFI only
   */
  static Optional<BiosGrub> find(ImageFiles files) {
    return GrubPlatform.find(files, PLATFORM).map(platform -> new BiosGrub(files, platform));
  }

  /** Where {@link #find} looks, relative to the root. */
  static String path() {
    return GrubPlatform.pathOf(PLATFORM);
  }

  /** Puts modules, font and translations into GRUB's directory on the boot filesystem. */
  void install(DirectoryNode grub) {
    grub.put(PLATFORM, platform.modules());
    DirectoryNode fonts = grub.directory("fonts", Metadata.root(0755));
    files.file("usr/share/grub/" + FONT).ifPresent(font -> fonts.put(FONT, copy(font)));
    DirectoryNode locale = grub.directory("locale", Metadata.root(0755));
    String catalogs = "usr/share/locale";
    files
        .directory(catalogs)
        .ifPresent(
            languages ->
                languages
                    .children()
                    .keySet()
                    .forEach(
                        language ->
                            files
                                .file(catalogs + "/" + language + "/LC_MESSAGES/grub.mo")
                                .ifPresent(
                                    catalog -> locale.put(language + ".mo", copy(catalog)))));
  }

  private static FileNode copy(FileNode file) {
    return new FileNode(Metadata.root(0644), file.content());
  }

  /**
   * The code outside of filesystems.
   *
   * @param boot filesystem that has GRUB's directory
   * @throws IOException if a file of the image is malformed or cannot be read
   */
  BiosBoot boot(BootFilesystem boot) throws IOException {
    // What it takes to read i386-pc/normal.mod, also where that is a mirror's half, as bootupd has
    // it; the rest is loaded from there.
    List<String> core = List.of("biosdisk", "mdraid1x", boot.tableModule(), "ext2");
    return new BiosBoot(BootSector.read(platform), CoreImage.build(platform, core, boot.prefix()));
  }
}
