package org.bib.oci;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * A content digest (OCI image specification 1.1, descriptor.md "Digests"). Only SHA-256 and
 * SHA-512, the registered algorithms, can be verified and so be made.
 *
 * @param algorithm {@code sha256} or {@code sha512}
 * @param hex the value in lower-case hexadecimal
 */
public record Digest(String algorithm, String hex) {
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern SHA512 = Pattern.compile("[0-9a-f]{128}");

  public Digest {
    boolean valid =
        switch (algorithm) {
          case "sha256" -> SHA256.matcher(hex).matches();
          case "sha512" -> SHA512.matcher(hex).matches();
          default -> false;
        };
    if (!valid) {
      throw new IllegalArgumentException(
          "\"" + algorithm + ":" + hex + "\" is not a digest; sha256 and sha512 are known");
    }
  }

  /**
   * Reads {@code sha256:<hex>}.
   *
   * @throws IllegalArgumentException if {@code text} is no digest
   */
  public static Digest parse(String text) {
    int colon = text.indexOf(':');
    if (colon < 0) {
      throw new IllegalArgumentException("\"" + text + "\" is not a digest");
    }
    return new Digest(text.substring(0, colon), text.substring(colon + 1));
  }

  /** The SHA-256 digest of {@code bytes}. */
  public static Digest sha256(byte[] bytes) {
    return ofSha256(newSha256().digest(bytes));
  }

  /** The digest with this SHA-256 value. */
  public static Digest ofSha256(byte[] value) {
    return new Digest("sha256", HexFormat.of().formatHex(value));
  }

  /** A fresh message digest of this digest's algorithm. */
  public MessageDigest newMessageDigest() {
    return newMessageDigest(algorithm.equals("sha256") ? "SHA-256" : "SHA-512");
  }

  /** A fresh SHA-256 message digest. */
  public static MessageDigest newSha256() {
    return newMessageDigest("SHA-256");
  }

  private static MessageDigest newMessageDigest(String name) {
    try {
      return MessageDigest.getInstance(name);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has " + name, e);
    }
  }

  @Override
  public String toString() {
    return algorithm + ":" + hex;
  }
}
