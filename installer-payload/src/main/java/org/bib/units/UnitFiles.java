package org.bib.units;

import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.bib.failure.ConfigException;
import org.bib.secrets.SystemTree;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.SymlinkNode;

/** The unit files of a system, found as its systemd will (systemd.unit, "Unit File Load Path"). */
final class UnitFiles {
  /** Where an administrator's units and all links are. */
  static final String CONFIG = "/etc/systemd/system";

  /** In the order of precedence; what is in memory only, and generated, is not there. */
  static final List<String> DIRECTORIES =
      List.of(
          CONFIG,
          "/usr/local/lib/systemd/system",
          "/usr/lib/systemd/system",
          "/lib/systemd/system");

  /** Those of packages. */
  static final List<String> VENDOR =
      List.of("/usr/local/lib/systemd/system", "/usr/lib/systemd/system");

  private static final int MAX_ALIASES = 8;

  private final SystemTree system;

  UnitFiles(SystemTree system) {
    this.system = system;
  }

  /**
   * A unit.
   *
   * @param name its own, whatever alias it was found by
   * @param path of its file, where links to it lead
   * @param masked whether it cannot be started
   */
  record Unit(UnitName name, String path, boolean masked, InstallSection install) {}

  /** The unit of that name or alias; for an instance, what its template says. */
  Optional<Unit> find(UnitName name) throws ConfigException, IOException {
    UnitName current = name;
    for (int i = 0; i < MAX_ALIASES; i++) {
      Optional<String> path = path(current);
      if (path.isEmpty()) {
        return Optional.empty();
      }
      SystemTree.Place place = system.resolveParent(path.get());
      if (!(place.node() instanceof SymlinkNode link)) {
        boolean empty = place.node() instanceof FileNode file && file.content().size() == 0;
        return Optional.of(new Unit(current, path.get(), empty, install(current, path.get())));
      }
      if (link.target().equals("/dev/null")) {
        return Optional.of(new Unit(current, path.get(), true, new InstallSection()));
      }
      String directory = path.get().substring(0, path.get().lastIndexOf('/'));
      SystemTree.Place target =
          system.resolve(
              link.target().startsWith("/") ? link.target() : directory + "/" + link.target());
      if (!(target.node() instanceof FileNode)) {
        return Optional.empty();
      }
      String base = link.target().substring(link.target().lastIndexOf('/') + 1);
      Optional<UnitName> next = UnitName.of(base);
      if (next.isEmpty() || (next.get().equals(current) || path(next.get()).isEmpty())) {
        // A file elsewhere, linked by systemctl link.
        return Optional.of(
            new Unit(current, target.path(), false, install(current, target.path())));
      }
      current =
          next.get().isTemplate() && current.isInstance()
              ? next.get().withInstance(current.instance().orElseThrow())
              : next.get();
    }
    return Optional.empty();
  }

  /** The file that counts for a name: its own, else for an instance that of its template. */
  private Optional<String> path(UnitName name) throws ConfigException {
    for (UnitName candidate : name.isInstance() ? List.of(name, name.template()) : List.of(name)) {
      for (String directory : DIRECTORIES) {
        String path = directory + "/" + candidate.text();
        if (system.resolveParent(path).node() != null) {
          return Optional.of(path);
        }
      }
    }
    return Optional.empty();
  }

  private InstallSection install(UnitName name, String path) throws ConfigException, IOException {
    InstallSection install = new InstallSection();
    install.read(system.readText(path).orElse(""));
    for (String dropIn : dropIns(name)) {
      install.read(system.readText(dropIn).orElse(""));
    }
    return install;
  }

  /** Drop-ins in the order of their names; one of a directory of precedence replaces others. */
  private Collection<String> dropIns(UnitName name) throws ConfigException {
    Map<String, String> paths = new TreeMap<>();
    for (UnitName owner : name.isInstance() ? List.of(name, name.template()) : List.of(name)) {
      for (String directory : DIRECTORIES) {
        String path = directory + "/" + owner.text() + ".d";
        if (system.resolve(path).node() instanceof DirectoryNode found) {
          found.children().keySet().stream()
              .filter(file -> file.endsWith(".conf"))
              .forEach(file -> paths.putIfAbsent(file, path + "/" + file));
        }
      }
    }
    return paths.values();
  }
}
