package org.bib.boot;

import org.bib.failure.BuildException;

/**
 * What a BIOS runs: code in LBA 0 and, in the BIOS boot partition or before the first partition of
 * a DOS table, GRUB's core image.
 */
public final class BiosBoot {
  private static final int SECTOR = 512;

  private final BootSector sector;
  private final CoreImage core;

  BiosBoot(BootSector sector, CoreImage core) {
    this.sector = sector;
    this.core = core;
  }

  /**
   * The core image as it is to be written.
   *
   * @param startLba first 512-byte sector of the place for it
   * @param sectors how many the place has
   * @throws BuildException if it does not fit
   */
  public byte[] coreImage(long startLba, long sectors) throws BuildException {
    if (core.size() > sectors * SECTOR) {
      throw new BuildException(
          "GRUB's core image has "
              + core.size()
              + " bytes, the place for it "
              + sectors
              + " sectors",
          "make the BIOS boot partition 1 MiB");
    }
    return core.at(startLba);
  }

  /**
   * LBA 0 with the boot code; disk signature and partition table stay.
   *
   * @param mbr the 512 bytes that are there
   * @param startLba where the core image is written
   */
  public byte[] bootSector(byte[] mbr, long startLba) {
    return sector.over(mbr, startLba);
  }
}
