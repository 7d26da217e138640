package org.bib.lint;

import java.util.List;
import java.util.regex.Pattern;
import org.bib.ostree.ImagePath;
import org.bib.ostree.KernelDirectory;

/** What makes an image bootable. */
final class KernelRules {
  private static final String KERNEL = "kernel";
  private static final String UNIFIED = "boot/EFI/Linux";
  // The version becomes part of file names and of lines of the boot loader entry.
  private static final Pattern VERSION = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._+~:-]*");

  private KernelRules() {}

  /** ostree-ext's importer wants one of two labels; bootc wants the first to be 1. */
  static void label(Image image, Findings findings) {
    String bootc = image.labels().get("containers.bootc");
    if (bootc == null && !image.labels().containsKey("ostree.bootable")) {
      findings.fatal("label", "neither containers.bootc nor ostree.bootable: not made for bootc");
    } else if (bootc != null && !bootc.equals("1")) {
      findings.warning("label", "containers.bootc is \"" + bootc + "\", bootc knows only \"1\"");
    }
  }

  /** A unified kernel image makes bootc use its composefs backend (bootc, kernel.rs). */
  static void sealed(Image image, Findings findings) {
    Samples names = new Samples();
    unified(image).forEach(name -> names.add("/" + UNIFIED + "/" + name));
    if (!names.isEmpty()) {
      findings.fatal(
          "sealed",
          "sealed images (UKI, composefs backend) are not supported yet, and this image boots "
              + names
              + "; use one with kernel and initramfs below /usr/lib/modules");
    }
  }

  private static List<String> unified(Image image) {
    return List.copyOf(ImagePath.files(image.root(), UNIFIED, ".efi").keySet());
  }

  /** One kernel, and its initramfs (ostree-ext, bootabletree.rs; ostree, ostree-sysroot-deploy). */
  static void kernel(Image image, Findings findings) {
    List<KernelDirectory> kernels = KernelDirectory.find(image.root());
    if (kernels.isEmpty() && unified(image).isEmpty()) {
      findings.fatal(KERNEL, "no /usr/lib/modules/*/vmlinuz");
    }
    if (kernels.size() > 1) {
      Samples versions = new Samples();
      kernels.forEach(kernel -> versions.add(kernel.version()));
      findings.fatal(KERNEL, "several kernels below /usr/lib/modules: " + versions);
    }
    for (KernelDirectory kernel : kernels) {
      if (kernel.initramfs().isEmpty() && unified(image).isEmpty()) {
        findings.fatal(KERNEL, "no /usr/lib/modules/" + kernel.version() + "/initramfs.img");
      }
      if (!VERSION.matcher(kernel.version()).matches()) {
        findings.fatal(
            KERNEL, "its version \"" + kernel.version() + "\" cannot stand in a boot loader entry");
      }
    }
  }
}
