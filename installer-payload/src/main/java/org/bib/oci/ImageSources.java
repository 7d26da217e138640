package org.bib.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.bib.failure.BuildException;
import org.bib.failure.ConfigException;
import org.bib.progress.BuildListener;

/** Opens images by reference. */
public final class ImageSources {
  private static final String DIRECTORY = "oci:";
  private static final String ARCHIVE = "oci-archive:";
  private static final String DOCKER_ARCHIVE = "docker-archive:";
  private static final String PLAIN_DIRECTORY = "dir:";
  private static final String REGISTRY = "docker://";
  private static final List<String> ELSEWHERE =
      List.of("ostree:", "sif:", "tarball:", "http:", "https:", "file:");

  private static final Pattern BY_DIGEST = Pattern.compile("(.*)(@sha(?:256|512):[0-9a-f]+)");

  private ImageSources() {}

  /**
   * Opens an image and pins it: manifest and configuration are fetched and verified, layers are not
   * yet.
   *
   * @param reference in the syntax of containers-transports(5): {@code docker://NAME}, or without a
   *     transport a full name of an image in a registry; {@code oci:DIR[:tag]}, {@code
   *     oci-archive:FILE[:tag]}, {@code docker-archive:FILE[:tag]}, {@code dir:DIR}, {@code
   *     containers-storage:NAME}, {@code docker-daemon:NAME} or {@code podman:NAME}
   * @param listener hears of retries and of verification that was switched off
   * @throws ConfigException if {@code reference} is none
   * @throws BuildException if there is no such image, or none for the platform asked for
   */
  public static SourceImage open(String reference, SourceOptions options, BuildListener listener)
      throws IOException, ConfigException {
    return open(reference, options, listener, Surroundings.ofProcess());
  }

  static SourceImage open(
      String reference, SourceOptions options, BuildListener listener, Surroundings surroundings)
      throws IOException, ConfigException {
    SignaturePolicy policy = SignaturePolicy.of(options.policy(), surroundings);
    SignaturePolicy.Demands demands = policy.demands(PolicySubject.of(reference));
    ImageStore store = store(reference, options, listener, surroundings);
    try {
      SourceImage image = new ImageResolver(store, options.architecture()).resolve();
      demands.verify(store, image.manifestDigest());
      return image;
    } catch (IOException | RuntimeException e) {
      store.close();
      throw e;
    }
  }

  private static ImageStore store(
      String reference, SourceOptions options, BuildListener listener, Surroundings surroundings)
      throws IOException, ConfigException {
    if (reference.startsWith(DIRECTORY)) {
      Located located = locate(reference, DIRECTORY, "the directory of an OCI image layout");
      return new LayoutStore(
          new DirectoryFiles(located.path()),
          located.name(),
          located.path().toString(),
          located.selector());
    }
    if (reference.startsWith(ARCHIVE)) {
      Located located = locate(reference, ARCHIVE, "an OCI archive");
      return new LayoutStore(
          ArchiveFiles.open(located.path(), "an OCI archive", spoolDirectory(surroundings)),
          located.name(),
          located.path().toString(),
          located.selector());
    }
    if (reference.startsWith(DOCKER_ARCHIVE)) {
      Located located = locate(reference, DOCKER_ARCHIVE, "a file that docker save wrote");
      return new DockerArchive(
          ArchiveFiles.open(located.path(), "a docker archive", spoolDirectory(surroundings)),
          located.name(),
          located.selector(),
          "save the image to " + located.path() + " again");
    }
    if (reference.startsWith(PLAIN_DIRECTORY)) {
      return new DirectoryStore(
          locate(reference, PLAIN_DIRECTORY, "a directory that skopeo copy wrote").whole());
    }
    if (reference.startsWith(ContainersStorage.TRANSPORT)) {
      return ContainersStorage.open(
          reference.substring(ContainersStorage.TRANSPORT.length()), surroundings);
    }
    for (Engine engine : List.of(Engine.docker(surroundings), Engine.podman(surroundings))) {
      if (reference.startsWith(engine.transport())) {
        return EngineStore.open(engine, reference, surroundings, spoolDirectory(surroundings));
      }
    }
    for (String transport : ELSEWHERE) {
      if (reference.startsWith(transport)) {
        throw new ConfigException(
            MessageText.quoted(reference),
            "the transport "
                + transport
                + " is not supported; use a registry, oci:DIR[:tag] or oci-archive:FILE[:tag]");
      }
    }
    String name =
        reference.startsWith(REGISTRY) ? reference.substring(REGISTRY.length()) : reference;
    RegistryReference parsed = RegistryReference.parse(name);
    if (!reference.startsWith(REGISTRY) && ShortNames.isShort(reference)) {
      throw ShortNames.of(surroundings).refuse(reference);
    }
    return registry(parsed, options, surroundings, listener);
  }

