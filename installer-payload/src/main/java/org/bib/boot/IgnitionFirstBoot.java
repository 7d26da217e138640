package org.bib.boot;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.bib.disk.Content;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;

/**
 * That Ignition runs at first boot ({@code customizations.ignition.firstboot}): the stamp that GRUB
 * sources and Ignition deletes when it is done (Ignition, "ignition-firstboot-complete.service").
 *
 * @param url where it gets its configuration, if not from its platform
 */
public record IgnitionFirstBoot(Optional<String> url) {
  /** Name of the stamp, in {@code /boot}. */
  public static final String FILE = "ignition.firstboot";

  /**
   * What the kernel has to be told: GRUB replaces the variable, which is empty from the second boot
   * on; Ignition needs a platform.
   */
  public static final List<String> KERNEL_ARGUMENTS =
      List.of("$ignition_firstboot", "ignition.platform.id=metal");

  /** Puts the stamp into the tree of {@code /boot}. */
  public void addTo(DirectoryNode boot) {
    String text =
        url.map(
                address ->
                    "set ignition_network_kcmdline='rd.neednet=1 ignition.config.url="
                        + address
                        + "'\n")
            .orElse("");
    boot.put(
        FILE,
        new FileNode(Metadata.root(0644), Content.of(text.getBytes(StandardCharsets.US_ASCII))));
  }
}
