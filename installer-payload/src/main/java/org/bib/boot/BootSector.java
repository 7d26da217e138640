package org.bib.boot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * GRUB's {@code boot.img} for LBA 0, as {@code grub-bios-setup} patches it ({@code util/setup.c},
 * {@code include/grub/i386/pc/boot.h}).
 */
final class BootSector {
  private static final int SECTOR = 512;

  /** GRUB_BOOT_MACHINE_KERNEL_SECTOR: LBA of core.img. */
  private static final int KERNEL_SECTOR = 0x5C;

  /** GRUB_BOOT_MACHINE_BOOT_DRIVE; 0xFF takes the drive that the BIOS names. */
  private static final int BOOT_DRIVE = 0x64;

  /** GRUB_BOOT_MACHINE_DRIVE_CHECK: a jump over a workaround for BIOSes that name a bad drive. */
  private static final int DRIVE_CHECK = 0x66;

  private static final byte NOP = (byte) 0x90;

  // Disk signature and partition table: they belong to who made the partitions.
  private static final int TABLE_START = 0x1B8;
  private static final int TABLE_END = 0x1FE;

  private final byte[] image;

  private BootSector(byte[] image) {
    this.image = image;
  }

  static BootSector read(GrubPlatform platform) throws IOException {
    byte[] image = platform.read("boot.img");
    if (image.length != SECTOR
        || (image[SECTOR - 2] & 0xFF) != 0x55
        || (image[SECTOR - 1] & 0xFF) != 0xAA) {
      throw ImageFiles.malformed(platform.pathTo("boot.img"), "is not a boot sector");
    }
    return new BootSector(image);
  }

  /**
   * The sector for LBA 0.
   *
   * @param mbr the 512 bytes that are there, of which the partition table is kept
   * @param coreLba where core.img starts
   */
  byte[] over(byte[] mbr, long coreLba) {
    if (mbr.length != SECTOR) {
      throw new IllegalArgumentException("an MBR has 512 bytes, not " + mbr.length);
    }
    byte[] sector = image.clone();
    ByteBuffer.wrap(sector).order(ByteOrder.LITTLE_ENDIAN).putLong(KERNEL_SECTOR, coreLba);
    sector[BOOT_DRIVE] = (byte) 0xFF;
    sector[DRIVE_CHECK] = NOP;
    sector[DRIVE_CHECK + 1] = NOP;
    System.arraycopy(mbr, TABLE_START, sector, TABLE_START, TABLE_END - TABLE_START);
    return sector;
  }
}
