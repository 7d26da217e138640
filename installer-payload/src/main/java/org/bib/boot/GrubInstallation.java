package org.bib.boot;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.bib.disk.Content;
import org.bib.failure.BuildException;
import org.bib.layout.Architecture;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;

/**
 * GRUB on a disk: for UEFI on the EFI system partition, for a BIOS outside of filesystems, and what
 * both read from the filesystem of {@code /boot}. All of it is the image's own, laid out as {@code
 * bootupctl backend install} does where the image is made for bootupd, else from the places of
 * Debian's packages.
 */
public final class GrubInstallation {
  private final DirectoryNode esp = new DirectoryNode(Metadata.root(0755));
  private final DirectoryNode grub = new DirectoryNode(Metadata.root(0700));
  private final Optional<FileNode> bootupdState;
  private final Optional<BiosGrub> bios;
  private final BootFilesystem boot;
  private final List<String> warnings;

  /**
   * What is installed.
   *
   * @param image merged tree of the container
   * @param boot filesystem that holds {@code /boot}
   * @param skipBootUuid whether bootupd's configuration is to find that filesystem without its UUID
   * @param entry the first deployment's
   */
  public record Request(
      DirectoryNode image,
      Architecture architecture,
      BootFilesystem boot,
      boolean skipBootUuid,
      Entry entry) {}

  /**
   * A boot loader entry.
   *
   * @param title as the menu shows it
   * @param kernel path on the boot filesystem
   * @param initramfs path on the boot filesystem
   * @param options kernel command line
   */
  public record Entry(String title, String kernel, String initramfs, String options) {}

  private GrubInstallation(Request request) throws IOException {
    boot = request.boot();
    ImageFiles files = new ImageFiles(request.image());
    boolean hasBios = request.architecture() == Architecture.AMD64;
    EfiNames names = EfiNames.of(request.architecture());
    Optional<BootupdLayout> bootupd = BootupdLayout.find(files, hasBios);
    if (bootupd.isPresent()) {
      bios = bootupd.get().bios();
      byte[] state =
          bootupd
              .get()
              .install(
                  names,
                  request.skipBootUuid() ? Optional.empty() : Optional.of(request.boot().uuid()),
                  esp,
                  grub);
      bootupdState = Optional.of(new FileNode(Metadata.root(0644), Content.of(state)));
      warnings = List.of();
    } else {
      bios = hasBios ? BiosGrub.find(files) : Optional.empty();
      bootupdState = Optional.empty();
      UefiGrub.install(files, names, request.boot(), esp, grub);
      GrubConfiguration configuration = new GrubConfiguration(request.boot(), request.entry());
      grub.put("grub.cfg", configuration.file());
      grub.put("grubenv", GrubConfiguration.environment());
      warnings = configuration.warning().stream().toList();
    }
    bios.ifPresent(found -> found.install(grub));
  }

  /**
   * Lays out the boot loaders of an image.
   *
   * @throws BuildException if it has none for the architecture, saying where they were looked for,
   *     or one that is malformed
   * @throws IOException if a file of the image cannot be read
   */
  public static GrubInstallation plan(Request request) throws IOException {
    return new GrubInstallation(request);
  }

  /** The tree of the EFI system partition. */
  public DirectoryNode esp() {
    return esp;
  }

  /** Puts what GRUB reads, and what bootupd remembers, into the tree of {@code /boot}. */
  public void addTo(DirectoryNode boot) {
    boot.put("grub2", grub);
    bootupdState.ifPresent(state -> boot.put("bootupd-state.json", state));
  }

  /** Whether the configuration, the image's own or not, has {@code word} in it. */
  public boolean mentions(String word) throws IOException {
    return grub.child("grub.cfg") instanceof FileNode configuration
        && new String(
                ImageFiles.bytes(configuration, "boot/grub2/grub.cfg"), StandardCharsets.ISO_8859_1)
            .contains(word);
  }

  /**
   * What a BIOS runs; absent if the image brings no GRUB for it.
   *
   * @throws IOException if a file of the image is malformed or cannot be read
   */
  public Optional<BiosBoot> biosBoot() throws IOException {
    return bios.isPresent() ? Optional.of(bios.get().boot(boot)) : Optional.empty();
  }

  /** What the user should know, if anything. */
  public List<String> warnings() {
    return warnings;
  }
}
