package org.bib.units;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bib.disk.Content;
import org.bib.failure.ConfigException;
import org.bib.secrets.SystemTree;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;

/** Enables, disables and masks units by links in {@code /etc/systemd/system}. */
public final class UnitLinks {
  /** The keys of [Install] and the directories of links that they are for. */
  private static final Map<String, String> DIRECTORIES =
      new TreeMap<>(
          Map.of("WantedBy", ".wants", "RequiredBy", ".requires", "UpheldBy", ".upholds"));

  private static final Pattern LINK_DIRECTORY = Pattern.compile(".+\\.(wants|requires|upholds)");
  private static final Pattern SPECIFIER = Pattern.compile("%.");
  private static final Pattern UNKNOWN_SPECIFIER = Pattern.compile("%[^ijnNp%]|%$");

  /** Before those of distributions: of presets, the first that matches counts. */
  private static final String PRESET = "/etc/systemd/system-preset/00-bib.preset";

  private final SystemTree system;
  private final UnitFiles units;
  private final Set<String> enabled = new TreeSet<>();
  private final Set<String> disabled = new TreeSet<>();
  private final List<String> warnings = new ArrayList<>();

  /**
   * Links of a system.
   *
   * @param system where they are made and removed
   */
  public UnitLinks(SystemTree system) {
    this.system = system;
    this.units = new UnitFiles(system);
  }

  /**
   * The full name of a unit; without a type it is a service.
   *
   * @return empty if it is no name of a unit
   */
  public static Optional<String> fullName(String name) {
    return UnitName.of(name).or(() -> UnitName.of(name + ".service")).map(UnitName::text);
  }

  /** What the image cannot honour, so far. */
  public List<String> warnings() {
    return List.copyOf(warnings);
  }

  /**
   * Enables a unit and those that it names in {@code Also=}.
   *
   * @param where key of the configuration, for messages
   * @throws ConfigException if the image has no such unit, or it cannot be enabled
   */
  public void enable(String name, String where) throws ConfigException, IOException {
    Set<String> seen = new TreeSet<>();
    Deque<String> pending = new ArrayDeque<>(List.of(name));
    while (!pending.isEmpty()) {
      String next = pending.removeFirst();
      if (!seen.add(next)) {
        continue;
      }
      Optional<UnitFiles.Unit> unit = find(next);
      if (unit.isEmpty() && next.equals(name)) {
        throw new ConfigException(
            where,
            "the image has no unit \""
                + name
                + "\"; add it to the image or to customizations.files");
      }
      if (unit.isPresent()) {
        enable(unit.get(), next.equals(name), where);
        pending.addAll(also(unit.get(), where));
      }
    }
  }

  private Optional<UnitFiles.Unit> find(String name) throws ConfigException, IOException {
    Optional<UnitName> unit = UnitName.of(name);
    return unit.isEmpty() ? Optional.empty() : units.find(unit.get());
  }

  private List<String> also(UnitFiles.Unit unit, String where) throws ConfigException {
    List<String> also = new ArrayList<>();
    for (String name : unit.install().list("Also")) {
      also.add(expand(name, unit.name(), where));
    }
    return also;
  }

  private void enable(UnitFiles.Unit unit, boolean asked, String where) throws ConfigException {
    UnitName name = unit.name();
    if (unit.masked()) {
      throw new ConfigException(
          where, "unit \"" + name.text() + "\" is masked in the image; unmask it there");
    }
    if (unit.install().isEmpty()) {
      if (asked) {
        warnings.add(
            where
                + ": unit \""
                + name.text()
                + "\" of the image has no [Install] section, so nothing starts it but other units");
      }
      return;
    }
    for (String alias : unit.install().list("Alias")) {
      link(alias(expand(alias, name, where), name, where), unit.path());
    }
    UnitName wanted = name;
    if (name.isTemplate() && unit.install().defaultInstance().isPresent()) {
      wanted =
          name.withInstance(expand(unit.install().defaultInstance().orElseThrow(), name, where));
    }
    for (Map.Entry<String, String> kind : DIRECTORIES.entrySet()) {
      for (String target : unit.install().list(kind.getKey())) {
        Optional<UnitName> by = UnitName.of(expand(target, name, where));
        if (by.isEmpty()) {
          throw new ConfigException(
              where,
              "unit \"" + name.text() + "\" of the image is " + kind.getKey() + " what is no unit");
        }
        if (wanted.isTemplate() && !by.get().isTemplate()) {
          throw new ConfigException(
              where,
              "unit \""
                  + name.text()
                  + "\" is a template; name an instance, such as "
                  + name.withInstance("x").text());
        }
        link(by.get().text() + kind.getValue() + "/" + wanted.text(), unit.path());
      }
    }
    enabled.add(wanted.text());
  }

