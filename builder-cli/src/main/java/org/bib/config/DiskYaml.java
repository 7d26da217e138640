package org.bib.config;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import org.bib.build.EmbeddedFormats;
import org.bib.disk.ByteSize;
import org.bib.failure.ConfigException;
import org.bib.layout.DiskCustomization;
import org.bib.layout.DiskLayout;
import org.bib.layout.DiskPlan;
import org.bib.layout.FilePayload;
import org.bib.layout.FilesystemPayload;
import org.bib.layout.FilesystemType;
import org.bib.layout.LabelType;
import org.bib.layout.NoPayload;
import org.bib.layout.PartitionRequest;
import org.bib.layout.PartitionRole;
import org.bib.layout.Payload;
import org.bib.layout.SwapPayload;
import org.bib.mount.MountConfiguration;

/**
 * A {@code disk.yaml} of an image (osbuild, pkg/disk and the chapter "Sources of Configuration").
 * The partitions are read when they are asked for: a customization may replace them.
 */
final class DiskYaml implements EmbeddedFormats.DiskDescription {
  private static final long MAX_GRAIN = 1L << 30;

  private final String file;
  private final Map<?, ?> document;
  private final Optional<MountConfiguration> mounting;

  private DiskYaml(String file, Map<?, ?> document, Optional<MountConfiguration> mounting) {
    this.file = file;
    this.document = document;
    this.mounting = mounting;
  }

  /**
   * Reads what concerns the file as a whole.
   *
   * @param file for messages
   * @throws ConfigException with all that is wrong with it
   */
  static DiskYaml read(String file, Map<?, ?> document) throws ConfigException {
    Problems problems = new Problems(file);
    Table root = new Table("", document, problems);
    Optional<String> name = root.text("mount_configuration");
    Optional<MountConfiguration> mounting = name.flatMap(MountConfiguration::named);
    if (name.isPresent() && mounting.isEmpty()) {
      root.problem(
          "mount_configuration",
          "\"" + name.get() + "\" is none of " + String.join(", ", MountConfiguration.names()));
    }
    root.table("partition_table");
    root.refuseUnknownKeys();
    problems.throwIfAny();
    return new DiskYaml(file, document, mounting);
  }

  @Override
  public Optional<MountConfiguration> mounting() {
    return mounting;
  }

  @Override
  public Optional<DiskCustomization.Base> base() {
    return table(new Problems(file))
        .map(
            table -> {
              LabelType label = table.text("type").flatMap(LabelType::named).orElse(LabelType.GPT);
              return new DiskCustomization.Base(
                  label, espSize(table).orElse(DiskCustomization.Base.STANDARD.espSize()));
            });
  }

  /** The size of the ESP, of which whoever replaces the partitions gets one. */
  private static Optional<ByteSize> espSize(Table table) {
    for (Table partition : table.tables("partitions")) {
      Optional<String> mountpoint =
          partition.table("payload").flatMap(payload -> payload.text("mountpoint"));
      if (mountpoint.equals(Optional.of("/boot/efi"))) {
        return Sizes.read(partition, "size").filter(size -> size.bytes() > 0);
      }
    }
    return Optional.empty();
  }

  private Optional<Table> table(Problems problems) {
    return new Table("", document, problems).table("partition_table");
  }

  @Override
  public Optional<DiskLayout> layout() throws ConfigException {
    Problems problems = new Problems(file);
    Optional<Table> table = table(problems);
    if (table.isEmpty()) {
      return Optional.empty();
    }
    Optional<DiskLayout> layout = new Reader(file, table.get()).read();
    problems.throwIfAny();
    if (layout.isEmpty()) {
      throw new IllegalStateException("no layout and no problem");
    }
    return layout;
  }

  /** Reads a partition table, noting all that is wrong with it. */
  private static final class Reader {
    private final String file;
    private final Table table;
    private final LabelType label;
    private final boolean hasLabel;
    private final Set<String> mountpoints = new HashSet<>();

