package org.bib.ostree;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Node;

/**
 * A boot loader entry (Boot Loader Specification, type 1).
 *
 * @param file its path on the boot filesystem
 * @param title as the menu shows it
 * @param version the higher it is, the earlier it stands in the menu
 * @param linux path of the kernel
 * @param initrd path of the initramfs
 * @param options kernel command line
 */
public record LoaderEntry(
    String file, String title, String version, String linux, String initrd, String options) {
  private static final String OSTREE = "ostree=/";

  /**
   * The entries of a boot filesystem, that which is booted by default first.
   *
   * @param boot its tree
   */
  public static List<LoaderEntry> find(DirectoryNode boot) {
    List<LoaderEntry> entries = new ArrayList<>();
    if (ImagePath.resolve(boot, "loader/entries").orElse(null) instanceof DirectoryNode found) {
      found
          .children()
          .forEach(
              (name, node) -> {
                if (name.endsWith(".conf") && node instanceof FileNode) {
                  entries.add(parse("/loader/entries/" + name, node));
                }
              });
    }
    entries.sort((a, b) -> Integer.compare(number(b.version), number(a.version)));
    return entries;
  }

  private static LoaderEntry parse(String file, Node node) {
    Map<String, String> lines = new HashMap<>();
    DeploymentCheck.text(node)
        .lines()
        .forEach(
            line -> {
              String[] words = line.split("[ \t]+", 2);
              lines.merge(words[0], words.length < 2 ? "" : words[1], (a, b) -> a + " " + b);
            });
    return new LoaderEntry(
        file,
        lines.getOrDefault("title", ""),
        lines.getOrDefault("version", ""),
        lines.getOrDefault("linux", ""),
        lines.getOrDefault("initrd", ""),
        lines.getOrDefault("options", ""));
  }

  private static int number(String version) {
    return version.matches("[0-9]{1,9}") ? Integer.parseInt(version) : 0;
  }

  /** Whether its {@code ostree=} leads to {@code deployment}. */
  boolean boots(DirectoryNode sysroot, DirectoryNode deployment) {
    for (String argument : options.split(" +", -1)) {
      if (argument.startsWith(OSTREE)) {
        String path = argument.substring(OSTREE.length());
        return ImagePath.resolve(sysroot, path).orElse(null) == deployment;
      }
    }
    return false;
  }
}
