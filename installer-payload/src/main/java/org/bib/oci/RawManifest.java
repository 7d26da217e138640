package org.bib.oci;

/** A manifest or an index, byte for byte, whose digest has been verified. */
final class RawManifest {
  /** The OCI distribution specification 1.1 ("Pushing Manifests") asks for at least this limit. */
  static final int MAX_SIZE = 4 << 20;

  private final String mediaType;
  private final Digest digest;
  private final byte[] bytes;

  RawManifest(String mediaType, Digest digest, byte[] bytes) {
    this.mediaType = mediaType;
    this.digest = digest;
    this.bytes = bytes.clone();
  }

  /** As the source announced it, empty if it did not. */
  String mediaType() {
    return mediaType;
  }

  Digest digest() {
    return digest;
  }

  byte[] bytes() {
    return bytes.clone();
  }
}
