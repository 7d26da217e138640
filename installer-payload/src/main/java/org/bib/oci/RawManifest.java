package org.bib.oci;

import java.io.IOException;
import java.io.InputStream;
import org.bib.failure.BuildException;

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

  /**
   * Reads and verifies one.
   *
   * @param in its bytes; closed
   * @param source names the image in messages
   * @param remedy what to do if it is damaged, an imperative
   */
  static RawManifest read(InputStream in, Descriptor descriptor, String source, String remedy)
      throws IOException {
    String what = source + ": manifest " + descriptor.digest();
    try (InputStream verified =
        new VerifyingInputStream(in, descriptor.digest(), descriptor.size(), what, remedy)) {
      if (descriptor.size() > MAX_SIZE) {
        throw new BuildException(
            what + ": " + descriptor.size() + " bytes are more than " + MAX_SIZE,
            "use another image");
      }
      return new RawManifest(descriptor.mediaType(), descriptor.digest(), verified.readAllBytes());
    }
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
