package org.bib.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bib.layout.FilesystemType;

/** What holds for every partition, whichever file asks for it; most words are the peer's. */
final class PartitionRules {
  /** Filesystems that the peer makes on a plain partition, and those of them that bib makes. */
  private static final List<String> PLAIN = List.of("ext4", "vfat", "xfs");

  private PartitionRules() {}

  /**
   * The mount point in {@code table}, noted in {@code taken}.
   *
   * @param taken mount points of other partitions
   */
  static Optional<String> mountpoint(Table table, Set<String> taken) {
    String path = table.text("mountpoint").orElse("");
    Optional<String> problem = problem(path, taken);
    problem.ifPresent(text -> table.problem("mountpoint", text));
    if (problem.isPresent()) {
      return Optional.empty();
    }
    taken.add(path);
    return Optional.of(path);
  }

  private static Optional<String> problem(String path, Set<String> taken) {
    if (path.isEmpty()) {
      return Optional.of("mountpoint is empty");
    }
    if (!path.startsWith("/")) {
      return Optional.of("mountpoint \"" + path + "\" is not an absolute path");
    }
    // They would end lines and begin escapes in the files that tell of mounts.
    if (path.chars().anyMatch(c -> Character.isISOControl(c) || c == '\\')) {
      return Optional.of("mountpoint has control characters or backslashes");
    }
    if (!CanonicalPath.isCanonical(path)) {
      return Optional.of(
          "mountpoint \""
              + path
              + "\" is not a canonical path (did you mean \""
              + Path.of(path).normalize()
              + "\"?)");
    }
    return taken.contains(path)
        ? Optional.of("duplicate mountpoint \"" + path + "\" in partitioning customizations")
        : Optional.empty();
  }

  /**
   * The filesystem that {@code key} names.
   *
   * @param mountpoint empty if there is none
   */
  static Optional<FilesystemType> filesystem(Table table, String key, String mountpoint) {
    String name = table.text(key).orElse("");
    if (!PLAIN.contains(name) && !name.equals("btrfs")) {
      table.problem(
          key,
          "unknown or invalid filesystem type (fs_type) for mountpoint \""
              + mountpoint
              + "\": "
              + name);
      return Optional.empty();
    }
    boolean wrongBoot = mountpoint.equals("/boot") && !List.of("xfs", "ext4").contains(name);
    boolean wrongEsp = mountpoint.equals("/boot/efi") && !name.equals("vfat");
    if (wrongBoot || wrongEsp || (mountpoint.equals("/") && name.equals("vfat"))) {
      table.problem(key, "unsupported filesystem type for \"" + mountpoint + "\": " + name);
      return Optional.empty();
    }
    Optional<FilesystemType> type = FilesystemType.named(name);
    if (type.isEmpty()) {
      table.problem(key, name + " is not made by this version; use ext4");
    }
    return type;
  }

  /** The label of a filesystem. */
  static String label(Table table, Optional<FilesystemType> type) {
    String label = table.text("label").orElse("");
    type.flatMap(known -> known.labelProblem(label))
        .ifPresent(problem -> table.problem("label", problem));
    return label;
  }

  /** The label of a swap area of at most {@code maximum} bytes. */
  static String swapLabel(Table table, int maximum) {
    String label = table.text("label").orElse("");
    if (label.length() > maximum || label.chars().anyMatch(c -> c < ' ' || c > '~')) {
      table.problem("label", "takes up to " + maximum + " ASCII characters for swap");
      return "";
    }
    return label;
  }
}
