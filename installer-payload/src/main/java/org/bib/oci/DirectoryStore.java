package org.bib.oci;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.bib.failure.BuildException;

/**
 * A directory as {@code skopeo copy} makes it for its transport {@code dir:} (containers/image,
 * directory/directory_transport.go): {@code manifest.json}, and blobs named by their digests.
 */
final class DirectoryStore implements ImageStore {
  private static final String MANIFEST = "manifest.json";

  private final DirectoryFiles files;
  private final Path directory;
  private final RawManifest root;

  /** Reads the manifest in {@code directory}. */
  DirectoryStore(Path directory) throws IOException {
    this.directory = directory;
    this.files = new DirectoryFiles(directory);
    byte[] bytes;
    try (InputStream in = files.open(MANIFEST)) {
      bytes = in.readNBytes(RawManifest.MAX_SIZE + 1);
    } catch (NoSuchFileException e) {
      throw new BuildException(
          name() + ": holds no image, it has no " + MANIFEST,
          "check the path; for an OCI layout write oci:" + directory,
          e);
    }
    if (bytes.length > RawManifest.MAX_SIZE) {
      throw new BuildException(
          name() + ": " + MANIFEST + " is larger than " + RawManifest.MAX_SIZE + " bytes",
          "use another image");
    }
    this.root = new RawManifest("", Digest.sha256(bytes), bytes);
  }

  @Override
  public String name() {
    return "dir:" + directory;
  }

  @Override
  public List<Descriptor> roots() {
    return List.of(
        new Descriptor("", root.digest(), root.bytes().length, Optional.empty(), Optional.empty()));
  }

  @Override
  public RawManifest manifest(Descriptor descriptor) throws IOException {
    return descriptor.digest().equals(root.digest())
        ? root
        : RawManifest.read(
            open(descriptor.digest(), "." + MANIFEST), descriptor, name(), remedyForDamage());
  }

  @Override
  public InputStream blob(Descriptor descriptor) throws IOException {
    return open(descriptor.digest(), "");
  }

  /** Files are named by digests: the algorithm tells only if it is not SHA-256. */
  private InputStream open(Digest digest, String suffix) throws IOException {
    String algorithm = digest.algorithm().equals("sha256") ? "" : digest.algorithm() + "-";
    try {
      return files.open(algorithm + digest.hex() + suffix);
    } catch (NoSuchFileException e) {
      throw new BuildException(name() + ": blob " + digest + " is missing", remedyForDamage(), e);
    }
  }

  @Override
  public String remedyForDamage() {
    return "copy the image into " + directory + " again";
  }

  @Override
  public void close() {}
}
