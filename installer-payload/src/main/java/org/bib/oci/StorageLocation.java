package org.bib.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bib.failure.BuildException;
import org.bib.failure.ConfigException;
import org.bib.oci.JsonObject.MalformedException;

/**
 * Where podman, buildah and skopeo keep images (containers-storage.conf(5), containers/storage
 * types/options.go).
 *
 * @param roots the graph root, then stores of images that are only read
 * @param driver how layers are unpacked, if anybody says
 * @param rootless whether it is the store of an ordinary user
 */
record StorageLocation(List<Path> roots, Optional<String> driver, boolean rootless) {
  private static final Path SYSTEM = Path.of("/etc/containers/storage.conf");
  private static final Path VENDOR = Path.of("/usr/share/containers/storage.conf");
  private static final Path ROOT = Path.of("/var/lib/containers/storage");
  private static final int MAX_CONFIGURATION = 1 << 20;

  StorageLocation {
    roots = List.copyOf(roots);
  }

  /** Where the user's own engine keeps them. */
  static StorageLocation of(Surroundings surroundings) throws IOException, ConfigException {
    boolean rootless = isRootless(surroundings);
    Optional<Path> named = surroundings.variable("CONTAINERS_STORAGE_CONF").map(Path::of);
    Path user =
        surroundings
            .variable("XDG_CONFIG_HOME")
            .map(Path::of)
            .orElse(surroundings.home().resolve(".config"))
            .resolve("containers/storage.conf");
    Path system = Files.exists(SYSTEM) ? SYSTEM : VENDOR;
    boolean own = named.isPresent() || !rootless || Files.exists(user);
    Path file = named.orElse(own && rootless ? user : system);
    try {
      JsonObject storage = storage(file, named.isPresent());
      // The graph root of the system's file is that of root.
      Optional<String> graphRoot = storage.text(own ? "graphroot" : "rootless_storage_path");
      Path root =
          graphRoot.isPresent()
              ? expanded(graphRoot.get(), surroundings)
              : rootless
                  ? surroundings
                      .variable("XDG_DATA_HOME")
                      .map(Path::of)
                      .orElse(surroundings.home().resolve(".local/share"))
                      .resolve("containers/storage")
                  : ROOT;
      List<Path> roots = new ArrayList<>(List.of(root));
      storage.text("imagestore").ifPresent(text -> roots.add(expanded(text, surroundings)));
      Optional<JsonObject> options = storage.object("options");
      if (options.isPresent()) {
        for (String store : options.get().texts("additionalimagestores")) {
          roots.add(expanded(store, surroundings));
        }
      }
      Optional<String> driver = surroundings.variable("STORAGE_DRIVER");
      return new StorageLocation(
          roots, driver.isPresent() ? driver : storage.text("driver"), rootless);
    } catch (MalformedException e) {
      throw new ConfigException(
          file.toString(), MessageText.oneLine(String.valueOf(e.getMessage())));
    }
  }

  /**
   * Reads what stands in brackets before a name (containers-transports(5)): {@code
   * [driver@graphroot+runroot:options]}, where all but the graph root may be left out.
   *
   * @throws ConfigException if it names no graph root
   */
  static StorageLocation parse(String specifier, Surroundings surroundings)
      throws IOException, ConfigException {
    int at = specifier.indexOf('@');
    String root = specifier.substring(at + 1).split("[+:]", 2)[0];
    if (at < 0 && !root.startsWith("/")) {
      StorageLocation usual = of(surroundings);
      return new StorageLocation(usual.roots(), Optional.of(specifier), usual.rootless());
    }
    if (!root.startsWith("/")) {
      throw new ConfigException(
          MessageText.quoted("[" + specifier + "]"),
          "names no absolute path; write [overlay@/PATH]");
    }
    Optional<String> driver = at > 0 ? Optional.of(specifier.substring(0, at)) : Optional.empty();
    return new StorageLocation(List.of(Path.of(root)), driver, isRootless(surroundings));
  }

  /** As {@code podman unshare} tells its children, else by the user that this process has. */
  private static boolean isRootless(Surroundings surroundings) throws IOException {
    Optional<String> before = surroundings.variable("_CONTAINERS_ROOTLESS_UID");
    return before.isPresent()
        ? !before.get().equals("0")
        : !Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
  }

  private static JsonObject storage(Path file, boolean required)
      throws IOException, MalformedException {
    if (!required && !Files.exists(file)) {
      return JsonObject.parse(new byte[] {'{', '}'});
    }
    byte[] bytes;
    try (var in = Files.newInputStream(file)) {
      bytes = in.readNBytes(MAX_CONFIGURATION);
    } catch (IOException e) {
      throw new BuildException(
          file + ": cannot be read: " + e.getMessage(),
          "name the store itself, as in containers-storage:[overlay@/PATH]NAME",
          e);
    }
    Optional<JsonObject> storage = JsonObject.parseToml(bytes).object("storage");
    return storage.isPresent() ? storage.get() : JsonObject.parse(new byte[] {'{', '}'});
  }

  private static Path expanded(String path, Surroundings surroundings) {
    String home = surroundings.home().toString();
    return Path.of(
        path.replace("$HOME", home)
            .replace("$USER", surroundings.variable("USER").orElse(""))
            .replace("$UID", surroundings.variable("UID").orElseGet(StorageLocation::uid)));
  }

  private static String uid() {
    try {
      return String.valueOf(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    } catch (IOException e) {
      return "";
    }
  }
}