    Reader(String file, Table table) {
      this.file = file;
      this.table = table;
      Optional<String> name = table.required("type");
      Optional<LabelType> named = name.flatMap(LabelType::named);
      if (name.isPresent() && named.isEmpty()) {
        table.problem("type", "unknown partition table type: " + name.get() + " (valid: gpt, dos)");
      }
      this.label = named.orElse(LabelType.GPT);
      this.hasLabel = named.isPresent();
    }

    Optional<DiskLayout> read() {
      Optional<ByteSize> size = Sizes.read(table, "size").filter(bytes -> bytes.bytes() > 0);
      Optional<String> identifier = table.text("uuid").filter(text -> !text.isEmpty());
      if (hasLabel && identifier.isPresent() && !label.isIdentifier(identifier.get())) {
        table.problem("uuid", "\"" + identifier.get() + "\" identifies no " + label.labelName());
      }
      DiskLayout.Alignment alignment = alignment();
      boolean growRoot = growRoot();
      List<PartitionRequest> partitions = partitions();
      table.refuseUnknownKeys();
      if (table.hasProblems()) {
        return Optional.empty();
      }
      return Optional.of(
          new DiskLayout(
              file + ": " + table.path(),
              label,
              identifier.map(text -> text.toLowerCase(Locale.ROOT)),
              alignment,
              new DiskLayout.Sizing(
                  size.orElse(DiskLayout.Sizing.DEFAULT.leastDisk()), new ByteSize(0), growRoot),
              partitions));
    }

    private DiskLayout.Alignment alignment() {
      ByteSize start = Sizes.read(table, "start_offset").orElse(new ByteSize(0));
      boolean absolute = table.flag("absolute_start_offset");
      long grain =
          Sizes.read(table, "grain_size")
              .map(ByteSize::bytes)
              .filter(bytes -> bytes > 0)
              .orElse(DiskPlan.GRAIN);
      if (grain % DiskPlan.GRAIN != 0 || grain > MAX_GRAIN) {
        table.problem("grain_size", "must be a multiple of 1 MiB, at most 1 GiB");
        grain = DiskPlan.GRAIN;
      }
      ByteSize padding = Sizes.read(table, "extra_padding").orElse(new ByteSize(0));
      return new DiskLayout.Alignment(Disks.sectorSize(table), grain, start, !absolute, padding);
    }

    private boolean growRoot() {
      Optional<Table> policy = table.table("policy");
      if (policy.isEmpty()) {
        return true;
      }
      policy.get().flag("ensure_xbootldr"); // counts for LVM and btrfs only
      boolean grow = policy.get().truth("grow_root_to_fill_disk").orElse(true);
      policy.get().refuseUnknownKeys();
      return grow;
    }

    private List<PartitionRequest> partitions() {
      List<PartitionRequest> partitions = new ArrayList<>();
      List<Table> tables = table.tables("partitions");
      for (Table partition : tables) {
        partition(partition).ifPresent(partitions::add);
        partition.refuseUnknownKeys();
      }
      if (!table.hasProblems()
          && partitions.stream().noneMatch(found -> found.role() == PartitionRole.ROOT)) {
        table.problem("partitions", "none has a filesystem with the mountpoint \"/\"");
      }
      if (tables.size() > label.maximum()) {
        table.problem(
            "partitions",
            "\""
                + label.labelName()
                + "\" partition table type only supports up to "
                + label.maximum()
                + " partitions: got "
                + tables.size());
      }
      return partitions;
    }