  /** The path of an alias below the directory of links; it has to be of the unit's type. */
  private static String alias(String alias, UnitName unit, String where) throws ConfigException {
    String[] parts = alias.split("/", -1);
    Optional<UnitName> name = UnitName.of(parts[parts.length - 1]);
    if (name.isEmpty()
        || !name.get().type().equals(unit.type())
        || parts.length > 2
        || (parts.length == 2 && !LINK_DIRECTORY.matcher(parts[0]).matches())
        || (parts.length == 1
            && name.get().instance().isPresent() != unit.instance().isPresent())) {
      throw new ConfigException(
          where, "unit \"" + unit.text() + "\" of the image has an alias that it cannot have");
    }
    return parts.length == 1 && unit.isInstance() && name.get().isTemplate()
        ? name.get().withInstance(unit.instance().orElseThrow()).text()
        : alias;
  }

  /** Specifiers that do not need the running system (systemd.unit, "Specifiers"). */
  private static String expand(String text, UnitName unit, String where) throws ConfigException {
    if (UNKNOWN_SPECIFIER.matcher(text.replace("%%", "")).find()) {
      throw new ConfigException(
          where,
          "unit \""
              + unit.text()
              + "\" of the image has \""
              + text
              + "\" in its [Install] section, which only the running system knows; enable it in the"
              + " image");
    }
    return SPECIFIER
        .matcher(text)
        .replaceAll(found -> Matcher.quoteReplacement(meaning(found.group(), unit)));
  }

  private static String meaning(String specifier, UnitName unit) {
    return switch (specifier) {
      case "%i", "%j" -> unit.instance().orElse("");
      case "%n" -> unit.text();
      case "%N" -> unit.text().substring(0, unit.text().lastIndexOf('.'));
      case "%p" -> unit.prefix();
      default -> "%";
    };
  }

  private void link(String path, String target) throws ConfigException {
    SystemTree.Place place = system.resolveParent(UnitFiles.CONFIG + "/" + path);
    if (place.path().equals(target)) {
      return; // an alias that is the unit's own name
    }
    if (place.node() != null && !(place.node() instanceof SymlinkNode)) {
      throw new ConfigException(
          place.path(), "is no symbolic link in the image, so the unit cannot be enabled");
    }
    system.put(place, new SymlinkNode(system.metadata(0777, 0, 0), target));
  }

  /**
   * Disables a unit and those that it names in {@code Also=}: removes all links to them.
   *
   * @param where key of the configuration, for messages
   */
  public void disable(String name, String where) throws ConfigException, IOException {
    Set<String> names = new TreeSet<>();
    Deque<String> pending = new ArrayDeque<>(List.of(name));
    while (!pending.isEmpty()) {
      String next = pending.removeFirst();
      if (!names.add(next)) {
        continue;
      }
      Optional<UnitFiles.Unit> unit = find(next);
      if (unit.isPresent()) {
        names.add(unit.get().name().text());
        pending.addAll(also(unit.get(), where));
      } else if (next.equals(name)) {
        warnings.add(where + ": the image has no unit \"" + name + "\"");
      }
    }
    while (removeLinks(UnitFiles.CONFIG, names)) {} // a removed alias may have had links to it
    disabled.addAll(names);
    for (String directory : UnitFiles.VENDOR) {
      tellVendorLinks(directory, name, where);
    }
  }

