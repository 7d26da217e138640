package org.bib.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.bib.build.BuildSpec;
import org.bib.disk.ByteSize;

/** {@code customizations.filesystem}: minimum sizes by mount point. */
final class Filesystems {
  /** Links into {@code /var} or their targets, which cannot be mount points. */
  private static final List<String> DENIED =
      List.of(
          "/var/home",
          "/var/lock",
          "/var/mail",
          "/var/mnt",
          "/var/roothome",
          "/var/run",
          "/var/srv",
          "/var/usrlocal");

  private Filesystems() {}

  static List<BuildSpec.Filesystem> read(List<Table> tables, Problems problems) {
    List<BuildSpec.Filesystem> filesystems = new ArrayList<>();
    for (Table table : tables) {
      Optional<String> mountpoint = mountpoint(table);
      Optional<ByteSize> size = size(table);
      table.refuse("type", "use --rootfs");
      table.refuse("label", "the type of image decides it");
      table.refuseUnknownKeys();
      if (mountpoint.isPresent() && size.isPresent()) {
        filesystems.add(new BuildSpec.Filesystem(mountpoint.get(), size.get()));
      }
    }
    Blueprint.refuseRepetition(
        filesystems.stream().map(BuildSpec.Filesystem::mountpoint).toList(),
        "customizations.filesystem",
        problems);
    return filesystems;
  }

  private static Optional<String> mountpoint(Table table) {
    Optional<String> mountpoint = table.required("mountpoint");
    if (mountpoint.isEmpty()) {
      return mountpoint;
    }
    String path = mountpoint.get();
    if (!CanonicalPath.isCanonical(path)) {
      table.problem("mountpoint", CanonicalPath.problem(path));
      return Optional.empty();
    }
    boolean allowed = path.equals("/") || path.equals("/boot") || path.startsWith("/var/");
    if (!allowed || DENIED.stream().anyMatch(denied -> CanonicalPath.isWithin(path, denied))) {
      table.problem(
          "mountpoint",
          "\""
              + path
              + "\" is not allowed; use /, /boot or a directory of its own below /var, such as"
              + " /var/data");
      return Optional.empty();
    }
    return mountpoint;
  }

  private static Optional<ByteSize> size(Table table) {
    if (table.has("size") && table.has("minsize")) {
      table.problem("minsize", "and size cannot both be set: size is an alias of minsize");
      return Optional.empty();
    }
    String key = table.has("size") ? "size" : "minsize";
    if (!table.has(key)) {
      table.problem("minsize", "is missing");
      return Optional.empty();
    }
    Optional<ByteSize> size = table.isText(key) ? written(table, key) : counted(table, key);
    if (size.isPresent() && size.get().bytes() == 0) {
      table.problem(key, "must be greater than 0");
      return Optional.empty();
    }
    return size;
  }

  private static Optional<ByteSize> written(Table table, String key) {
    Optional<String> text = table.text(key);
    try {
      return text.map(ByteSize::parse);
    } catch (IllegalArgumentException e) {
      table.problem(key, String.valueOf(e.getMessage()));
      return Optional.empty();
    }
  }

  private static Optional<ByteSize> counted(Table table, String key) {
    OptionalLong bytes = table.integer(key, 0, Long.MAX_VALUE);
    return bytes.isPresent() ? Optional.of(new ByteSize(bytes.getAsLong())) : Optional.empty();
  }
}
