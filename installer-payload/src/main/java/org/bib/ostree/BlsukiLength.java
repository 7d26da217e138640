package org.bib.ostree;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.bib.tree.DirectoryNode;

/**
 * Keeps kernel arguments from a length at which GRUB 2.14 loses the initramfs.
 *
 * <p>Its module {@code blsuki} (grub-core/commands/blsuki.c, {@code bls_get_linux}) allots one byte
 * too few for {@code linux PATH OPTIONS}, a newline and a zero. Memory is allotted in units of 16
 * bytes or, on 64-bit machines, 32 (include/grub/mm_private.h, {@code GRUB_MM_ALIGN}), so mostly
 * there is room for it. Where there is none, what lies behind may become part of the script: {@code
 * error: can't find command `..[initrd'}, and a kernel without its root.
 *
 * <p>Then one argument is given twice, which means the same as once. That is to be seen, but unlike
 * a blank it stays through updates: they have paths and arguments of the same lengths.
 */
final class BlsukiLength {
  private static final int UNIT = 16;
  // sizeof "linux ", and the blank before the options.
  private static final int FIXED = 8;
  private static final String MODULE = "blsuki.mod";

  private BlsukiLength() {}

  /**
   * Kernel arguments of a fit length.
   *
   * @param image merged tree of the container
   * @param kernelPath as the boot loader entry has it
   * @param arguments not empty
   */
  static List<String> fit(DirectoryNode image, String kernelPath, List<String> arguments) {
    if (!overflows(kernelPath, arguments) || !hasModule(image)) {
      return arguments;
    }
    // None has a multiple of 16 bytes, the blank before it counted, but a very odd root=.
    for (int i = 0; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      if (argument.equals("rw") || argument.equals("ro") || argument.startsWith("root=")) {
        List<String> repeated = new ArrayList<>(arguments);
        repeated.add(i, argument);
        if (!overflows(kernelPath, repeated)) {
          return repeated;
        }
      }
    }
    return arguments;
  }

  private static boolean overflows(String kernelPath, List<String> arguments) {
    String text = kernelPath + String.join(" ", arguments);
    return (FIXED + text.getBytes(StandardCharsets.UTF_8).length) % UNIT == 0;
  }

  private static boolean hasModule(DirectoryNode image) {
    return image.find("usr/lib/grub").orElse(null) instanceof DirectoryNode platforms
        && platforms.children().values().stream()
            .anyMatch(
                platform ->
                    platform instanceof DirectoryNode modules && modules.child(MODULE) != null);
  }
}
