package org.bib.boot;

import java.util.UUID;
import org.bib.layout.LabelType;

/**
 * The filesystem that holds {@code /boot}.
 *
 * @param uuid of the filesystem
 * @param table kind of partition table of its disk
 * @param partition its number, from 1 on
 * @param directory of {@code /boot} on it: empty if it has a filesystem of its own, else {@code
 *     /boot}
 */
public record BootFilesystem(UUID uuid, LabelType table, int partition, String directory) {
  /** GRUB's directory on the filesystem. */
  String grub() {
    return directory + "/grub2";
  }

  /** The module of GRUB that reads the partition table. */
  String tableModule() {
    return switch (table) {
      case GPT -> "part_gpt";
      case DOS -> "part_msdos";
    };
  }

  /** GRUB's directory, reached from the disk that was booted. */
  String prefix() {
    return switch (table) {
      case GPT -> "(,gpt" + partition + ")" + grub();
      case DOS -> "(,msdos" + partition + ")" + grub();
    };
  }
}
