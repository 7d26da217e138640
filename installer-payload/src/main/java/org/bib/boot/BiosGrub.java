package org.bib.boot;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;

/**
 * GRUB for BIOS machines from the modules in the image: its boot sector, a core image that finds
 * the rest on the boot filesystem, and that rest.
 */
public final class BiosGrub {
  private static final String PLATFORM = "i386-pc";
  private final GrubPlatform platform;
  private final DirectoryNode modules;

  private BiosGrub(GrubPlatform platform, DirectoryNode modules) {
    this.platform = platform;
    this.modules = modules;
  }

  /**
   * Looks for {@code /usr/lib/grub/i386-pc}.
   *
   * @param image merged tree of the container
   * @return empty if the image has no GRUB for BIOS; its disks then boot under UEFI only
   */
  public static Optional<BiosGrub> find(DirectoryNode image) {
    ImageFiles files = new ImageFiles(image);
    return GrubPlatform.find(files, PLATFORM)
        .map(platform -> new BiosGrub(platform, modules(files)));
  }

  private static DirectoryNode modules(ImageFiles files) {
    DirectoryNode copy = new DirectoryNode(Metadata.root(0755));
    files
        .directory(GrubPlatform.pathOf(PLATFORM))
        .ifPresent(
            from ->
                from.children()
                    .forEach(
                        (name, node) -> {
                          if (node instanceof FileNode file
                              && (name.endsWith(".mod") || name.endsWith(".lst"))) {
                            copy.put(name, new FileNode(Metadata.root(0644), file.content()));
                          }
                        }));
    return copy;
  }

  /** What goes to {@code i386-pc} in GRUB's directory. */
  public DirectoryNode modules() {
    return modules;
  }

  /**
   * The code outside of filesystems.
   *
   * @param boot filesystem that has GRUB's directory
   * @throws IOException if a file of the image is malformed or cannot be read
   */
  public BiosBoot boot(BootFilesystem boot) throws IOException {
    // What it takes to read i386-pc/normal.mod; the rest is loaded from there.
    List<String> core = List.of("biosdisk", boot.tableModule(), "ext2");
    return new BiosBoot(BootSector.read(platform), CoreImage.build(platform, core, boot.prefix()));
  }
}
