package org.bib.build;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.bib.oci.Digest;
import org.bib.oci.ImageConfig;
import org.bib.oci.SourceImage;

/** An image that remembers how large its layers turned out to be. */
final class MeasuredImage implements SourceImage {
  private final SourceImage image;
  private final Map<Digest, Long> uncompressed = new ConcurrentHashMap<>();

  MeasuredImage(SourceImage image) {
    this.image = image;
  }

  /** Bytes of the tars of those layers that were read, by digest of the blob. */
  Map<Digest, Long> uncompressed() {
    return Map.copyOf(uncompressed);
  }

  @Override
  public Digest manifestDigest() {
    return image.manifestDigest();
  }

  @Override
  public byte[] manifest() {
    return image.manifest();
  }

  @Override
  public byte[] config() {
    return image.config();
  }

  @Override
  public ImageConfig imageConfig() {
    return image.imageConfig();
  }

  @Override
  public Optional<String> registryName() {
    return image.registryName();
  }

  @Override
  public List<Layer> layers() {
    return image.layers();
  }

  @Override
  public InputStream open(Layer layer) throws IOException {
    return image.open(layer);
  }

  @Override
  public void inflated(Layer layer, long bytes) {
    uncompressed.put(layer.digest(), bytes);
  }

  @Override
  public void close() throws IOException {
    image.close();
  }
}