  /** An image in a registry, or in a mirror that the administrator puts before it. */
  private static ImageStore registry(
      RegistryReference image,
      SourceOptions options,
      Surroundings surroundings,
      BuildListener listener)
      throws IOException {
    List<MirroredStore.Place> places = new ArrayList<>();
    for (RegistriesConf.PullSource source : RegistriesConf.of(surroundings).sources(image)) {
      Optional<String> waiver =
          options.tlsVerify().isPresent()
              ? options.tlsVerify().filter(verify -> !verify).map(no -> "--tls-verify=false")
              : source.insecureBy().map(Path::toString);
      places.add(() -> new RegistryStore(source.image(), waiver, options, surroundings, listener));
    }
    return places.size() == 1 ? places.get(0).open() : new MirroredStore(places, listener);
  }

  /**
   * A file or directory that a reference names.
   *
   * @param transport with its colon
   * @param selector what follows the path
   */
  private record Located(String transport, Path path, Optional<String> selector) {
    String name() {
      return transport + path;
    }

    /** The path, which nothing may follow. */
    Path whole() throws BuildException {
      if (selector.isPresent()) {
        throw new BuildException(
            name() + ":" + MessageText.oneLine(selector.get()) + ": no such directory",
            "name the directory alone, it holds one image");
      }
      return path;
    }
  }

  private static Located locate(String reference, String transport, String wanted)
      throws BuildException, ConfigException {
    String rest = reference.substring(transport.length());
    if (rest.isEmpty()) {
      throw new ConfigException(MessageText.quoted(reference), "names no path");
    }
    Split split;
    try {
      split = split(rest);
    } catch (InvalidPathException e) {
      throw new ConfigException(MessageText.quoted(reference), "is not a path");
    }
    Located located = new Located(transport, split.path(), split.selector());
    boolean directory = transport.equals(DIRECTORY) || transport.equals(PLAIN_DIRECTORY);
    if (directory ? !Files.isDirectory(located.path()) : !Files.isRegularFile(located.path())) {
      throw new BuildException(
          located.name()
              + (Files.exists(located.path()) ? ": not a " : ": no such ")
              + (directory ? "directory" : "file"),
          "name " + wanted);
    }
    return located;
  }

  /** Large temporary files belong where a disk is, which {@code /tmp} often is not. */
  private static Path spoolDirectory(Surroundings surroundings) {
    Optional<String> named = surroundings.variable("TMPDIR");
    Path large = Path.of("/var/tmp");
    return named.isPresent()
        ? Path.of(named.get())
        : Files.isWritable(large) ? large : Path.of(System.getProperty("java.io.tmpdir", "/tmp"));
  }

  /**
   * A path and what follows it.
   *
   * @param selector a tag, or {@code @} and a digest
   */
  record Split(Path path, Optional<String> selector) {}

  /** A path may have colons and so may a tag: the shortest path that is there wins. */
  static Split split(String text) {
    var byDigest = BY_DIGEST.matcher(text);
    if (byDigest.matches()) {
      return new Split(
          split(String.valueOf(byDigest.group(1))).path(), Optional.of(byDigest.group(2)));
    }
    if (Files.exists(Path.of(text))) {
      return new Split(Path.of(text), Optional.empty());
    }
    int first = text.indexOf(':');
    for (int colon = first; colon > 0; colon = text.indexOf(':', colon + 1)) {
      Path path = Path.of(text.substring(0, colon));
      if (Files.exists(path) && colon + 1 < text.length()) {
        return new Split(path, Optional.of(text.substring(colon + 1)));
      }
    }
    return first > 0
        ? new Split(Path.of(text.substring(0, first)), Optional.of(text.substring(first + 1)))
        : new Split(Path.of(text), Optional.empty());
  }
}
