package org.bib.oci;

import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bib.failure.ConfigException;

/**
 * An image as a signature policy sees it.
 *
 * @param display how messages call it
 * @param transport whose section of the policy is looked into
 * @param scopes that the policy may have for it, most specific first
 * @param isScoped whether {@code scopes} are all there are; if not, a policy that has scopes for
 *     the transport cannot be judged by
 * @param name of the image in a registry, if it has one
 */
record PolicySubject(
    String display,
    String transport,
    List<String> scopes,
    boolean isScoped,
    Optional<NamedReference> name) {
  PolicySubject {
    scopes = List.copyOf(scopes);
  }

  /** Transports of containers/image, and of other tools, whose images go by their paths. */
  private static final List<String> PATHS = List.of("oci", "oci-archive", "dir");

  /** Transports whose scopes, if they have any, need more than the reference to be told. */
  private static final Pattern OTHERS =
      Pattern.compile(
          "(docker-archive|docker-daemon|containers-storage|podman|ostree|sif|tarball|https?|file)"
              + ":.*",
          Pattern.DOTALL);

  /**
   * The image that a reference names.
   *
   * @throws ConfigException if it is none
   */
  static PolicySubject of(String reference) throws ConfigException {
    for (String transport : PATHS) {
      if (reference.startsWith(transport + ":")) {
        try {
          ImageSources.Split split =
              ImageSources.split(reference.substring(transport.length() + 1));
          return of(reference, transport, split.path(), split.selector());
        } catch (InvalidPathException e) {
          throw new ConfigException(MessageText.quoted(reference), "is not a path");
        }
      }
    }
    Matcher other = OTHERS.matcher(reference);
    if (other.matches()) {
      // Podman's images are those of its storage, whichever way they are got at.
      String transport = String.valueOf(other.group(1));
      return of(reference, transport.equals("podman") ? "containers-storage" : transport);
    }
    return of(
        RegistryReference.parse(
            reference.startsWith("docker://")
                ? reference.substring("docker://".length())
                : reference));
  }

  /** An image in a registry. */
  static PolicySubject of(RegistryReference image) {
    NamedReference name = NamedReference.of(image);
    return new PolicySubject(image.toString(), "docker", name.scopes(), true, Optional.of(name));
  }

  /**
   * An image in a directory or file: it is called by its path without symbolic links, with and
   * without the tag, and by each directory above.
   *
   * @param display the reference
   * @param transport such as {@code oci}
   */
  private static PolicySubject of(
      String display, String transport, Path path, Optional<String> selector) {
    Path real;
    try {
      real = path.toRealPath();
    } catch (IOException e) {
      real = path.toAbsolutePath().normalize(); // That it is not there is told by its reader.
    }
    List<String> scopes = new ArrayList<>();
    if (selector.isPresent()) {
      scopes.add(real + ":" + selector.get());
    }
    for (Path at = real; at != null && at.getNameCount() > 0; at = at.getParent()) {
      scopes.add(at.toString());
    }
    return new PolicySubject(display, transport, scopes, true, Optional.empty());
  }

  /** An image of a transport whose scopes are not known here. */
  private static PolicySubject of(String display, String transport) {
    return new PolicySubject(display, transport, List.of(), false, Optional.empty());
  }
}
