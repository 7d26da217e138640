package org.bib.layout;

/** A filesystem that bib can write. */
public enum FilesystemType {
  EXT4("ext4"),
  VFAT("vfat");

  private final String typeName;

  FilesystemType(String typeName) {
    this.typeName = typeName;
  }

  /** As {@code mount -t}, {@code --rootfs} and fstab(5) name it. */
  public String typeName() {
    return typeName;
  }
}
