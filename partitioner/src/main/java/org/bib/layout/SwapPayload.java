package org.bib.layout;

import java.util.Optional;
import java.util.UUID;

/**
 * A swap area.
 *
 * @param label at most {@link #MAX_LABEL} bytes
 * @param uuid made of the seed if absent
 * @param options of fstab(5)
 */
public record SwapPayload(String label, Optional<UUID> uuid, String options) implements Payload {
  /** The label has 16 bytes, one of which ends it (util-linux, swapheader.h). */
  public static final int MAX_LABEL = 15;

  @Override
  public PartitionRole role(String type) {
    return PartitionRole.SWAP;
  }

  /** Its identifier; {@code key} is that of the partition. */
  public UUID uuid(Seed seed, String key) {
    return uuid.orElseGet(() -> seed.uuid("filesystem:" + key));
  }
}