    private Optional<PartitionRequest> partition(Table partition) {
      partition.refuse("start", "positions follow from sizes");
      Optional<String> type = type(partition);
      Optional<UUID> guid = guid(partition);
      String name = name(partition);
      boolean bootable = partition.flag("bootable");
      long attributes = attributes(partition);
      ByteSize size = Sizes.read(partition, "size").orElse(new ByteSize(0));
      Optional<Payload> payload = payload(partition);
      if (payload.isEmpty()) {
        return Optional.empty();
      }
      if (size.bytes() == 0 && needsSize(payload.get())) {
        partition.problem("size", "is missing");
        return Optional.empty();
      }
      PartitionRole role = payload.get().role(type.orElse(""));
      boolean gpt = label == LabelType.GPT;
      return Optional.of(
          new PartitionRequest(
              type.orElseGet(() -> label.typeOf(role)),
              guid,
              name,
              gpt && bootable ? attributes | DiskPlan.LEGACY_BIOS_BOOTABLE : attributes,
              !gpt && bootable,
              size,
              payload.get()));
    }

    private static boolean needsSize(Payload payload) {
      return payload instanceof NoPayload
          || payload instanceof SwapPayload
          || (payload instanceof FilesystemPayload filesystem
              && filesystem.type() == FilesystemType.VFAT);
    }

    private Optional<String> type(Table partition) {
      Optional<String> type = partition.textOrInteger("type").filter(text -> !text.isEmpty());
      if (type.isPresent() && !label.isType(type.get())) {
        partition.problem(
            "type",
            "\""
                + type.get()
                + "\" is no partition type for \""
                + label.labelName()
                + "\" (must be "
                + (label == LabelType.GPT
                    ? "a valid UUID)"
                    : "a 2-digit hex number other than 00)"));
        return Optional.empty();
      }
      return type.map(text -> text.toLowerCase(Locale.ROOT));
    }

    private Optional<UUID> guid(Table partition) {
      Optional<String> guid = partition.text("uuid").filter(text -> !text.isEmpty());
      if (guid.isPresent() && label == LabelType.DOS) {
        partition.problem("uuid", "is not supported for dos partition tables");
        return Optional.empty();
      }
      if (guid.isPresent() && !LabelType.GPT.isIdentifier(guid.get())) {
        partition.problem("uuid", "\"" + guid.get() + "\" must be a valid UUID");
        return Optional.empty();
      }
      return guid.map(UUID::fromString);
    }

    private String name(Table partition) {
      String name = partition.text("label").orElse("");
      if (!name.isEmpty() && label == LabelType.DOS) {
        partition.problem("label", "is not supported for dos partition tables");
        return "";
      }
      Optional<String> problem = PartitionRequest.nameProblem(name);
      problem.ifPresent(text -> partition.problem("label", text));
      return problem.isPresent() ? "" : name;
    }

    private long attributes(Table partition) {
      long attributes = 0;
      for (long bit : partition.integers("attrs", 0, Long.SIZE - 1)) {
        if ((DiskPlan.ATTRIBUTES >>> bit & 1) == 0) {
          partition.problem("attrs", "bit " + bit + " is reserved; use 0 to 2 and 48 to 63");
        } else {
          attributes |= 1L << bit;
        }
      }
      if (attributes != 0 && label == LabelType.DOS) {
        partition.problem("attrs", "is not supported for dos partition tables");
      }
      return attributes;
    }

    private Optional<Payload> payload(Table partition) {
      String kind = partition.text("payload_type").orElse("");
      Optional<Table> payload = partition.table("payload");
      if (kind.isEmpty()) {
        if (payload.isPresent()) {
          partition.problem("payload", "empty payload type but there is a payload");
        }
        return payload.isPresent() ? Optional.empty() : Optional.of(new NoPayload());
      }
      Table fields = payload.orElseGet(() -> partition.empty("payload"));
      switch (kind) {
        case "filesystem" -> {
          Optional<Payload> filesystem = filesystem(fields);
          fields.refuseUnknownKeys();
          return filesystem;
        }
        case "swap" -> {
          Optional<Payload> swap = swap(fields);
          fields.refuseUnknownKeys();
          return swap;
        }
        case "raw" -> {
          Optional<Payload> raw =
              fields
                  .required("source_path")
                  .map(path -> new FilePayload(path, file + ": " + fields.path() + ".source_path"));
          fields.refuseUnknownKeys();
          return raw;
        }
        case "luks", "lvm", "btrfs" ->
            partition.problem(
                "payload_type", kind + " is not made by this version; use filesystem, swap or raw");
        default -> partition.problem("payload_type", "unknown payload type \"" + kind + "\"");
      }
      return Optional.empty();
    }

