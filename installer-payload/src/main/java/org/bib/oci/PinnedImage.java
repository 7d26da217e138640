package org.bib.oci;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import org.bib.failure.BuildException;

/** An image whose manifest and configuration have been fetched and verified. */
final class PinnedImage implements SourceImage {
  private final ImageStore store;
  private final RawManifest manifest;
  private final byte[] config;
  private final ImageConfig imageConfig;
  private final List<Layer> layers;

  PinnedImage(
      ImageStore store,
      RawManifest manifest,
      byte[] config,
      ImageConfig imageConfig,
      List<Layer> layers) {
    this.store = store;
    this.manifest = manifest;
    this.config = config.clone();
    this.imageConfig = imageConfig;
    this.layers = List.copyOf(layers);
  }

  /** How messages name a layer: short enough to read, long enough to find. */
  static String layerName(Digest digest, String source) {
    return "layer " + digest.algorithm() + ":" + digest.hex().substring(0, 12) + " of " + source;
  }

  @Override
  public Digest manifestDigest() {
    return manifest.digest();
  }

  @Override
  public byte[] manifest() {
    return manifest.bytes();
  }

  @Override
  public byte[] config() {
    return config.clone();
  }

  @Override
  public ImageConfig imageConfig() {
    return imageConfig;
  }

  @Override
  public List<Layer> layers() {
    return layers;
  }

  @Override
  public InputStream open(Layer layer) throws IOException {
    String name = layerName(layer.digest(), store.name());
    int index = layers.indexOf(layer);
    if (index < 0) {
      throw new BuildException(name + ": is not a layer of the image", "ask for one of its layers");
    }
    return store.layer(index, layer, name);
  }

  @Override
  public Optional<String> registryName() {
    return store.registryName();
  }

  @Override
  public void close() throws IOException {
    store.close();
  }
}
