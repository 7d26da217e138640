package org.bib.config;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import org.bib.disk.ByteSize;
import org.bib.layout.DiskCustomization;
import org.bib.layout.DiskLayout;
import org.bib.layout.FilesystemPayload;
import org.bib.layout.FilesystemType;
import org.bib.layout.LabelType;
import org.bib.layout.NoPayload;
import org.bib.layout.PartitionRequest;
import org.bib.layout.Payload;
import org.bib.layout.SwapPayload;

/**
 * {@code customizations.disk}, with the rules of the peer (osbuild, blueprint,
 * disk_customizations.go) and mostly its words.
 */
final class Disks {
  private static final String PREFIX = "invalid partitioning customizations: ";

  private final String file;
  private final Table disk;
  private final Optional<LabelType> label;
  private final Set<String> mountpoints = new HashSet<>();

  private Disks(String file, Table disk) {
    this.file = file;
    this.disk = disk;
    this.label = label(disk);
  }

  /**
   * Reads the table.
   *
   * @param file for messages
   */
  static DiskCustomization read(String file, Table disk) {
    return new Disks(file, disk).read();
  }

  private DiskCustomization read() {
    Optional<ByteSize> minimumSize = Sizes.read(disk, "minsize").filter(size -> size.bytes() > 0);
    ByteSize startOffset = Sizes.read(disk, "start_offset").orElse(new ByteSize(0));
    int sectorSize = sectorSize(disk);
    List<Table> tables = disk.tables("partitions");
    if (label.equals(Optional.of(LabelType.DOS)) && tables.size() > LabelType.DOS.maximum()) {
      disk.problem(
          "partitions",
          PREFIX
              + "\"dos\" partition table type only supports up to 4 partitions: got "
              + tables.size());
    }
    List<DiskCustomization.Partition> partitions = new ArrayList<>();
    for (Table table : tables) {
      partition(table).ifPresent(partitions::add);
    }
    disk.refuseUnknownKeys();
    return new DiskCustomization(
        file + ": " + disk.path(), label, minimumSize, startOffset, sectorSize, partitions);
  }

  private static Optional<LabelType> label(Table disk) {
    Optional<String> name = disk.text("type").filter(text -> !text.isEmpty());
    Optional<LabelType> label = name.flatMap(LabelType::named);
    if (name.isPresent() && label.isEmpty()) {
      disk.problem("type", "unknown partition table type: " + name.get() + " (valid: gpt, dos)");
    }
    return label;
  }

  /** The size of sectors, 512 bytes unless something else is named. */
  static int sectorSize(Table table) {
    OptionalLong size = table.integer("sector_size", 0, Long.MAX_VALUE);
    if (size.isEmpty() || size.getAsLong() == 0) {
      return DiskLayout.Alignment.DEFAULT.sectorSize();
    }
    if (Long.bitCount(size.getAsLong()) != 1) {
      table.problem(
          "sector_size", PREFIX + "sector_size must be a power of 2, got " + size.getAsLong());
    } else if (!DiskLayout.Alignment.isSectorSize(size.getAsLong())) {
      table.problem("sector_size", size.getAsLong() + " is not made; use 512 or 4096");
    } else {
      return Math.toIntExact(size.getAsLong());
    }
    return DiskLayout.Alignment.DEFAULT.sectorSize();
  }

  private Optional<DiskCustomization.Partition> partition(Table table) {
    String kind = table.text("type").filter(text -> !text.isEmpty()).orElse("plain");
    switch (kind) {
      case "plain" -> {}
      case "lvm" -> {
        table.problem("type", "LVM is not made by this version; use partitions of type \"plain\"");
        return Optional.empty();
      }
      case "btrfs" -> {
        table.problem(
            "type", "btrfs is not made by this version; use partitions of type \"plain\"");
        return Optional.empty();
      }
      default -> {
        table.problem("type", "unknown partition type: " + kind);
        return Optional.empty();
      }
    }
    Optional<ByteSize> size = Sizes.required(table, "minsize");
    Optional<String> type = type(table);
    Optional<UUID> guid = guid(table);
    String name = name(table);
    Optional<Payload> payload = payload(table);
    table.refuseUnknownKeys();
    return size.isEmpty() || payload.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new DiskCustomization.Partition(
                file + ": " + table.path(), type, guid, name, size.get(), payload.get()));
  }

  private Optional<String> type(Table table) {
    Optional<String> type = table.text("part_type").filter(text -> !text.isEmpty());
    if (type.isEmpty()) {
      return type;
    }
    String shown = type.get();
    String must;
    if (label.isPresent()) {
      if (label.get().isType(shown)) {
        return type.map(text -> text.toLowerCase(Locale.ROOT));
      }
      must = label.get() == LabelType.GPT ? "must be a valid UUID" : "must be a 2-digit hex number";
      table.problem(
          "part_type",
          "invalid partition part_type \""
              + shown
              + "\" for partition table type \""
              + label.get().labelName()
              + "\" ("
              + must
              + ")");
      return Optional.empty();
    }
    if (!LabelType.GPT.isType(shown) && !LabelType.DOS.isType(shown)) {
      table.problem(
          "part_type",
          "invalid part_type \""
              + shown
              + "\": must be a valid UUID for GPT partition tables or a 2-digit hex number for DOS"
              + " partition tables");
      return Optional.empty();
    }
    return type.map(text -> text.toLowerCase(Locale.ROOT));
  }

  private Optional<UUID> guid(Table table) {
    Optional<String> guid = table.text("part_uuid").filter(text -> !text.isEmpty());
    if (guid.isPresent() && label.equals(Optional.of(LabelType.DOS))) {
      table.problem("part_uuid", "part_uuid is not supported for dos partition tables");
      return Optional.empty();
    }
    if (guid.isPresent() && !LabelType.GPT.isIdentifier(guid.get())) {
      table.problem(
          "part_uuid", "invalid partition part_uuid \"" + guid.get() + "\" (must be a valid UUID)");
      return Optional.empty();
    }
    return guid.map(UUID::fromString);
  }

  private String name(Table table) {
    String name = table.text("part_label").orElse("");
    if (!name.isEmpty() && label.equals(Optional.of(LabelType.DOS))) {
      table.problem("part_label", "part_label is not supported for dos partition tables");
      return "";
    }
    Optional<String> problem = PartitionRequest.nameProblem(name);
    problem.ifPresent(text -> table.problem("part_label", text));
    return problem.isPresent() ? "" : name;
  }

  private Optional<Payload> payload(Table table) {
    String kind = table.text("fs_type").orElse("");
    if (kind.equals("none") || kind.equals("swap")) {
      String mountpoint = table.text("mountpoint").orElse("");
      if (!mountpoint.isEmpty()) {
        table.problem(
            "mountpoint",
            "mountpoint for " + kind + " partition must be empty (got \"" + mountpoint + "\")");
      }
      if (kind.equals("swap")) {
        String swapLabel = PartitionRules.swapLabel(table, SwapPayload.MAX_LABEL);
        return Optional.of(new SwapPayload(swapLabel, Optional.empty(), "defaults"));
      }
      table.text("label");
      return Optional.of(new NoPayload());
    }
    Optional<String> mountpoint = PartitionRules.mountpoint(table, mountpoints);
    Optional<FilesystemType> type =
        PartitionRules.filesystem(table, "fs_type", table.text("mountpoint").orElse(""));
    String fsLabel = PartitionRules.label(table, type);
    return mountpoint.isPresent() && type.isPresent()
        ? Optional.of(new FilesystemPayload(type.get(), mountpoint.get(), fsLabel))
        : Optional.empty();
  }
}
