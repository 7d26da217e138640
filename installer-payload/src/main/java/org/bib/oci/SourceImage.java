package org.bib.oci;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/**
 * One image for one platform, pinned by the digest of its manifest. Manifest and configuration have
 * been verified against their digests; layer streams verify themselves as they are read.
 */
public interface SourceImage extends Closeable {
  /** Digest of the manifest that was chosen for the platform. */
  Digest manifestDigest();

  /** The manifest, byte for byte as it was fetched; never an index. */
  byte[] manifest();

  /** The configuration, byte for byte as it was fetched. */
  byte[] config();

  /** What manifest and configuration say, as far as bib needs it. */
  ImageConfig imageConfig();

  /**
   * The name that the image goes by in registries, where its reference is of another kind and its
   * source knows one.
   */
  Optional<String> registryName();

  /** The layers, lowest first. */
  List<Layer> layers();

  /**
   * Opens the content of a layer from its first byte: its blob, still compressed, or its tar where
   * the source keeps layers unpacked, as engines do. Reading it to the end checks length and
   * digest: the read that would return the end of the stream throws instead if they are not as
   * {@code layer} says. A broken transfer is resumed below this stream. Several layers may be read
   * at the same time, from several threads.
   *
   * @throws IOException if the blob is not there; the message names layer and source
   */
  InputStream open(Layer layer) throws IOException;

  /**
   * A layer of the image.
   *
   * @param digest of the blob, as the manifest says it
   * @param size of the blob in bytes, likewise
   * @param mediaType as the manifest says it
   * @param diffId digest of the uncompressed tar, from the configuration
   */
  record Layer(Digest digest, long size, String mediaType, Digest diffId) {}
}
