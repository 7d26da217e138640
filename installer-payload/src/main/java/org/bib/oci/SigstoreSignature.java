package org.bib.oci;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bib.oci.JsonObject.MalformedException;

/**
 * A signature as cosign attaches it: the signed bytes, and what a key made of them. Nothing of it
 * is to be believed before {@link PublicKeys} does.
 */
final class SigstoreSignature {
  private static final String PAYLOAD_TYPE = "application/vnd.dev.cosign.simplesigning.v1+json";
  private static final String ANNOTATION = "dev.cosignproject.cosign/signature";

  private final byte[] payload;
  private final String signature;

  /**
   * @param signature in base64
   */
  SigstoreSignature(byte[] payload, String signature) {
    this.payload = payload.clone();
    this.signature = signature;
  }

  byte[] payload() {
    return payload.clone();
  }

  /** In base64, if it is what it should be. */
  String signature() {
    return signature;
  }

  /** Under which tag of its repository a manifest has its signatures. */
  static String tag(Digest manifest) {
    return manifest.algorithm() + "-" + manifest.hex() + ".sig";
  }

  /**
   * Where a signature lies.
   *
   * @param payload blob of the signed bytes
   */
  record Attached(Descriptor payload, String signature) {}

  /** What a manifest of signatures holds. */
  static List<Attached> attached(byte[] manifest) throws MalformedException {
    List<Attached> attached = new ArrayList<>();
    for (JsonObject layer : JsonObject.parse(manifest).objects("layers")) {
      Descriptor payload = Descriptor.of(layer);
      Optional<String> signature =
          Optional.ofNullable(layer.textMap("annotations").get(ANNOTATION));
      if (payload.mediaType().equals(PAYLOAD_TYPE) && signature.isPresent()) {
        attached.add(new Attached(payload, signature.get()));
      }
    }
    return attached;
  }
}
