package org.bib.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bib.oci.JsonObject.MalformedException;

/** One of the requirements that an image must satisfy (containers-policy.json(5)). */
sealed interface PolicyRequirement {
  /**
   * Why no image at all can satisfy it, if so; asked before anything is fetched.
   *
   * @throws UnusableException if there is no telling
   */
  Optional<String> refusal(PolicySubject image) throws UnusableException;

  /** Whether it takes signatures to satisfy it. */
  default boolean wantsSignatures() {
    return false;
  }

  /**
   * Why an image does not satisfy it, if so. Where it takes no signatures, {@link #refusal} has
   * said all.
   *
   * @param manifest digest of the image's manifest, which has been verified
   * @param signatures of that manifest
   * @throws UnusableException if there is no telling
   */
  default Optional<String> objection(
      PolicySubject image, Digest manifest, List<SigstoreSignature> signatures)
      throws UnusableException {
    return refusal(image);
  }

  /** A requirement cannot be judged by; the message says why, in part of a line. */
  final class UnusableException extends Exception {
    private static final long serialVersionUID = 1L;

    UnusableException(String message) {
      super(message);
    }
  }

  /** {@code insecureAcceptAnything}. */
  record Accept() implements PolicyRequirement {
    @Override
    public Optional<String> refusal(PolicySubject image) {
      return Optional.empty();
    }
  }

  /** {@code reject}. */
  record Reject() implements PolicyRequirement {
    @Override
    public Optional<String> refusal(PolicySubject image) {
      return Optional.of("every image is rejected");
    }
  }

  /**
   * A requirement that exists and is not understood here.
   *
   * @param what it asks for
   */
  record Unsupported(String what) implements PolicyRequirement {
    @Override
    public Optional<String> refusal(PolicySubject image) throws UnusableException {
      throw new UnusableException("bib cannot check " + what);
    }
  }

  /**
   * {@code sigstoreSigned} with keys: one signature by any of them is enough.
   *
   * @param files of keys
   * @param data keys in base64
   */
  record SigstoreSigned(List<Path> files, List<String> data, SignedIdentity identity)
      implements PolicyRequirement {
    private static final Set<String> SOURCES = Set.of("keyPath", "keyPaths", "keyData", "keyDatas");

    /** Members that ask for the public infrastructure of sigstore, or for another one. */
    private static final Set<String> INFRASTRUCTURE =
        Set.of(
            "fulcio",
            "pki",
            "rekorPublicKeyPath",
            "rekorPublicKeyPaths",
            "rekorPublicKeyData",
            "rekorPublicKeyDatas");

    private static final int MAX_REASONS = 3;

    static PolicyRequirement parse(JsonObject json) throws MalformedException {
      for (String key : json.keys()) {
        if (INFRASTRUCTURE.contains(key)) {
          return new Unsupported("\"" + key + "\" of sigstoreSigned, only keys");
        }
        if (!SOURCES.contains(key) && !key.equals("type") && !key.equals("signedIdentity")) {
          throw new MalformedException(
              "sigstoreSigned has the unknown key " + MessageText.quoted(key));
        }
      }
      if (json.keys().stream().filter(SOURCES::contains).count() != 1) {
        throw new MalformedException(
            "sigstoreSigned needs exactly one of keyPath, keyPaths, keyData and keyDatas");
      }
      List<Path> files = new ArrayList<>();
      json.text("keyPath").map(Path::of).ifPresent(files::add);
      json.texts("keyPaths").stream().map(Path::of).forEach(files::add);
      List<String> data = new ArrayList<>();
      json.text("keyData").ifPresent(data::add);
      data.addAll(json.texts("keyDatas"));
      if (files.isEmpty() && data.isEmpty()) {
        throw new MalformedException("sigstoreSigned names no key");
      }
      Optional<JsonObject> identity = json.object("signedIdentity");
      return new SigstoreSigned(
          List.copyOf(files),
          List.copyOf(data),
          identity.isPresent() ? SignedIdentity.parse(identity.get()) : SignedIdentity.DEFAULT);
    }

    @Override
    public Optional<String> refusal(PolicySubject image) throws UnusableException {
      keys();
      return Optional.empty();
    }

    @Override
    public boolean wantsSignatures() {
      return true;
    }

    @Override
    public Optional<String> objection(
        PolicySubject image, Digest manifest, List<SigstoreSignature> signatures)
        throws UnusableException {
      if (signatures.isEmpty()) {
        return Optional.of("there is no signature of " + manifest);
      }
      PublicKeys keys = keys();
      Set<String> reasons = new LinkedHashSet<>();
      for (SigstoreSignature signature : signatures) {
        Optional<String> reason = objection(image, manifest, signature, keys);
        if (reason.isEmpty()) {
          return Optional.empty();
        }
        reasons.add(reason.get());
      }
      return Optional.of(
          String.join("; ", reasons.stream().limit(MAX_REASONS).toList())
              + (reasons.size() > MAX_REASONS ? " and more" : ""));
    }

    private Optional<String> objection(
        PolicySubject image, Digest manifest, SigstoreSignature signature, PublicKeys keys) {
      if (!keys.made(signature)) {
        return Optional.of("a signature is not by a key of the policy");
      }
      SignedStatement statement;
      try {
        statement = SignedStatement.parse(signature.payload());
      } catch (MalformedException e) {
        return Optional.of(
            "a signature's payload is malformed: "
                + MessageText.oneLine(String.valueOf(e.getMessage())));
      }
      if (!statement.manifest().equals(manifest.toString())) {
        return Optional.of(
            "a signature is for another manifest, " + MessageText.oneLine(statement.manifest()));
      }
      if (!identity.accepts(image.name(), statement.reference())) {
        return Optional.of(
            "a signature is for the name " + MessageText.quoted(statement.reference()));
      }
      return Optional.empty();
    }

    private PublicKeys keys() throws UnusableException {
      List<byte[]> contents = new ArrayList<>();
      for (Path file : files) {
        try {
          byte[] content = Files.readAllBytes(file);
          PublicKeys.of(List.of(content)); // So that the message can name the file.
          contents.add(content);
        } catch (IOException e) {
          throw new UnusableException("its key " + file + " cannot be read");
        } catch (GeneralSecurityException e) {
          throw new UnusableException("its key " + file + " " + e.getMessage());
        }
      }
      try {
        for (String base64 : data) {
          contents.add(Base64.getDecoder().decode(base64));
        }
        return PublicKeys.of(contents);
      } catch (IllegalArgumentException e) {
        throw new UnusableException("a keyData of it is not base64");
      } catch (GeneralSecurityException e) {
        throw new UnusableException("a keyData of it " + e.getMessage());
      }
    }
  }
}
