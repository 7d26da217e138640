package org.bib.layout;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;

/**
 * Where identifiers come from instead of a random number generator: each is a hash of the seed and
 * the role it plays, so the same input gives the same identifiers.
 *
 * @param value any text
 */
public record Seed(String value) {

  /**
   * The identifier for {@code role}, for example {@code partition:root}: version 4 and variant 10
   * as RFC 9562 section 5.4 wants of an identifier without structure.
   */
  public UUID uuid(String role) {
    byte[] hash = hash(role);
    long msb = 0;
    long lsb = 0;
    for (int i = 0; i < 8; i++) {
      msb = msb << 8 | (hash[i] & 0xFF);
      lsb = lsb << 8 | (hash[i + 8] & 0xFF);
    }
    return new UUID(
        (msb & 0xFFFF_FFFF_FFFF_0FFFL) | 0x4000L, (lsb & 0x3FFF_FFFF_FFFF_FFFFL) | Long.MIN_VALUE);
  }

  /** 32 bits for {@code role}, for example a FAT volume id. */
  public long u32(String role) {
    byte[] hash = hash(role);
    return (hash[0] & 0xFFL) << 24
        | (hash[1] & 0xFF) << 16
        | (hash[2] & 0xFF) << 8
        | (hash[3] & 0xFF);
  }

  /** 32 bytes for {@code role}: SHA-256 of the length of the seed, the seed and the role. */
  public byte[] hash(String role) {
    try {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      byte[] seed = value.getBytes(StandardCharsets.UTF_8);
      sha256.update((seed.length + ":").getBytes(StandardCharsets.UTF_8));
      sha256.update(seed);
      sha256.update(role.getBytes(StandardCharsets.UTF_8));
      return sha256.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
