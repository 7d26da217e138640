package org.bib.ostree;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The name of an object: SHA-256 in lower-case hexadecimal.
 *
 * @param hex 64 digits
 */
public record Checksum(String hex) {
  /** Length in bytes. */
  static final int SIZE = 32;

  public Checksum {
    if (hex.length() != 2 * SIZE) {
      throw new IllegalArgumentException("no checksum: " + hex);
    }
  }

  static MessageDigest newDigest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  static Checksum of(byte[]... parts) {
    MessageDigest digest = newDigest();
    for (byte[] part : parts) {
      digest.update(part);
    }
    return of(digest);
  }

  static Checksum of(MessageDigest digest) {
    return new Checksum(HexFormat.of().formatHex(digest.digest()));
  }

  static Checksum ofBytes(byte[] bytes) {
    return new Checksum(HexFormat.of().formatHex(bytes));
  }

  /** The 32 bytes. */
  byte[] bytes() {
    return HexFormat.of().parseHex(hex);
  }

  @Override
  public String toString() {
    return hex;
  }
}