    private Optional<Payload> filesystem(Table fields) {
      String given = fields.text("mountpoint").orElse("");
      Optional<String> mountpoint =
          given.isEmpty() ? Optional.of("") : PartitionRules.mountpoint(fields, mountpoints);
      Optional<FilesystemType> type = PartitionRules.filesystem(fields, "type", given);
      String fsLabel = PartitionRules.label(fields, type);
      Optional<String> identifier = fields.text("uuid").filter(text -> !text.isEmpty());
      if (type.isPresent()
          && identifier.isPresent()
          && !type.get().isIdentifier(identifier.get())) {
        fields.problem(
            "uuid", "\"" + identifier.get() + "\" identifies no " + type.get().typeName());
      }
      FilesystemPayload.Mounting mounting =
          new FilesystemPayload.Mounting(
              options(fields),
              fields.integer("fstab_freq", 0, Integer.MAX_VALUE).orElse(0),
              fields.integer("fstab_passno", 0, Integer.MAX_VALUE).orElse(0));
      Optional<FilesystemPayload.Geometry> geometry = mkfsOptions(fields, type);
      return mountpoint.isPresent() && type.isPresent()
          ? Optional.of(
              new FilesystemPayload(
                  type.get(), mountpoint.get(), fsLabel, identifier, mounting, geometry))
          : Optional.empty();
    }

    private static String options(Table fields) {
      String options =
          fields.text("fstab_options").filter(text -> !text.isEmpty()).orElse("defaults");
      if (options.chars().anyMatch(c -> c <= ' ' || c == '\\' || c == 0x7F)) {
        fields.problem("fstab_options", "has blanks, backslashes or control characters");
      }
      return options;
    }

    private static Optional<FilesystemPayload.Geometry> mkfsOptions(
        Table fields, Optional<FilesystemType> type) {
      Optional<Table> options = fields.table("mkfs_options");
      if (options.isEmpty()) {
        return Optional.empty();
      }
      if (options.get().flag("verity")) {
        options.get().refuse("verity", "this version makes no filesystem for fs-verity");
      }
      options.get().refuse("agcount", "it is for xfs, which this version does not make");
      Optional<Table> geometry = options.get().table("geometry");
      options.get().refuseUnknownKeys();
      if (geometry.isEmpty()) {
        return Optional.empty();
      }
      if (!type.equals(Optional.of(FilesystemType.VFAT))) {
        options.get().problem("geometry", "is for vfat");
        return Optional.empty();
      }
      // Both have 16 bits on the disk.
      OptionalLong heads = geometry.get().integer("heads", 1, 0xFFFF);
      OptionalLong sectors = geometry.get().integer("sectors_per_track", 1, 0xFFFF);
      geometry.get().refuseUnknownKeys();
      if (heads.isEmpty() || sectors.isEmpty()) {
        options.get().problem("geometry", "needs heads and sectors_per_track");
        return Optional.empty();
      }
      return Optional.of(
          new FilesystemPayload.Geometry(
              Math.toIntExact(heads.getAsLong()), Math.toIntExact(sectors.getAsLong())));
    }

    private static Optional<Payload> swap(Table fields) {
      String swapLabel = PartitionRules.swapLabel(fields, SwapPayload.MAX_LABEL);
      Optional<String> uuid = fields.text("uuid").filter(text -> !text.isEmpty());
      if (uuid.isPresent() && !LabelType.GPT.isIdentifier(uuid.get())) {
        fields.problem("uuid", "\"" + uuid.get() + "\" must be a valid UUID");
        return Optional.empty();
      }
      return Optional.of(new SwapPayload(swapLabel, uuid.map(UUID::fromString), options(fields)));
    }
  }
}
