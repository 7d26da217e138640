package org.bib.oci;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.bib.failure.BuildException;
import org.bib.layout.Architecture;
import org.bib.oci.JsonObject.MalformedException;
import org.bib.oci.SourceImage.Layer;
import org.jspecify.annotations.Nullable;

/** Walks from a reference, through indexes, to the one manifest of the wanted platform. */
final class ImageResolver {
  /** Configurations carry the history of the build; none comes near this. */
  static final int MAX_CONFIG_SIZE = 8 << 20;

  /** Index within index within index is more than any tool writes. */
  private static final int MAX_DEPTH = 4;

  private static final int MAX_MANIFESTS = 100;

  private final ImageStore store;
  private final Architecture architecture;
  private final TreeSet<String> otherPlatforms = new TreeSet<>();
  private int fetched;
  private @Nullable BuildException skipped;

  ImageResolver(ImageStore store, Architecture architecture) {
    this.store = store;
    this.architecture = architecture;
  }

  /** The image of the wanted platform; it owns the store from here on. */
  SourceImage resolve() throws IOException {
    Optional<PinnedImage> image = search(store.roots(), 1);
    if (image.isPresent()) {
      return image.get();
    }
    if (skipped != null && otherPlatforms.isEmpty()) {
      throw skipped;
    }
    String wanted = "linux/" + architecture.ociName();
    throw new BuildException(
        store.name()
            + ": has no image for "
            + wanted
            + (otherPlatforms.isEmpty() ? "" : ", only " + String.join(", ", otherPlatforms)),
        "choose another --target-arch or an image built for " + wanted);
  }

  private Optional<PinnedImage> search(List<Descriptor> entries, int depth) throws IOException {
    if (depth > MAX_DEPTH) {
      throw new BuildException(
          store.name() + ": indexes are nested more than " + MAX_DEPTH + " deep",
          "name the manifest by its digest");
    }
    for (Descriptor entry : byPreference(entries)) {
      try {
        Optional<PinnedImage> image = visit(entry, depth);
        if (image.isPresent()) {
          return image;
        }
      } catch (BuildException e) {
        // Signatures and attestations may lie beside images, without a platform.
        if (entries.size() == 1 || entry.platform().isPresent()) {
          throw e;
        }
        skipped = e;
      }
    }
    return Optional.empty();
  }

  /** Entries of the wanted platform first, plain before variants, then those that do not say. */
  private List<Descriptor> byPreference(List<Descriptor> entries) {
    List<Descriptor> candidates = new ArrayList<>();
    for (Descriptor entry : entries) {
      if (entry.platform().isEmpty() || isWanted(entry.platform().get())) {
        candidates.add(entry);
      } else if (!entry.platform().get().os().equals("unknown")) {
        otherPlatforms.add(entry.platform().get().toString());
      }
    }
    candidates.sort(Comparator.comparingInt(ImageResolver::rank));
    return candidates;
  }

  private boolean isWanted(Descriptor.Platform platform) {
    return platform.os().equals("linux") && platform.architecture().equals(architecture.ociName());
  }

  /**
   * What runs on any machine of the architecture first, then what needs less of it: {@code v8} is
   * the baseline of arm64, {@code v1} that of amd64, later levels are supersets.
   */
  private static int rank(Descriptor entry) {
    if (entry.platform().isEmpty()) {
      return 100;
    }
    String variant = entry.platform().get().variant().orElse("");
    return switch (variant) {
      case "" -> 0;
      case "v8", "v1" -> 1;
      default -> variant.matches("v[0-9]") ? variant.charAt(1) - '0' + 1 : 99;
    };
  }

  private Optional<PinnedImage> visit(Descriptor entry, int depth) throws IOException {
    if (++fetched > MAX_MANIFESTS) {
      throw new BuildException(
          store.name() + ": has more than " + MAX_MANIFESTS + " manifests without a platform",
          "name the manifest by its digest");
    }
    RawManifest raw = store.manifest(entry);
    ImageManifest manifest = ImageManifest.parse(raw, store.name());
    if (manifest.index().isPresent()) {
      return search(manifest.index().get(), depth + 1);
    }
    return pin(raw, manifest.image().orElseThrow());
  }

  private Optional<PinnedImage> pin(RawManifest raw, ImageManifest.Image manifest)
      throws IOException {
    byte[] configBytes = readConfig(manifest.config());
    String what = store.name() + ": config " + manifest.config().digest();
    ImageManifest.Config config;
    try {
      config = ImageManifest.Config.parse(configBytes, manifest.created());
    } catch (MalformedException e) {
      throw new BuildException(
          what + ": " + MessageText.oneLine(String.valueOf(e.getMessage())),
          "push the image again");
    }
    ImageConfig imageConfig = config.imageConfig();
    if (!imageConfig.os().equals("linux")
        || !imageConfig.architecture().equals(architecture.ociName())) {
      otherPlatforms.add(MessageText.oneLine(imageConfig.os() + "/" + imageConfig.architecture()));
      return Optional.empty();
    }
    if (config.diffIds().size() != manifest.layers().size()) {
      throw new BuildException(
          what
              + ": has "
              + config.diffIds().size()
              + " diff_ids for "
              + manifest.layers().size()
              + " layers",
          "push the image again");
    }
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < manifest.layers().size(); i++) {
      Descriptor layer = manifest.layers().get(i);
      LayerMediaType.requireTar(
          layer.mediaType(), PinnedImage.layerName(layer.digest(), store.name()));
      layers.add(
          new Layer(layer.digest(), layer.size(), layer.mediaType(), config.diffIds().get(i)));
    }
    return Optional.of(new PinnedImage(store, raw, configBytes, imageConfig, layers));
  }

  private byte[] readConfig(Descriptor descriptor) throws IOException {
    String what = store.name() + ": config " + descriptor.digest();
    if (descriptor.size() > MAX_CONFIG_SIZE) {
      throw new BuildException(
          what + ": " + descriptor.size() + " bytes are more than " + MAX_CONFIG_SIZE,
          "use another image");
    }
    try (InputStream in =
        new VerifyingInputStream(
            store.blob(descriptor),
            descriptor.digest(),
            descriptor.size(),
            what,
            store.remedyForDamage())) {
      return in.readAllBytes();
    }
  }
}
