package org.bib.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bib.build.BuildSpec;
import org.bib.failure.ConfigException;
import org.bib.secrets.Customizations;

/** The blueprint format: which keys there are, and which of them bib does. */
final class Blueprint {
  private static final String CONTAINER = "put it in the container";
  private static final String INSTALLER = "it is for installers, which this version does not make";
  private static final String LATER = "this version cannot do it";

  /** Keys of the blueprint's top level that concern building an operating system. */
  private static final List<String> BUILD_KEYS =
      List.of("packages", "modules", "enabled_modules", "groups", "containers", "distro");

  /** Keys of {@code customizations} that are the container's business. */
  private static final List<String> CONTAINER_KEYS =
      List.of(
          "timezone",
          "locale",
          "firewall",
          "services",
          "openscap",
          "repositories",
          "cacerts",
          "rpm",
          "rhsm",
          "fdo",
          "sshkey",
          "sshd",
          "dnf",
          "firstboot",
          "containers-storage",
          "fips");

  private Blueprint() {}

  static Configuration read(String file, Map<?, ?> document) throws ConfigException {
    Problems problems = new Problems(file);
    Configuration configuration = readRoot(new Table("", document, problems), problems);
    problems.throwIfAny();
    return configuration;
  }

  private static Configuration readRoot(Table root, Problems problems) {
    root.text("name");
    root.text("description");
    root.text("version");
    BUILD_KEYS.forEach(key -> root.refuse(key, CONTAINER));
    root.refuse("arch", "use --target-arch");
    root.refuse("architecture", "use --target-arch");
    Table customizations =
        root.table("customizations").orElseGet(() -> new Table("", Map.of(), problems));
    root.refuseUnknownKeys();
    return readCustomizations(customizations, problems);
  }

  private static Configuration readCustomizations(Table table, Problems problems) {
    CONTAINER_KEYS.forEach(key -> table.refuse(key, CONTAINER));
    table.refuse("disk", "use customizations.filesystem and --disk-size");
    table.refuse("partitioning_mode", "use customizations.filesystem and --disk-size");
    List.of("bootloader", "ignition").forEach(key -> table.refuse(key, LATER));
    List.of("installer", "iso", "installation_device").forEach(key -> table.refuse(key, INSTALLER));
    List<String> kernel = table.table("kernel").map(Blueprint::kernel).orElse(List.of());
    Customizations customizations =
        new Customizations(
            Accounts.users(table.tables("user"), problems),
            Accounts.groups(table.tables("group"), problems),
            Places.files(table.tables("files"), problems),
            Places.directories(table.tables("directories"), problems),
            Accounts.hostname(table));
    Places.refuseDuplicates(customizations, problems);
    List<BuildSpec.Filesystem> filesystems = Filesystems.read(table.tables("filesystem"), problems);
    table.refuseUnknownKeys();
    return Configuration.of(customizations, filesystems, kernel);
  }

  private static List<String> kernel(Table table) {
    List<String> append = new ArrayList<>();
    table
        .text("append")
        .filter(text -> !text.isBlank())
        .ifPresent(
            text -> {
              if (text.chars().anyMatch(Character::isISOControl)) {
                table.problem("append", "must be one line");
              }
              append.add(text);
            });
    table.refuse("name", CONTAINER);
    table.refuseUnknownKeys();
    return append;
  }

  /** Notes names that occur twice. */
  static void refuseRepetition(List<String> names, String keyPath, Problems problems) {
    Map<String, Integer> count = new LinkedHashMap<>();
    names.forEach(name -> count.merge(name, 1, Integer::sum));
    count.forEach(
        (name, times) -> {
          if (times > 1) {
            problems.add(keyPath, "\"" + name + "\" is there " + times + " times");
          }
        });
  }
}
