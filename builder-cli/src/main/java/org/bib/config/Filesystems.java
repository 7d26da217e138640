package org.bib.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bib.disk.ByteSize;
import org.bib.layout.DiskLayout;

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

  static List<DiskLayout.MinimumSize> read(List<Table> tables, Problems problems) {
    List<DiskLayout.MinimumSize> filesystems = new ArrayList<>();
    for (Table table : tables) {
      Optional<String> mountpoint = mountpoint(table);
      Optional<ByteSize> size = size(table);
      table.refuse("type", "use --rootfs");
      table.refuse("label", "the type of image decides it");
      table.refuseUnknownKeys();
      if (mountpoint.isPresent() && size.isPresent()) {
        filesystems.add(new DiskLayout.MinimumSize(mountpoint.get(), size.get()));
      }
    }
    Blueprint.refuseRepetition(
        filesystems.stream().map(DiskLayout.MinimumSize::mountpoint).toList(),
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
    return Sizes.required(table, key);
  }
}
