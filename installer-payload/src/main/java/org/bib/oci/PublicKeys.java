package org.bib.oci;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Keys whose signatures count, as sigstore uses them: ECDSA and RSA (PKCS #1 v1.5) with SHA-256,
 * and Ed25519.
 */
final class PublicKeys {
  private static final Pattern PEM =
      Pattern.compile("-----BEGIN PUBLIC KEY-----([^-]+)-----END PUBLIC KEY-----\\s*");

  private final List<Verifier> verifiers;

  /**
   * A key.
   *
   * @param algorithm of signatures it makes, as {@link Signature} knows it
   */
  private record Verifier(PublicKey key, String algorithm) {
    boolean made(byte[] signature, byte[] payload) {
      try {
        Signature check = Signature.getInstance(algorithm);
        check.initVerify(key);
        check.update(payload);
        return check.verify(signature);
      } catch (GeneralSecurityException e) {
        return false; // The bytes are no signature of this kind.
      }
    }
  }

  private PublicKeys(List<Verifier> verifiers) {
    this.verifiers = List.copyOf(verifiers);
  }

  /**
   * Reads keys, each a PEM file of its own.
   *
   * @throws GeneralSecurityException if one is none of the kind, its message says why
   */
  static PublicKeys of(List<byte[]> files) throws GeneralSecurityException {
    List<Verifier> verifiers = new ArrayList<>();
    for (byte[] file : files) {
      Matcher pem = PEM.matcher(new String(file, StandardCharsets.ISO_8859_1).strip());
      if (!pem.matches()) {
        throw new GeneralSecurityException("holds no public key in PEM (\"BEGIN PUBLIC KEY\")");
      }
      verifiers.add(verifier(String.valueOf(pem.group(1))));
    }
    return new PublicKeys(verifiers);
  }

  private static Verifier verifier(String base64) throws GeneralSecurityException {
    byte[] der;
    try {
      der = Base64.getMimeDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      throw new GeneralSecurityException("holds a public key that is not base64", e);
    }
    for (String kind : List.of("EC", "RSA", "Ed25519")) {
      Optional<PublicKey> key = key(der, kind);
      if (key.isPresent()) {
        return new Verifier(key.get(), signatures(kind));
      }
    }
    throw new GeneralSecurityException("holds a key that is neither ECDSA, RSA nor Ed25519");
  }

  private static Optional<PublicKey> key(byte[] der, String kind) throws GeneralSecurityException {
    KeyFactory factory = KeyFactory.getInstance(kind);
    try {
      return Optional.of(factory.generatePublic(new X509EncodedKeySpec(der)));
    } catch (InvalidKeySpecException e) {
      return Optional.empty(); // A key of another kind.
    }
  }

  private static String signatures(String kind) {
    return switch (kind) {
      case "EC" -> "SHA256withECDSA";
      case "RSA" -> "SHA256withRSA";
      default -> kind;
    };
  }

  /** Whether one of the keys made a signature. */
  boolean made(SigstoreSignature signature) {
    byte[] made;
    try {
      made = Base64.getDecoder().decode(signature.signature().strip());
    } catch (IllegalArgumentException e) {
      return false;
    }
    byte[] payload = signature.payload();
    return verifiers.stream().anyMatch(verifier -> verifier.made(made, payload));
  }
}
