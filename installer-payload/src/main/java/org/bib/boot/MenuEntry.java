package org.bib.boot;

import java.util.Optional;

/**
 * What a menu needs to know of a deployment: the facts of its boot loader entry.
 *
 * @param title as people read it
 * @param linux path of the kernel from the root of the boot filesystem, with a leading slash
 * @param initrd path of the initramfs, likewise
 * @param options the kernel command line
 */
public record MenuEntry(String title, String linux, Optional<String> initrd, String options) {
  public MenuEntry {
    requireOneLine(title);
    requireOneLine(linux);
    initrd.ifPresent(MenuEntry::requireOneLine);
    requireOneLine(options);
  }

  private static void requireOneLine(String text) {
    if (text.chars().anyMatch(c -> c < ' ' || c == 0x7F)) {
      throw new IllegalArgumentException("control character in boot entry: " + text);
    }
  }
}
