package org.bib.oci;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bib.failure.BuildException;
import org.bib.failure.ConfigException;
import org.bib.oci.JsonObject.MalformedException;
import org.bib.oci.SourceImage.Layer;

/**
 * The store of podman, buildah and skopeo, read where it lies (containers/storage: images.go,
 * layers.go). It keeps manifest and configuration of an image as they came, but its layers
 * unpacked: their tars are put together again, and must have the diff_ids that the configuration
 * says. What their blobs were, compressed, nobody can check any more.
 */
final class ContainersStorage implements ImageStore {
  static final String TRANSPORT = "containers-storage:";

  /** Drivers that keep the files of a layer as files, and where below the root. */
  private static final List<String> DRIVERS = List.of("overlay", "vfs");

  /** A store has thousands of images or layers at most; each takes about 1 KiB. */
  private static final int MAX_LIST = 16 << 20;

  /** More than any driver can stack. */
  private static final int MAX_LAYERS = 4096;

  private final String name;
  private final StorageLocation location;
  private final String driver;
  private final List<StoredImage> images;
  private final Optional<String> registryName;
  private final StoredImage named;

  /** The image whose manifest was read last, which an index may have led to. */
  private StoredImage current;

  private List<StoredLayer> chain = List.of();

  /**
   * A layer as {@code layers.json} has it.
   *
   * @param root of the store that has it
   * @param parent ID of the layer below, empty if there is none
   * @param size of its tar in bytes, negative if it is not known
   */
  private record StoredLayer(Path root, String id, String parent, long size) {
    static StoredLayer of(JsonObject json, Path root) throws MalformedException {
      String parent = json.text("parent").orElse("");
      return new StoredLayer(
          root,
          StoredImage.id(json.text("id").orElse("")),
          parent.isEmpty() ? "" : StoredImage.id(parent),
          json.number("diff-size").orElse(-1));
    }
  }

  private ContainersStorage(
      String name,
      StorageLocation location,
      String driver,
      List<StoredImage> images,
      StoredNames.Match match) {
    this.name = name;
    this.location = location;
    this.driver = driver;
    this.images = images;
    this.named = match.image();
    this.registryName = match.name();
    this.current = match.image();
  }

  /**
   * Finds an image.
   *
   * @param text what follows the transport: a name, perhaps after where the store is, in brackets
   */
  static ContainersStorage open(String text, Surroundings surroundings)
      throws IOException, ConfigException {
    String name = TRANSPORT + text;
    int bracket = text.startsWith("[") ? text.indexOf(']') : -1;
    if (text.startsWith("[") && bracket < 0) {
      throw new ConfigException(MessageText.quoted(name), "has no ] after the place of the store");
    }
    String image = text.substring(bracket + 1);
    if (image.isEmpty()) {
      throw new ConfigException(MessageText.quoted(name), "names no image");
    }
    StorageLocation location =
        bracket > 0
            ? StorageLocation.parse(text.substring(1, bracket), surroundings)
            : StorageLocation.of(surroundings);
    Path root = location.roots().get(0);
    if (!Files.isDirectory(root)) {
      throw new BuildException(
          name + ": there is no store at " + root,
          "pull the image as this user, or name the store, as in "
              + TRANSPORT
              + "[overlay@/PATH]"
              + image);
    }
    String driver = driver(name, location);
    List<StoredImage> images = new ArrayList<>();
    for (Path store : location.roots()) {
      Path directory = store.resolve(driver + "-images");
      for (JsonObject json : list(name, location, directory.resolve("images.json"))) {
        images.add(
            parsed(name, directory.resolve("images.json"), () -> StoredImage.of(json, directory)));
      }
    }
    Optional<StoredNames.Match> match =
        new StoredNames(images, ShortNames.of(surroundings)).find(image);
    if (match.isEmpty()) {
      List<String> names = images.stream().flatMap(stored -> stored.names().stream()).toList();
      throw new BuildException(
          name
              + ": the store at "
              + root
              + (names.isEmpty()
                  ? " has no image"
                  : " has no such image, only " + MessageText.list("", names).strip()),
          "name another, or pull it first: podman pull " + MessageText.oneLine(image));
    }
    return new ContainersStorage(name, location, driver, images, match.get());
  }

  private static String driver(String name, StorageLocation location) throws BuildException {
    Path root = location.roots().get(0);
    String driver =
        location
            .driver()
            .orElse(
                Files.exists(root.resolve("vfs-images"))
                        && !Files.exists(root.resolve("overlay-images"))
                    ? "vfs"
                    : "overlay");
    if (!DRIVERS.contains(driver)) {
      throw new BuildException(
          name
              + ": the store at "
              + root
              + " has the driver "
              + MessageText.quoted(driver)
              + ", which keeps no files; overlay and vfs do",
          "save the image: podman save --format oci-archive -o FILE, and name oci-archive:FILE");
    }
    return driver;
  }

  /** What may turn out not to be what it should. */
  @FunctionalInterface
  private interface Parsing<T> {
    T parse() throws MalformedException;
  }

  private static <T> T parsed(String name, Path file, Parsing<T> parsing) throws BuildException {
    try {
      return parsing.parse();
    } catch (MalformedException e) {
      throw new BuildException(
          name + ": " + file + ": " + MessageText.oneLine(String.valueOf(e.getMessage())),
          "repair the store: podman system check, or podman system reset",
          e);
    }
  }

  /** A list of the store; empty if it is not there, as in a store that has nothing yet. */
  private static List<JsonObject> list(String name, StorageLocation location, Path file)
      throws IOException {
    Optional<byte[]> bytes = read(name, location, file, MAX_LIST);
    return bytes.isEmpty()
        ? List.of()
        : parsed(name, file, () -> JsonObject.parseList(bytes.get()));
  }

