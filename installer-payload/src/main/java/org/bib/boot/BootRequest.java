package org.bib.boot;

import java.time.Instant;
import java.util.List;
import org.bib.layout.Architecture;
import org.bib.layout.FilesystemType;
import org.bib.tree.DirectoryNode;

/**
 * What the boot loader files depend on. The filesystem mounted at {@code /boot} is one of its own,
 * so GRUB's directory is {@code /grub2} in it.
 *
 * @param root the merged root of the image, where the loaders come from; only read
 * @param architecture of the disk
 * @param bootUuid UUID of the boot filesystem as GRUB prints it: lower case for ext4, {@code
 *     XXXX-XXXX} for FAT
 * @param bootFilesystem its type
 * @param bootPartition its number in the GPT, from 1
 * @param entries the deployments, the default first; not empty
 * @param timestamp modification time of the files made here
 */
public record BootRequest(
    DirectoryNode root,
    Architecture architecture,
    String bootUuid,
    FilesystemType bootFilesystem,
    int bootPartition,
    List<MenuEntry> entries,
    Instant timestamp) {
  public BootRequest {
    entries = List.copyOf(entries);
    if (entries.isEmpty()) {
      throw new IllegalArgumentException("no boot entries");
    }
    if (!bootUuid.matches("[0-9A-Fa-f-]{4,36}")) {
      throw new IllegalArgumentException("no filesystem UUID: " + bootUuid);
    }
    if (bootPartition < 1 || bootPartition > 128) {
      throw new IllegalArgumentException("no GPT partition number: " + bootPartition);
    }
  }
}
