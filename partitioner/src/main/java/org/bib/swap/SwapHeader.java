package org.bib.swap;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.UUID;
import org.bib.disk.ReadableDisk;

/**
 * What a swap area says of itself; see {@link SwapWriter}.
 *
 * @param uuid of the area
 * @param label of the area; empty if it has none
 */
public record SwapHeader(UUID uuid, String label) {

  /** Reads the header, if {@code partition} is a swap area with pages of 4096 bytes. */
  public static Optional<SwapHeader> read(ReadableDisk partition) throws IOException {
    if (partition.size() < SwapWriter.PAGE) {
      return Optional.empty();
    }
    ByteBuffer page = ByteBuffer.allocate(SwapWriter.PAGE);
    partition.read(0, page);
    byte[] magic = SwapWriter.MAGIC.getBytes(StandardCharsets.US_ASCII);
    if (!page.slice(SwapWriter.PAGE - magic.length, magic.length).equals(ByteBuffer.wrap(magic))) {
      return Optional.empty();
    }
    byte[] label = new byte[SwapWriter.VOLUME_NAME];
    page.get(SwapWriter.P_VOLUME_NAME, label);
    return Optional.of(
        new SwapHeader(
            new UUID(page.getLong(SwapWriter.P_UUID), page.getLong(SwapWriter.P_UUID + Long.BYTES)),
            new String(label, StandardCharsets.UTF_8).split("\0", 2)[0]));
  }
}
