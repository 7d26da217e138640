package org.bib.fsverity;

import java.util.HexFormat;

/**
 * The fs-verity digest of a file: SHA-256 of its descriptor, in lower-case hexadecimal.
 *
 * @param hex 64 digits
 */
public record VerityDigest(String hex) {
  public VerityDigest {
    if (hex.length() != 64) {
      throw new IllegalArgumentException("no digest: " + hex);
    }
  }

  static VerityDigest of(byte[] bytes) {
    return new VerityDigest(HexFormat.of().formatHex(bytes));
  }

  /** The 32 bytes. */
  public byte[] bytes() {
    return HexFormat.of().parseHex(hex);
  }
}