  private static Optional<byte[]> read(String name, StorageLocation location, Path file, int limit)
      throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(limit + 1);
      if (bytes.length > limit) {
        throw new BuildException(
            name + ": " + file + " is larger than " + limit + " bytes", "remove what is not used");
      }
      return Optional.of(bytes);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (AccessDeniedException e) {
      throw new BuildException(
          name + ": this user may not read " + e.getFile(), remedyForDenial(location), e);
    }
  }

  /**
   * Files of a store are those of the image's users: some of root's, and in a rootless store of
   * other IDs of the user, are nobody else's to read.
   */
  private static String remedyForDenial(StorageLocation location) {
    return location.rootless()
        ? "run podman unshare bib ..., or save the image: podman save --format oci-archive -o FILE,"
            + " and name oci-archive:FILE"
        : "run as root, or save the image: podman save --format oci-archive -o FILE, and name"
            + " oci-archive:FILE";
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<Descriptor> roots() throws IOException {
    byte[] bytes = document(named, "manifest", RawManifest.MAX_SIZE);
    return List.of(
        new Descriptor("", Digest.sha256(bytes), bytes.length, Optional.empty(), Optional.empty()));
  }

  @Override
  public RawManifest manifest(Descriptor descriptor) throws IOException {
    for (StoredImage image : images) {
      if (!image.equals(named) && !image.digests().contains(descriptor.digest().toString())) {
        continue;
      }
      byte[] bytes = document(image, "manifest", RawManifest.MAX_SIZE);
      if (Digest.sha256(bytes).equals(descriptor.digest())) {
        current = image;
        chain = chain(image);
        return new RawManifest(descriptor.mediaType(), descriptor.digest(), bytes);
      }
    }
    throw new BuildException(
        name + ": the store does not have manifest " + descriptor.digest() + " of its index",
        "pull the image for this platform");
  }

  @Override
  public InputStream blob(Descriptor descriptor) throws IOException {
    return new ByteArrayInputStream(
        document(current, descriptor.digest().toString(), ImageResolver.MAX_CONFIG_SIZE));
  }

  /**
   * A document of an image. Keys of letters that files should not have are encoded
   * (containers/storage, images.go, {@code makeBigDataBaseName}).
   */
  private byte[] document(StoredImage image, String key, int limit) throws IOException {
    String file =
        key.matches("[.0-9a-z]+")
            ? key
            : "=" + Base64.getEncoder().encodeToString(key.getBytes(StandardCharsets.UTF_8));
    Optional<byte[]> bytes = read(name, location, image.directory().resolve(file), limit);
    if (bytes.isEmpty()) {
      throw new BuildException(
          name + ": the store has lost " + key + " of the image", remedyForDamage());
    }
    return bytes.get();
  }

  /** The layers of an image, lowest first. */
  private List<StoredLayer> chain(StoredImage image) throws IOException {
    Map<String, StoredLayer> layers = new HashMap<>();
    for (Path root : location.roots()) {
      Path file = root.resolve(driver + "-layers/layers.json");
      for (JsonObject json : list(name, location, file)) {
        StoredLayer layer = parsed(name, file, () -> StoredLayer.of(json, root));
        layers.putIfAbsent(layer.id(), layer);
      }
    }
    List<StoredLayer> chain = new ArrayList<>();
    for (String id = image.topLayer(); !id.isEmpty(); id = chain.get(chain.size() - 1).parent()) {
      StoredLayer layer = layers.get(id);
      if (layer == null || chain.size() == MAX_LAYERS) {
        throw new BuildException(
            name
                + (layer == null
                    ? ": the store has lost layer " + id
                    : ": has more than " + MAX_LAYERS + " layers"),
            remedyForDamage());
      }
      chain.add(layer);
    }
    Collections.reverse(chain);
    return chain;
  }

  @Override
  public InputStream layer(int index, Layer layer, String what) throws IOException {
    if (index >= chain.size()) {
      throw new BuildException(
          what + ": the store has only " + chain.size() + " layers of the image",
          remedyForDamage());
    }
    StoredLayer stored = chain.get(index);
    Path directory =
        driver.equals("vfs")
            ? stored.root().resolve("vfs/dir/" + stored.id())
            : stored.root().resolve("overlay/" + stored.id() + "/diff");
    if (Files.exists(directory.resolveSibling("composefs-data"))) {
      throw new BuildException(
          what + ": the store keeps it as composefs, not as files",
          "copy the image: skopeo copy " + TRANSPORT + "NAME oci-archive:FILE");
    }
    Path record = stored.root().resolve(driver + "-layers/" + stored.id() + ".tar-split.gz");
    TarSplitStream tar;
    try {
      tar =
          new TarSplitStream(
              Compression.inflated(Files.newInputStream(record)),
              new LayerDirectory(directory),
              what,
              new TarSplitStream.Remedies(remedyForDamage(), remedyForDenial(location)));
    } catch (NoSuchFileException e) {
      throw new BuildException(
          what + ": the store has no record of its tar (" + record.getFileName() + ")",
          remedyForDamage(),
          e);
    } catch (AccessDeniedException e) {
      throw new BuildException(
          what + ": this user may not read " + e.getFile(), remedyForDenial(location), e);
    }
    return new VerifyingInputStream(tar, layer.diffId(), stored.size(), what, remedyForDamage());
  }

  @Override
  public Optional<String> registryName() {
    return registryName;
  }

  @Override
  public String remedyForDamage() {
    return "remove the image and pull it again";
  }

  @Override
  public void close() {}
}
