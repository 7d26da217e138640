package org.bib.oci;

import org.bib.failure.BuildException;

/** What the media type of a layer says of its bytes. */
enum LayerMediaType {
  TAR,
  TAR_GZIP,
  TAR_ZSTD;

  /**
   * Reads a media type (OCI image specification 1.1, media-types.md; Docker image manifest V2,
   * schema 2).
   *
   * @param layer names the layer in messages
   */
  static LayerMediaType of(String mediaType, String layer) throws BuildException {
    if (mediaType.endsWith("+encrypted")) {
      throw new BuildException(layer + ": is encrypted", "decrypt the image first");
    }
    return switch (mediaType) {
      case "application/vnd.oci.image.layer.v1.tar",
          "application/vnd.docker.image.rootfs.diff.tar" ->
          TAR;
      case "application/vnd.oci.image.layer.v1.tar+gzip",
          "application/vnd.docker.image.rootfs.diff.tar.gzip" ->
          TAR_GZIP;
      case "application/vnd.oci.image.layer.v1.tar+zstd",
          "application/vnd.docker.image.rootfs.diff.tar.zstd" ->
          TAR_ZSTD;
      default -> throw refused(mediaType, layer);
    };
  }

  private static BuildException refused(String mediaType, String layer) {
    if (mediaType.contains(".nondistributable.") || mediaType.contains(".foreign.")) {
      return new BuildException(
          layer + ": is kept outside the image (" + MessageText.quoted(mediaType) + ")",
          "push the image with its non-distributable layers included");
    }
    return new BuildException(
        layer + ": media type " + MessageText.quoted(mediaType) + " is not that of a layer",
        "use an image whose layers are tar, tar+gzip or tar+zstd");
  }
}
