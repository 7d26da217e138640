package org.bib.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.bib.failure.ConfigException;
import org.bib.oci.JsonObject.MalformedException;

/**
 * Names without a registry. Engines look them up in aliases and search lists
 * (containers-registries.conf(5)) that differ from machine to machine, so bib takes none from a
 * registry, but tells what they may stand for.
 */
final class ShortNames {
  private static final int MAX_FILE = 4 << 20;

  /** Where bootable base images are, which nobody's aliases know as yet. */
  private static final Map<String, String> KNOWN =
      Map.of(
          "fedora-bootc", "quay.io/fedora/fedora-bootc",
          "centos-bootc", "quay.io/centos-bootc/centos-bootc",
          "rhel-bootc", "registry.redhat.io/rhel10/rhel-bootc");

  private final Map<String, String> aliases = new TreeMap<>();
  private final Set<String> searched = new LinkedHashSet<>();

  private ShortNames() {}

  /** What this machine and user have configured; files that cannot be read do not count. */
  static ShortNames of(Surroundings surroundings) {
    ShortNames names = new ShortNames();
    Path home = surroundings.home();
    Path user =
        surroundings
            .variable("XDG_CONFIG_HOME")
            .map(Path::of)
            .orElse(home.resolve(".config"))
            .resolve("containers");
    Path cache =
        surroundings
            .variable("XDG_CACHE_HOME")
            .map(Path::of)
            .orElse(home.resolve(".cache"))
            .resolve("containers");
    Optional<Path> named = surroundings.variable("CONTAINERS_REGISTRIES_CONF").map(Path::of);
    if (named.isPresent()) {
      names.read(named.get());
    } else {
      for (Path directory :
          List.of(
              Path.of("/usr/share/containers"), surroundings.etc().resolve("containers"), user)) {
        names.read(directory.resolve("registries.conf"));
        names.readAll(directory.resolve("registries.conf.d"));
      }
    }
    names.read(cache.resolve("short-name-aliases.conf"));
    return names;
  }

  private void readAll(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      files.filter(file -> file.toString().endsWith(".conf")).sorted().forEach(this::read);
    } catch (IOException e) {
      // Then nothing is configured there.
    }
  }

  /** A later file outweighs an earlier one. */
  private void read(Path file) {
    try (var in = Files.newInputStream(file)) {
      JsonObject configuration = JsonObject.parseToml(in.readNBytes(MAX_FILE));
      aliases.putAll(configuration.textMap("aliases"));
      List<String> search = configuration.texts("unqualified-search-registries");
      if (!search.isEmpty()) {
        searched.clear();
        searched.addAll(search);
      }
    } catch (IOException | MalformedException e) {
      // What it should say is not needed to build an image that is named in full.
    }
  }

  /**
   * Whether a name has no registry: engines take what stands before the first slash for one if it
   * has a dot or a port, or is {@code localhost} (distribution/reference, normalize.go).
   */
  static boolean isShort(String name) {
    int slash = name.indexOf('/');
    String first = slash < 0 ? "" : name.substring(0, slash);
    return !(first.contains(".") || first.contains(":") || first.equals("localhost"));
  }

  /** Full names that aliases and search lists make of a short one, best first. */
  List<String> configured(String name) {
    Set<String> names = new LinkedHashSet<>();
    int end = endOfRepository(name);
    String alias = aliases.get(name.substring(0, end));
    if (alias != null) {
      names.add(alias + name.substring(end));
    }
    searched.forEach(registry -> names.add(registry + "/" + name));
    return List.copyOf(names);
  }

  /** The error for a short name where a full one is needed. */
  ConfigException refuse(String name) {
    Set<String> likely = new LinkedHashSet<>(configured(name));
    int end = endOfRepository(name);
    String repository = name.substring(0, end);
    boolean single = !repository.contains("/");
    String known = KNOWN.get(repository);
    if (known != null) {
      likely.add(known + name.substring(end));
    }
    likely.add("docker.io/" + (single ? "library/" : "") + name);
    if (!single) {
      likely.add("quay.io/" + name);
    }
    likely.add("localhost/" + name);
    List<String> lines = new ArrayList<>();
    likely.forEach(full -> lines.add(MessageText.oneLine(full)));
    return new ConfigException(
        MessageText.quoted(name),
        "names no registry; write it in full, such as "
            + String.join(", ", lines)
            + "; or containers-storage:"
            + MessageText.oneLine(name)
            + " for podman's store");
  }

  /** Where tag or digest begin. */
  private static int endOfRepository(String name) {
    int at = name.indexOf('@');
    int end = at < 0 ? name.length() : at;
    int colon = name.lastIndexOf(':', end - 1);
    return colon > name.lastIndexOf('/', end - 1) ? colon : end;
  }
}
