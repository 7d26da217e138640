package org.bib.oci;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import org.bib.oci.SourceImage.Layer;

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
   * Opens the content of a layer: its blob, or its tar where the store keeps no blobs. Reading it
   * to the end verifies it.
   *
   * @param index of the layer, from the lowest, which is 0
   * @param what names the layer in messages
   */
  default InputStream layer(int index, Layer layer, String what) throws IOException {
    Descriptor descriptor =
        new Descriptor(
            layer.mediaType(), layer.digest(), layer.size(), Optional.empty(), Optional.empty());
    return new VerifyingInputStream(
        blob(descriptor), layer.digest(), layer.size(), what, remedyForDamage());
  }

  /**
   * The name that the image goes by in registries, once {@link #roots} has been asked for; empty if
   * it has none or the reference is it.
   */
  default Optional<String> registryName() {
    return Optional.empty();
  }

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
