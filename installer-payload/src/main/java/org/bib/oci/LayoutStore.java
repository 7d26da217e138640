package org.bib.oci;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Optional;
import org.bib.failure.BuildException;
import org.bib.oci.JsonObject.MalformedException;

/** An OCI image layout (OCI image specification 1.1, image-layout.md) as a store. */
final class LayoutStore implements ImageStore {
  private final ImageFiles files;
  private final String name;
  private final String path;
  private final Optional<String> selector;

  /**
   * @param name of the reference as messages show it
   * @param path of the layout, for messages
   * @param selector a tag, or {@code @} and a digest
   */
  LayoutStore(ImageFiles files, String name, String path, Optional<String> selector) {
    this.files = files;
    this.name = name;
    this.path = path;
    this.selector = selector;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<Descriptor> roots() throws IOException {
    List<Descriptor> entries = index();
    if (selector.isPresent() && selector.get().startsWith("@")) {
      String digest = selector.get().substring(1);
      List<Descriptor> chosen =
          entries.stream().filter(entry -> entry.digest().toString().equals(digest)).toList();
      if (chosen.isEmpty()) {
        throw noSuch("digest " + digest, entries);
      }
      return chosen.subList(0, 1);
    }
    if (selector.isPresent()) {
      List<Descriptor> chosen =
          entries.stream().filter(entry -> entry.tag().equals(selector)).toList();
      if (chosen.isEmpty()) {
        throw noSuch("tag " + MessageText.quoted(selector.get()), entries);
      }
      return chosen;
    }
    if (entries.isEmpty()) {
      throw new BuildException(name + ": has no manifest", "copy an image into it");
    }
    // Several platforms of one image, written without an index of their own.
    boolean platforms =
        entries.stream().allMatch(entry -> entry.platform().isPresent() && entry.tag().isEmpty());
    if (entries.size() > 1 && !platforms) {
      throw new BuildException(
          name + ": has " + entries.size() + " manifests, " + tags(entries),
          "name one, as in " + name + ":TAG or " + name + "@sha256:...");
    }
    return entries;
  }

  @Override
  public RawManifest manifest(Descriptor descriptor) throws IOException {
    return RawManifest.read(blob(descriptor), descriptor, name, remedyForDamage());
  }

  @Override
  public InputStream blob(Descriptor descriptor) throws IOException {
    Digest digest = descriptor.digest();
    try {
      return files.open("blobs/" + digest.algorithm() + "/" + digest.hex());
    } catch (NoSuchFileException e) {
      throw new BuildException(name + ": blob " + digest + " is missing", remedyForDamage(), e);
    }
  }

  @Override
  public String remedyForDamage() {
    return "copy the image into " + path + " again";
  }

  @Override
  public void close() throws IOException {
    files.close();
  }

  private List<Descriptor> index() throws IOException {
    byte[] bytes;
    try (InputStream in = files.open("index.json")) {
      bytes = in.readNBytes(RawManifest.MAX_SIZE + 1);
    } catch (NoSuchFileException e) {
      throw new BuildException(
          name + ": is not an OCI image layout, it has no index.json", "check the path", e);
    }
    if (bytes.length > RawManifest.MAX_SIZE) {
      throw new BuildException(
          name + ": index.json is larger than " + RawManifest.MAX_SIZE + " bytes",
          "use another image");
    }
    try {
      return Descriptor.listOf(JsonObject.parse(bytes).objects("manifests"));
    } catch (MalformedException e) {
      throw new BuildException(
          name + ": index.json: " + MessageText.oneLine(String.valueOf(e.getMessage())),
          remedyForDamage(),
          e);
    }
  }

  private BuildException noSuch(String wanted, List<Descriptor> entries) {
    return new BuildException(name + ": has no " + wanted + ", " + tags(entries), "name another");
  }

  private static String tags(List<Descriptor> entries) {
    return MessageText.list(
        "tagged", entries.stream().flatMap(entry -> entry.tag().stream()).toList());
  }
}
