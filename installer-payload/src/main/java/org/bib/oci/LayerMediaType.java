package org.bib.oci;

import java.util.Locale;
import org.bib.failure.BuildException;

/**
 * What the media type of a layer says of its bytes: a tar, compressed or not, or nothing to use.
 */
final class LayerMediaType {
  private LayerMediaType() {}

  /**
   * Whether a layer is one that may be left out of registries: Docker's foreign layers, and the
   * specification's non-distributable ones (media-types.md). Where it lies is not read from its
   * {@code urls}: an image shall not choose which servers are asked.
   */
  static boolean isForeign(String mediaType) {
    String type = mediaType.toLowerCase(Locale.ROOT);
    return type.contains(".nondistributable.") || type.contains(".foreign.");
  }

  /**
   * Refuses layers that are no tar. How a tar is compressed is not told from here but from its
   * first bytes, as engines do, because media types lie (OCI image specification 1.1,
   * media-types.md; Docker image manifest V2, schema 2).
   *
   * @param layer names the layer in messages
   */
  static void requireTar(String mediaType, String layer) throws BuildException {
    String type = mediaType.toLowerCase(Locale.ROOT);
    if (type.endsWith("+encrypted")) {
      throw new BuildException(layer + ": is encrypted", "decrypt the image first");
    }
    if (!type.isEmpty() && !type.contains("tar")) {
      throw new BuildException(
          layer + ": media type " + MessageText.quoted(mediaType) + " is not that of a layer",
          "use an image whose layers are tar, tar+gzip or tar+zstd");
    }
  }
}
