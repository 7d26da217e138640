package org.bib.boot;

import java.util.Locale;
import org.bib.layout.Architecture;

/**
 * What the boot loaders for UEFI are called on an architecture.
 *
 * @param suffix of file names, as shim and GRUB have it
 * @param grubPlatform GRUB's name of the platform
 */
record EfiNames(String suffix, String grubPlatform) {
  static EfiNames of(Architecture architecture) {
    return switch (architecture) {
      case AMD64 -> new EfiNames("x64", "x86_64-efi");
      case ARM64 -> new EfiNames("aa64", "arm64-efi");
    };
  }

  /** What firmware starts from a disk it knows nothing of (UEFI 2.10, table 3-2). */
  String removableMedia() {
    return "BOOT" + suffix.toUpperCase(Locale.ROOT) + ".EFI";
  }

  /** The name under which shim starts GRUB. */
  String grub() {
    return "grub" + suffix + ".efi";
  }

  String shim() {
    return "shim" + suffix + ".efi";
  }

  String mokManager() {
    return "mm" + suffix + ".efi";
  }
}
