package org.bib.oci;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.bib.failure.BuildException;
import org.bib.failure.ConfigException;
import org.bib.oci.JsonObject.MalformedException;

/**
 * Where images really lie, as the administrator says: containers-registries.conf(5) with its
 * drop-ins. Keys that are of no use for a full name (search registries, aliases, helpers) are not
 * read.
 */
final class RegistriesConf {
  private static final String REMEDY = "correct the file, see containers-registries.conf(5)";

  private final List<Registry> registries;

  /**
   * A table {@code [[registry]]}.
   *
   * @param prefix of names it is about
   * @param file that has it
   */
  private record Registry(
      String prefix, Endpoint endpoint, boolean blocked, List<Endpoint> mirrors, Path file) {}

  /**
   * Where images with the prefix of a registry may lie.
   *
   * @param location that takes the place of the prefix; empty to leave names alone
   * @param pull what it is good for
   */
  private record Endpoint(String location, boolean insecure, PullFrom pull) {}

  /** Values of {@code pull-from-mirror}. */
  private enum PullFrom {
    ALL,
    DIGEST_ONLY,
    TAG_ONLY;

    boolean allows(RegistryReference image) {
      return switch (this) {
        case ALL -> true;
        case DIGEST_ONLY -> image.digest().isPresent();
        case TAG_ONLY -> image.digest().isEmpty();
      };
    }
  }

  /**
   * A place to pull an image from.
   *
   * @param image as it is called there
   * @param insecureBy the file that allows plain http and certificates that nobody vouches for
   */
  record PullSource(RegistryReference image, Optional<Path> insecureBy) {}

  private RegistriesConf(List<Registry> registries) {
    this.registries = List.copyOf(registries);
  }

  /**
   * Reads the user's file, else the system's, and the drop-ins that go with it.
   *
   * @throws BuildException if one of them cannot be understood
   */
  static RegistriesConf of(Surroundings surroundings) throws BuildException {
    Path users = surroundings.home().resolve(".config/containers");
    Path systems = surroundings.etc().resolve("containers");
    Optional<Path> named = surroundings.variable("CONTAINERS_REGISTRIES_CONF").map(Path::of);
    boolean usersAlone = named.isEmpty() && Files.exists(users.resolve("registries.conf"));
    Path main = named.orElse((usersAlone ? users : systems).resolve("registries.conf"));
    List<Path> files = new ArrayList<>();
    if (named.isPresent() || Files.exists(main)) {
      files.add(main);
    }
    if (!usersAlone) {
      files.addAll(dropIns(systems.resolve("registries.conf.d")));
    }
    files.addAll(dropIns(users.resolve("registries.conf.d")));
    Map<String, Registry> byPrefix = new LinkedHashMap<>();
    for (Path file : files) {
      for (Registry registry : read(file)) {
        byPrefix.put(registry.prefix(), registry);
      }
    }
    return new RegistriesConf(List.copyOf(byPrefix.values()));
  }

