package org.bib.layout;

import java.util.UUID;

/**
 * What a partition is for, with its type GUID (UEFI 2.10 table 5-7; Discoverable Partitions
 * Specification; GRUB manual for BIOS boot).
 */
public enum PartitionRole {
  BIOS_BOOT("21686148-6449-6e6f-744e-656564454649"),
  ESP("c12a7328-f81f-11d2-ba4b-00a0c93ec93b"),
  /** {@code /boot}, an extended boot loader partition. */
  XBOOTLDR("bc13c2ff-59e6-4262-a352-b275fd6f7172"),
  /** The root, of type "Linux filesystem data" as the peer has it: it is found by UUID. */
  ROOT("0fc63daf-8483-4772-8e79-3d69d8477de4"),
  /** A filesystem below {@code /var}. */
  DATA("0fc63daf-8483-4772-8e79-3d69d8477de4");

  private final String typeGuid;

  PartitionRole(String typeGuid) {
    this.typeGuid = typeGuid;
  }

  /** The type GUID. */
  public UUID typeGuid() {
    return UUID.fromString(typeGuid);
  }
}
