package org.bib.oci;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bib.failure.BuildException;
import org.bib.failure.ConfigException;

/** Finds an image of a store by what a user calls it, as podman does (libimage, runtime.go). */
final class StoredNames {
  private static final Pattern ID = Pattern.compile("(?:.*@|sha256:)?([0-9a-f]{64})");
  private static final Pattern SHORT_ID = Pattern.compile("[0-9a-f]{3,63}");

  private final List<StoredImage> images;
  private final ShortNames shortNames;

  /**
   * An image and the name it was found by.
   *
   * @param name in full, empty if it was not found by name and has none
   */
  record Match(StoredImage image, Optional<String> name) {}

  StoredNames(List<StoredImage> images, ShortNames shortNames) {
    this.images = List.copyOf(images);
    this.shortNames = shortNames;
  }

  /**
   * The image: by ID, by full name, or by a short name that fits one image only.
   *
   * @throws ConfigException if {@code typed} is neither
   * @throws BuildException if it fits several
   */
  Optional<Match> find(String typed) throws ConfigException, BuildException {
    Optional<Match> byId = byId(typed);
    if (byId.isPresent()) {
      return byId;
    }
    RegistryReference wanted = RegistryReference.parse(typed);
    if (!ShortNames.isShort(typed)) {
      return byName(wanted);
    }
    List<String> fullNames = new ArrayList<>(List.of("localhost/" + typed));
    fullNames.addAll(shortNames.configured(typed));
    fullNames.add(wanted.toString().substring("docker://".length()));
    for (String fullName : fullNames) {
      Optional<Match> match = byName(RegistryReference.parse(fullName));
      if (match.isPresent()) {
        return match;
      }
    }
    return byEnd(typed, wanted);
  }

  private Optional<Match> byId(String typed) {
    Matcher full = ID.matcher(typed);
    String start =
        full.matches()
            ? String.valueOf(full.group(1))
            : SHORT_ID.matcher(typed).matches() ? typed : "";
    if (start.isEmpty()) {
      return Optional.empty();
    }
    List<StoredImage> found =
        images.stream().filter(image -> image.id().startsWith(start)).toList();
    // Digits may be a name, too: then it is not for sure an ID.
    return found.size() == 1
        ? Optional.of(new Match(found.get(0), found.get(0).names().stream().findFirst()))
        : Optional.empty();
  }

  private Optional<Match> byName(RegistryReference wanted) {
    for (StoredImage image : images) {
      for (String name : image.names()) {
        if (isSame(name, wanted, image)) {
          return Optional.of(new Match(image, Optional.of(name)));
        }
      }
    }
    return Optional.empty();
  }

  private static boolean isSame(String name, RegistryReference wanted, StoredImage image) {
    RegistryReference named;
    try {
      named = RegistryReference.parse(name);
    } catch (ConfigException e) {
      return false;
    }
    boolean sameRepository =
        named.registry().equals(wanted.registry())
            && named.repository().equals(wanted.repository());
    // A digest outweighs a tag beside it.
    return sameRepository
        && (wanted.digest().isPresent()
            ? image.digests().contains(wanted.digest().get().toString())
            : named.tag().equals(wanted.tag()));
  }

  /** By the end of its name, whatever the registry. */
  private Optional<Match> byEnd(String typed, RegistryReference wanted) throws BuildException {
    if (wanted.tag().isEmpty()) {
      return Optional.empty();
    }
    String last = typed.substring(typed.lastIndexOf('/') + 1);
    String end = "/" + typed + (last.contains(":") ? "" : ":" + wanted.tag().get());
    List<Match> found = new ArrayList<>();
    for (StoredImage image : images) {
      image.names().stream()
          .filter(name -> name.endsWith(end))
          .findFirst()
          .ifPresent(name -> found.add(new Match(image, Optional.of(name))));
    }
    if (found.size() > 1) {
      throw new BuildException(
          MessageText.quoted(typed)
              + " may be "
              + MessageText.list(
                  "any of", found.stream().flatMap(match -> match.name().stream()).toList()),
          "write one of them in full");
    }
    return found.stream().findFirst();
  }
}