  private static List<Path> dropIns(Path directory) throws BuildException {
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, "*.conf")) {
      entries.forEach(files::add);
    } catch (NoSuchFileException | NotDirectoryException e) {
      return List.of();
    } catch (IOException e) {
      throw new BuildException(directory + ": cannot be read", "check its permissions", e);
    }
    files.sort(null);
    return files;
  }

  private static List<Registry> read(Path file) throws BuildException {
    try {
      return registries(JsonObject.parseToml(Files.readAllBytes(file)), file);
    } catch (MalformedException e) {
      throw new BuildException(
          file + ": " + MessageText.oneLine(String.valueOf(e.getMessage())), REMEDY, e);
    } catch (IOException e) {
      throw new BuildException(
          file + (Files.exists(file) ? ": cannot be read" : ": no such file"),
          "check the path and its permissions",
          e);
    }
  }

  private static List<Registry> registries(JsonObject toml, Path file) throws MalformedException {
    List<Registry> registries = new ArrayList<>();
    for (JsonObject table : toml.objects("registry")) {
      registries.add(registry(table, file));
    }
    // Version 1 of the format: lists of what is insecure and what is blocked.
    Optional<JsonObject> old = toml.object("registries");
    if (old.isPresent()) {
      Set<String> insecure = new TreeSet<>(listed(old.get(), "insecure"));
      Set<String> blocked = new TreeSet<>(listed(old.get(), "block"));
      for (String prefix : insecure) {
        registries.add(
            new Registry(
                prefix,
                new Endpoint(prefix, true, PullFrom.ALL),
                blocked.contains(prefix),
                List.of(),
                file));
      }
      for (String prefix : blocked) {
        if (!insecure.contains(prefix)) {
          registries.add(
              new Registry(
                  prefix, new Endpoint(prefix, false, PullFrom.ALL), true, List.of(), file));
        }
      }
    }
    return registries;
  }

  private static List<String> listed(JsonObject old, String name) throws MalformedException {
    Optional<JsonObject> table = old.object(name);
    List<String> locations = new ArrayList<>();
    for (String text : table.isPresent() ? table.get().texts("registries") : List.<String>of()) {
      locations.add(location(text));
    }
    return locations;
  }

  private static Registry registry(JsonObject table, Path file) throws MalformedException {
    String location = location(table.text("location").orElse(""));
    String prefix = location(table.text("prefix").orElse(location));
    if (prefix.isEmpty()) {
      throw new MalformedException("a [[registry]] has neither prefix nor location");
    }
    if (location.isEmpty() && !prefix.startsWith("*.")) {
      throw new MalformedException(
          "the registry " + MessageText.quoted(prefix) + " has no location");
    }
    String host = prefix.startsWith("*.") ? prefix.substring(2) : prefix;
    if (host.contains("*") || (prefix.startsWith("*.") && host.contains("/"))) {
      throw new MalformedException(
          "the prefix " + MessageText.quoted(prefix) + " has a wildcard that is not \"*.host\"");
    }
    boolean digestOnly = table.flag("mirror-by-digest-only").orElse(false);
    List<Endpoint> mirrors = new ArrayList<>();
    for (JsonObject mirror : table.objects("mirror")) {
      String at = location(mirror.text("location").orElse(""));
      if (at.isEmpty()) {
        throw new MalformedException(
            "a mirror of " + MessageText.quoted(prefix) + " has no location");
      }
      Optional<String> pull = mirror.text("pull-from-mirror");
      if (pull.isPresent() && digestOnly) {
        throw new MalformedException(
            "the registry "
                + MessageText.quoted(prefix)
                + " has both mirror-by-digest-only and pull-from-mirror");
      }
      mirrors.add(
          new Endpoint(
              at,
              mirror.flag("insecure").orElse(false),
              digestOnly ? PullFrom.DIGEST_ONLY : pullFrom(pull.orElse("all"))));
    }
    return new Registry(
        prefix,
        new Endpoint(location, table.flag("insecure").orElse(false), PullFrom.ALL),
        table.flag("blocked").orElse(false),
        List.copyOf(mirrors),
        file);
  }

  private static PullFrom pullFrom(String text) throws MalformedException {
    return switch (text) {
      case "all" -> PullFrom.ALL;
      case "digest-only" -> PullFrom.DIGEST_ONLY;
      case "tag-only" -> PullFrom.TAG_ONLY;
      default ->
          throw new MalformedException(
              "pull-from-mirror "
                  + MessageText.quoted(text)
                  + " is not all, digest-only or tag-only");
    };
  }

  private static String location(String text) throws MalformedException {
    if (text.startsWith("http://") || text.startsWith("https://")) {
      throw new MalformedException(
          MessageText.quoted(text) + " is a URL where a registry without \"https://\" belongs");
    }
    return text.replaceAll("/+$", "");
  }

  /**
   * Where to pull an image from: the mirrors in order, then the registry itself.
   *
   * @throws BuildException if it is blocked, or a location makes no name of it
   */
  List<PullSource> sources(RegistryReference image) throws BuildException {
    String name = image.toString().substring("docker://".length());
    Optional<Registry> found = Optional.empty();
    for (Registry registry : registries) {
      if (matched(name, registry.prefix()) >= 0
          && registry.prefix().length() > found.map(r -> r.prefix().length()).orElse(0)) {
        found = Optional.of(registry);
      }
    }
    if (found.isEmpty()) {
      return List.of(new PullSource(image, Optional.empty()));
    }
    Registry registry = found.get();
    if (registry.blocked()) {
      throw new BuildException(
          image + ": " + registry.prefix() + " is blocked in " + registry.file(),
          "use another registry, or change that file");
    }
    List<PullSource> sources = new ArrayList<>();
    for (Endpoint mirror : registry.mirrors()) {
      if (mirror.pull().allows(image)) {
        sources.add(source(image, name, registry, mirror));
      }
    }
    sources.add(source(image, name, registry, registry.endpoint()));
    return sources;
  }

  private static PullSource source(
      RegistryReference image, String name, Registry registry, Endpoint endpoint)
      throws BuildException {
    Optional<Path> insecureBy =
        endpoint.insecure() ? Optional.of(registry.file()) : Optional.empty();
    if (endpoint.location().isEmpty()) {
      return new PullSource(image, insecureBy);
    }
    String moved = endpoint.location() + name.substring(matched(name, registry.prefix()));
    try {
      return new PullSource(RegistryReference.parse(moved), insecureBy);
    } catch (ConfigException e) {
      throw new BuildException(
          registry.file() + ": makes " + MessageText.quoted(moved) + " of " + image, REMEDY, e);
    }
  }

  /** How much of a name a prefix covers, or -1 if it covers none. */
  private static int matched(String name, String prefix) {
    int end;
    if (prefix.startsWith("*.")) {
      String domain = prefix.substring(1);
      int slash = name.indexOf('/');
      int at = name.indexOf(domain);
      if (at <= 0 || at > slash) {
        return -1;
      }
      end = at + domain.length();
    } else if (name.startsWith(prefix)) {
      end = prefix.length();
    } else {
      return -1;
    }
    return end == name.length() || ":/@".indexOf(name.charAt(end)) >= 0 ? end : -1;
  }
}
