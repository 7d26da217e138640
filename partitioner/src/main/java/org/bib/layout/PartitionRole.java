package org.bib.layout;

/**
 * What a partition is for, with its type: the GUID (UEFI 2.10 table 5-7; Discoverable Partitions
 * Specification; GRUB manual for BIOS boot), and the byte of a DOS table.
 */
public enum PartitionRole {
  /** Code of a boot loader. In a DOS table that lies before the first partition instead. */
  BIOS_BOOT("21686148-6449-6e6f-744e-656564454649", "da"),
  /** The filesystem of UEFI, which has its loaders. */
  ESP("c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "ef"),
  /** {@code /boot}, an extended boot loader partition. */
  XBOOTLDR("bc13c2ff-59e6-4262-a352-b275fd6f7172", "83"),
  /** The root, of type "Linux filesystem data" where it is found by UUID. */
  ROOT("0fc63daf-8483-4772-8e79-3d69d8477de4", "83"),
  /** Any other filesystem. */
  DATA("0fc63daf-8483-4772-8e79-3d69d8477de4", "83"),
  /** A swap area. */
  SWAP("0657fd6d-a4ab-43c4-84e5-0933c84b4f4f", "82"),
  /** The bytes of a file of the image. */
  RAW("0fc63daf-8483-4772-8e79-3d69d8477de4", "83"),
  /** Nothing that bib would write. */
  EMPTY("0fc63daf-8483-4772-8e79-3d69d8477de4", "83");

  private final String typeGuid;
  private final String dosType;

  PartitionRole(String typeGuid, String dosType) {
    this.typeGuid = typeGuid;
    this.dosType = dosType;
  }

  /** The type GUID, in lower case. */
  public String typeGuid() {
    return typeGuid;
  }

  /** The type in a DOS table, two hexadecimal digits. */
  public String dosType() {
    return dosType;
  }
}