  /**
   * Removes links that are or lead to one of {@code names}.
   *
   * @return whether that made more names to remove
   */
  private boolean removeLinks(String directory, Set<String> names) throws ConfigException {
    if (!(system.resolve(directory).node() instanceof DirectoryNode found)) {
      return false;
    }
    boolean more = false;
    // Entries of a TreeMap change when others are removed from it.
    for (Map.Entry<String, Node> entry : new TreeMap<>(found.children()).entrySet()) {
      String path = directory + "/" + entry.getKey();
      if (entry.getValue() instanceof DirectoryNode links
          && LINK_DIRECTORY.matcher(entry.getKey()).matches()) {
        more |= removeLinks(path, names);
        if (links.children().isEmpty()) {
          system.remove(system.resolveParent(path));
        }
      } else if (entry.getValue() instanceof SymlinkNode link
          && !link.target().equals("/dev/null")
          && (names.contains(entry.getKey())
              || names.contains(link.target().substring(link.target().lastIndexOf('/') + 1)))) {
        system.remove(system.resolveParent(path));
        more |= names.add(entry.getKey());
      }
    }
    return more;
  }

  /** Tells of links of the vendor, which only masking overrules. */
  private void tellVendorLinks(String directory, String name, String where) throws ConfigException {
    if (!(system.resolve(directory).node() instanceof DirectoryNode found)) {
      return;
    }
    for (Map.Entry<String, Node> entry : found.children().entrySet()) {
      if (LINK_DIRECTORY.matcher(entry.getKey()).matches()
          && entry.getValue() instanceof DirectoryNode links
          && links.child(name) != null) {
        warnings.add(
            where
                + ": unit \""
                + name
                + "\" is started all the same, by "
                + directory
                + "/"
                + entry.getKey()
                + " of the image; mask it");
        return;
      }
    }
  }

  /**
   * Masks a unit: it cannot be started.
   *
   * @param where key of the configuration, for messages
   * @throws ConfigException if its file is where the link would be
   */
  public void mask(String name, String where) throws ConfigException, IOException {
    if (find(name).isEmpty()) {
      warnings.add(where + ": the image has no unit \"" + name + "\"");
    }
    SystemTree.Place place = system.resolveParent(UnitFiles.CONFIG + "/" + name);
    if (place.node() != null && !(place.node() instanceof SymlinkNode)) {
      throw new ConfigException(
          where, place.path() + " of the image is a file, which cannot be masked; disable it");
    }
    system.put(place, new SymlinkNode(system.metadata(0777, 0, 0), "/dev/null"));
  }

  /**
   * Writes what was enabled and disabled as a preset, too: a system that boots for the first time
   * applies presets, and those of distributions may end in {@code disable *} (systemd.preset).
   */
  public void writePreset() throws ConfigException {
    if (enabled.isEmpty() && disabled.isEmpty()) {
      return;
    }
    Map<String, Set<String>> instances = new LinkedHashMap<>();
    for (String name : enabled) {
      UnitName unit = UnitName.of(name).orElseThrow();
      String rule = unit.isInstance() ? unit.template().text() : name;
      Set<String> list = instances.computeIfAbsent(rule, unused -> new TreeSet<>());
      unit.instance().filter(text -> !text.isEmpty()).ifPresent(list::add);
    }
    StringBuilder text =
        new StringBuilder("# What the configuration of this disk says of units, for presets.\n");
    disabled.forEach(name -> text.append("disable ").append(name).append('\n'));
    instances.forEach(
        (rule, list) -> {
          text.append("enable ").append(rule);
          list.forEach(instance -> text.append(' ').append(instance));
          text.append('\n');
        });
    system.put(
        system.resolveParent(PRESET),
        new FileNode(
            system.metadata(0644, 0, 0),
            Content.of(text.toString().getBytes(StandardCharsets.UTF_8))));
  }
}
