package org.bib.boot;

import java.util.List;
import java.util.Optional;
import org.bib.tree.DirectoryNode;

/**
 * The boot loader, ready to be written.
 *
 * @param esp root of the EFI system partition: {@code EFI/...}; empty when the image has no UEFI
 *     loader
 * @param bootGrub what to merge into the root of the boot filesystem: {@code grub2/...} and, for
 *     images with bootupd, {@code bootupd-state.json}
 * @param bios the code outside of filesystems; absent when the image has no GRUB for BIOS
 * @param warnings what a user should hear, one line each
 */
public record BootFiles(
    DirectoryNode esp, DirectoryNode bootGrub, Optional<BiosBoot> bios, List<String> warnings) {
  public BootFiles {
    warnings = List.copyOf(warnings);
  }

  /** Whether the disk boots on UEFI machines. */
  public boolean uefi() {
    return !esp.children().isEmpty();
  }
}
