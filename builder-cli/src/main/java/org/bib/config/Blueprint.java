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
import org.bib.settings.SystemSettings;

/** The blueprint format: which keys there are, and which of them bib does. */
final class Blueprint {
  private static final String CONTAINER = "put it in the container";
  private static final String INSTALLER =
      "it is for installers; on a disk, sudo without password is customizations.sudo-nopasswd";

  /** Keys of the blueprint's top level that concern building an operating system. */
  private static final List<String> BUILD_KEYS =
      List.of("packages", "modules", "enabled_modules", "groups", "containers", "distro");

  /** Keys of {@code customizations} that have an effect on a disk, apart from partitions. */
  private static final List<String> HONOURED_KEYS =
      List.of(
          "user",
          "group",
          "sshkey",
          "sudo-nopasswd",
          "files",
          "directories",
          "hostname",
          "kernel",
          "timezone",
          "locale",
          "services",
          "cacerts",
          "fips",
          "pull_secret",
          "pull_secret_file",
          "pull_secret_env",
          "bootloader",
          "ignition");

  /** Keys of {@code customizations} that only installers look at. */
  private static final List<String> INSTALLER_KEYS =
      List.of("installer", "iso", "installation_device");

  /** Keys of {@code customizations} that are the container's business. */
  private static final List<String> CONTAINER_KEYS =
      List.of(
          "firewall",
          "openscap",
          "repositories",
          "rpm",
          "rhsm",
          "fdo",
          "sshd",
          "dnf",
          "firstboot",
          "containers-storage");

  private Blueprint() {}

  static Configuration read(String file, Map<?, ?> document, References references)
      throws ConfigException {
    Problems problems = new Problems(file);
    Configuration configuration =
        readRoot(file, new Table("", document, problems), references, problems);
    problems.throwIfAny();
    return configuration;
  }

  private static Configuration readRoot(
      String file, Table root, References references, Problems problems) {
    root.text("name");
    root.text("description");
    root.text("version");
    BUILD_KEYS.forEach(key -> root.unsupported(key, CONTAINER));
    root.unsupported("arch", "use --target-arch");
    root.unsupported("architecture", "use --target-arch");
    Table customizations =
        root.table("customizations").orElseGet(() -> root.empty("customizations"));
    root.refuseUnknownKeys();
    return readCustomizations(file, customizations, references, problems);
  }

  private static Configuration readCustomizations(
      String file, Table table, References references, Problems problems) {
    CONTAINER_KEYS.forEach(key -> table.unsupported(key, CONTAINER));
    table.unsupported("partitioning_mode", "use customizations.filesystem or customizations.disk");
    INSTALLER_KEYS.forEach(key -> table.unsupported(key, INSTALLER));
    List<String> kernel = table.table("kernel").map(Blueprint::kernel).orElse(List.of());
    Customizations customizations =
        new Customizations(
            Accounts.withKeys(
                Accounts.users(table.tables("user"), references, problems),
                table.tables("sshkey"),
                references),
            Accounts.groups(table.tables("group"), problems),
            Places.files(table.tables("files"), references, problems),
            Places.directories(table.tables("directories"), problems),
            Accounts.hostname(table),
            Accounts.sudoers(table));
    Places.refuseDuplicates(customizations, problems);
    SystemSettings settings = Settings.read(table, references);
    BuildSpec.Partitioning partitioning = partitioning(file, table, problems);
    table.refuseUnknownKeys();
    return Configuration.of(customizations, settings, partitioning, kernel, problems.warnings());
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
    customizations.ignore(HONOURED_KEYS);
    customizations.ignore(INSTALLER_KEYS);
    customizations.ignore(List.of("partitioning_mode"));
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
    if (!table.text("name").orElse("kernel").equals("kernel")) {
      table.unsupported("name", CONTAINER);
    }
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
