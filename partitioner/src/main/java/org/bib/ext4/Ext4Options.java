package org.bib.ext4;

import java.time.Instant;
import java.util.UUID;

/**
 * What an ext4 filesystem is called.
 *
 * @param uuid of the filesystem
 * @param hashSeed secret of directory hashes, here derived like all identifiers
 * @param label at most 16 bytes
 * @param time of all that the filesystem itself has a time for; before 1970-01-01T00:00:01Z it
 *     counts as that, for libext2fs takes 0 as "ask the clock"
 */
public record Ext4Options(UUID uuid, UUID hashSeed, String label, Instant time) {
  long seconds() {
    return Math.max(1, time.getEpochSecond());
  }
}
