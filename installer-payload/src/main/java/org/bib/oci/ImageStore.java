package org.bib.oci;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/** Where the manifests and blobs of one reference are. */
interface ImageStore extends Closeable {
  /** The reference as messages name it, with its transport. */
  String name();

  /**
   * What the reference names: one manifest or index, or several manifests to choose a platform of.
   */
  List<Descriptor> roots() throws IOException;

  /** Fetches and verifies a manifest or index. */
  RawManifest manifest(Descriptor descriptor) throws IOException;

  /** Opens a blob, not verified. */
  InputStream blob(Descriptor descriptor) throws IOException;

  /**
   * The signatures of a manifest that lie beside it, in cosign's layout.
   *
   * @return nothing if the source has no place for signatures
   */
  default Optional<List<SigstoreSignature>> signatures(Digest manifest) throws IOException {
    return Optional.empty();
  }

  /** What to do when a blob is not what it should be, an imperative. */
  String remedyForDamage();
}
