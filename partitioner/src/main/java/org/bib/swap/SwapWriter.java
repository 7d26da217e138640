package org.bib.swap;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.bib.disk.ByteSize;
import org.bib.disk.DiskImage;
import org.bib.failure.BuildException;

/**
 * Writes the header of a Linux swap area, version 1 (Linux, include/linux/swap.h, union {@code
 * swap_header}; util-linux, swapheader.h), for machines with pages of 4096 bytes. All the rest of
 * it stays a hole.
 */
public final class SwapWriter {
  static final int PAGE = 4096;
  private static final int MIN_PAGES = 10; // fewer mkswap(8) refuses
  private static final long MAX_PAGES = 0xFFFF_FFFFL; // last_page has 32 bits

  // The first 1024 bytes are room for the sector of a boot loader.
  private static final int P_VERSION = 1024;
  private static final int P_LAST_PAGE = 1028;
  static final int P_UUID = 1036; // after nr_badpages
  static final int P_VOLUME_NAME = 1052;
  static final int VOLUME_NAME = 16;
  static final String MAGIC = "SWAPSPACE2"; // ends the page

  private SwapWriter() {}

  /**
   * What a swap area is called.
   *
   * @param label at most 15 bytes
   */
  public record Options(UUID uuid, String label) {}

  /**
   * Writes the header.
   *
   * @param image the disk
   * @param offset of the area in bytes
   * @param size of the area; what is over whole pages stays unused
   * @throws BuildException if the area is too small or too large for one
   */
  public static void write(DiskImage image, long offset, ByteSize size, Options options)
      throws IOException {
    long pages = size.bytes() / PAGE;
    if (pages < MIN_PAGES || pages - 1 > MAX_PAGES) {
      throw new BuildException(
          "a swap area cannot have " + size, "give it between 40 KiB and 16 TiB");
    }
    byte[] label = options.label().getBytes(StandardCharsets.UTF_8);
    if (label.length >= VOLUME_NAME) {
      throw new IllegalArgumentException("label of " + label.length + " bytes");
    }
    ByteBuffer header = ByteBuffer.allocate(PAGE).order(ByteOrder.LITTLE_ENDIAN);
    header.putInt(P_VERSION, 1);
    header.putInt(P_LAST_PAGE, (int) (pages - 1));
    header.put(P_VOLUME_NAME, label);
    header.put(PAGE - MAGIC.length(), MAGIC.getBytes(StandardCharsets.US_ASCII));
    header.order(ByteOrder.BIG_ENDIAN); // as RFC 9562 writes UUIDs
    header.putLong(P_UUID, options.uuid().getMostSignificantBits());
    header.putLong(P_UUID + Long.BYTES, options.uuid().getLeastSignificantBits());
    image.write(offset, header);
  }
}
