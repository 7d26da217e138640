package org.bib.layout;

/** Nothing: room for a boot loader's code, or for whoever comes later. */
public record NoPayload() implements Payload {
  @Override
  public PartitionRole role(String type) {
    return type.equals(PartitionRole.BIOS_BOOT.typeGuid())
        ? PartitionRole.BIOS_BOOT
        : PartitionRole.EMPTY;
  }
}
