package org.bib.oci;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.bib.failure.BuildException;

/** An image in a directory (OCI image specification 1.1, image-layout.md). */
public final class OciLayout implements SourceImage {
  private static final String REF_NAME = "org.opencontainers.image.ref.name";
  private static final String REMEDY = "copy the image into the layout again";
  private static final int MAX_JSON = 8 << 20; // far above any manifest or configuration
  private static final int MAX_DEPTH = 4; // of indexes within indexes

  private final Path directory;
  private final Digest digest;
  private final byte[] manifest;
  private final byte[] config;
  private final ImageConfig imageConfig;
  private final List<Layer> layers;

  private OciLayout(Path directory, ImageManifest.Descriptor chosen) throws IOException {
    this.directory = directory;
    this.digest = chosen.digest();
    this.manifest = readJson(directory, chosen);
    String name = "manifest " + digest;
    ImageManifest.Manifest parsed = ImageManifest.manifest(manifest, name);
    this.config = readJson(directory, parsed.config());
    String configName = "configuration " + parsed.config().digest();
    this.imageConfig = ImageManifest.config(config, parsed, configName);
    List<Digest> diffIds = ImageManifest.diffIds(config, configName);
    if (diffIds.size() != parsed.layers().size()) {
      throw new BuildException(
          name
              + " has "
              + parsed.layers().size()
              + " layers, its configuration names "
              + diffIds.size(),
          "push the image again");
    }
    List<Layer> all = new ArrayList<>();
    for (int i = 0; i < diffIds.size(); i++) {
      ImageManifest.Descriptor layer = parsed.layers().get(i);
      all.add(new Layer(layer.digest(), layer.size(), layer.mediaType(), diffIds.get(i)));
    }
    this.layers = List.copyOf(all);
  }

  /**
   * Opens an image of a layout.
   *
   * @param directory of the layout
   * @param tag value of the annotation {@code org.opencontainers.image.ref.name}; may be absent
   *     where the layout has one image only
   * @throws BuildException if there is no such image for the platform; says what there is
   */
  public static OciLayout open(Path directory, Optional<String> tag, SourceOptions options)
      throws IOException {
    if (!Files.exists(directory.resolve("oci-layout"))) {
      throw new BuildException(
          directory + " is no OCI layout: it has no file oci-layout",
          "name a directory that skopeo copy oci: or podman push oci: wrote");
    }
    byte[] index = Files.readAllBytes(directory.resolve("index.json"));
    List<ImageManifest.Descriptor> all =
        ImageManifest.index(index, directory + "/index.json").orElse(List.of());
    List<ImageManifest.Descriptor> tagged =
        all.stream()
            .filter(entry -> tag.isEmpty() || tag.get().equals(entry.annotations().get(REF_NAME)))
            .toList();
    String wanted = "linux/" + options.architecture().ociName();
    ImageManifest.Descriptor chosen = choose(directory, tagged, tag, all, wanted);
    OciLayout layout = new OciLayout(directory, resolve(directory, chosen, wanted, 0));
    String architecture = layout.imageConfig.os() + "/" + layout.imageConfig.architecture();
    if (!architecture.equals(wanted)) {
      throw new BuildException(
          directory + " holds an image for " + architecture + ", not for " + wanted,
          "name another --target-arch or another image");
    }
    return layout;
  }

  private static ImageManifest.Descriptor choose(
      Path directory,
      List<ImageManifest.Descriptor> tagged,
      Optional<String> tag,
      List<ImageManifest.Descriptor> all,
      String wanted)
      throws BuildException {
    List<ImageManifest.Descriptor> fitting =
        tagged.size() > 1
            ? tagged.stream().filter(entry -> entry.platform().equals(wanted)).toList()
            : tagged;
    if (fitting.size() == 1) {
      return fitting.get(0);
    }
    TreeSet<String> tags = new TreeSet<>();
    all.forEach(entry -> tags.add(entry.annotations().getOrDefault(REF_NAME, "(none)")));
    throw new BuildException(
        directory
            + (tag.isPresent() && tagged.isEmpty()
                ? " has no image " + tag.get()
                : " has " + tagged.size() + " images to choose from"),
        "name one of its tags as oci:DIR:TAG: " + String.join(", ", tags));
  }

  /** Follows indexes to the manifest for the platform. */
  private static ImageManifest.Descriptor resolve(
      Path directory, ImageManifest.Descriptor descriptor, String wanted, int depth)
      throws IOException {
    String name = "manifest " + descriptor.digest();
    Optional<List<ImageManifest.Descriptor>> entries =
        ImageManifest.index(readJson(directory, descriptor), name);
    if (entries.isEmpty()) {
      return descriptor;
    }
    TreeSet<String> platforms = new TreeSet<>();
    for (ImageManifest.Descriptor entry : entries.get()) {
      platforms.add(entry.platform());
      if (entry.platform().equals(wanted) && depth < MAX_DEPTH) {
        return resolve(directory, entry, wanted, depth + 1);
      }
    }
    throw new BuildException(
        name + " has no image for " + wanted + ", only for " + String.join(", ", platforms),
        "name another --target-arch");
  }

  private static byte[] readJson(Path directory, ImageManifest.Descriptor descriptor)
      throws IOException {
    if (descriptor.size() > MAX_JSON) {
      throw new BuildException(
          descriptor.digest() + " has an absurd " + descriptor.size() + " bytes", REMEDY);
    }
    try (InputStream in = verified(directory, descriptor.digest(), descriptor.size())) {
      return in.readAllBytes();
    }
  }

  private static InputStream verified(Path directory, Digest digest, long size) throws IOException {
    Path blob = directory.resolve("blobs").resolve(digest.algorithm()).resolve(digest.hex());
    try {
      return new VerifyingInputStream(
          Files.newInputStream(blob), "blob " + digest + " of " + directory, digest, size, REMEDY);
    } catch (NoSuchFileException e) {
      throw new BuildException("blob " + digest + " is not in " + directory, REMEDY, e);
    }
  }

  @Override
  public Digest manifestDigest() {
    return digest;
  }

  @Override
  public byte[] manifest() {
    return manifest.clone();
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
    return verified(directory, layer.digest(), layer.size());
  }

  @Override
  public void close() {}
}
