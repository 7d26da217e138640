package org.bib.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bib.build.BuildSpec;
import org.bib.failure.ConfigException;
import org.bib.layout.DiskCustomization;
import org.bib.layout.DiskLayout;
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
    Configuration configuration = readRoot(file, new Table("", document, problems), problems);
    problems.throwIfAny();
    return configuration;
  }

  private static Configuration readRoot(String file, Table root, Problems problems) {
    root.text("name");
    root.text("description");
    root.text("version");
    BUILD_KEYS.forEach(key -> root.refuse(key, CONTAINER));
    root.refuse("arch", "use --target-arch");
    root.refuse("architecture", "use --target-arch");
    Table customizations =
        root.table("customizations").orElseGet(() -> root.empty("customizations"));
    root.refuseUnknownKeys();
    return readCustomizations(file, customizations, problems);
  }

  private static Configuration readCustomizations(String file, Table table, Problems problems) {
    CONTAINER_KEYS.forEach(key -> table.refuse(key, CONTAINER));
    table.refuse("partitioning_mode", "use customizations.filesystem or customizations.disk");
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
    BuildSpec.Partitioning partitioning = partitioning(file, table, problems);
    table.refuseUnknownKeys();
    return Configuration.of(customizations, partitioning, kernel);
  }

  private static BuildSpec.Partitioning partitioning(
      String file, Table customizations, Problems problems) {
    List<DiskLayout.MinimumSize> filesystems =
        Filesystems.read(customizations.tables("filesystem"), problems);
    Optional<DiskCustomization> disk =
        customizations.table("disk").map(table -> Disks.read(file, table));
    if (customizations.has("filesystem") && customizations.has("disk")) {
      customizations.problem("disk", "cannot combine disk and filesystem customizations");
    }
    return filesystems.isEmpty() && disk.isEmpty()
        ? BuildSpec.Partitioning.NONE
        : new BuildSpec.Partitioning(file + ": customizations.filesystem", filesystems, disk);
  }

  /**
   * Reads what a blueprint in an image says of partitions. Other keys that the format knows do not
   * count there.
   */
  static BuildSpec.Partitioning readPartitioning(String file, Map<?, ?> document)
      throws ConfigException {
    Problems problems = new Problems(file);
    Table root = new Table("", document, problems);
    root.ignore(BUILD_KEYS);
    root.ignore(List.of("name", "description", "version", "arch", "architecture"));
    Table customizations =
        root.table("customizations").orElseGet(() -> root.empty("customizations"));
    root.refuseUnknownKeys();
    customizations.ignore(CONTAINER_KEYS);
    customizations.ignore(
        List.of(
            "user",
            "group",
            "files",
            "directories",
            "hostname",
            "kernel",
            "bootloader",
            "ignition",
            "installer",
            "iso",
            "installation_device",
            "partitioning_mode"));
    BuildSpec.Partitioning partitioning = partitioning(file, customizations, problems);
    customizations.refuseUnknownKeys();
    problems.throwIfAny();
    return partitioning;
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
