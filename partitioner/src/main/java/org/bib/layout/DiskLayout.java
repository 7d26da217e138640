package org.bib.layout;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.bib.disk.ByteSize;
import org.bib.failure.ConfigException;

/**
 * A disk that is asked for, before any number of it is known: {@link DiskPlanner} makes a {@link
 * DiskPlan} of it. The root is the last partition, so that it can grow.
 *
 * @param source who asks for it, for messages
 * @param label kind of partition table
 * @param identifier of the table, as {@link LabelType#isIdentifier} wants it; made of the seed if
 *     absent
 * @param alignment where partitions may lie
 * @param sizing how large the whole is
 * @param partitions by number, from 1 on
 */
public record DiskLayout(
    String source,
    LabelType label,
    Optional<String> identifier,
    Alignment alignment,
    Sizing sizing,
    List<PartitionRequest> partitions) {
  /** Sizes beyond are mistakes; and sums of sizes below never overflow. */
  public static final ByteSize MAX_SIZE = new ByteSize(64L << 40);

  private static final ByteSize BIOS_BOOT = ByteSize.mebibytes(1);
  static final ByteSize ESP = ByteSize.mebibytes(501);
  private static final ByteSize BOOT = ByteSize.gibibytes(1);
  private static final ByteSize DEFAULT_DISK = ByteSize.gibibytes(10);
  // What the peer reserves for / and /usr together.
  private static final ByteSize LEAST_ROOT = ByteSize.gibibytes(3);

  // What the peer raises sizes of filesystems to (osbuild, clampFSSize).
  private static final ByteSize LEAST_FILESYSTEM = ByteSize.gibibytes(1);
  private static final ByteSize LEAST_BOOT = new ByteSize(524_288_000);

  /**
   * Where partitions may lie.
   *
   * @param sectorSize bytes of a logical block: 512 or 4096
   * @param grain partitions start at and take multiples of so many bytes
   * @param start the first one starts here or later
   * @param startAfterTable whether {@code start} is counted from the end of the partition table
   * @param padding bytes left free at the end
   */
  public record Alignment(
      int sectorSize, long grain, ByteSize start, boolean startAfterTable, ByteSize padding) {
    /** As fdisk, bootc and the peer have it: sectors of 512 bytes, partitions in MiB. */
    public static final Alignment DEFAULT = of(512, new ByteSize(0));

    /** A number of bytes is left free before the first partition. */
    public static Alignment of(int sectorSize, ByteSize offset) {
      return new Alignment(sectorSize, DiskPlan.GRAIN, offset, true, new ByteSize(0));
    }

    public Alignment {
      if (!isSectorSize(sectorSize) || grain <= 0 || grain % DiskPlan.GRAIN != 0) {
        throw new IllegalArgumentException("sectors of " + sectorSize + ", grain " + grain);
      }
    }

    /** Whether bib makes disks with such sectors. */
    public static boolean isSectorSize(long size) {
      return size == 512 || size == 4096;
    }
  }

  /**
   * How large the whole is, unless the user names a size.
   *
   * @param leastDisk size of the disk
   * @param leastRoot size of the root
   * @param growRoot whether the root takes what is left
   */
  public record Sizing(ByteSize leastDisk, ByteSize leastRoot, boolean growRoot) {
    /** The peer's: 10 GiB, 3 of them for the root. */
    public static final Sizing DEFAULT = new Sizing(DEFAULT_DISK, LEAST_ROOT, true);

    /** At least so large a disk; nothing is said of the root. */
    public static Sizing of(ByteSize leastDisk) {
      return new Sizing(leastDisk, new ByteSize(0), true);
    }
  }

  /**
   * A partition and its name.
   *
   * @param key {@code root}, {@code boot}, {@code esp}, the mount point of other filesystems, the
   *     role of all the rest; a number tells those apart that would have the same
   */
  public record Keyed(String key, PartitionRequest partition) {}

  /** A minimum size for the filesystem at a mount point. */
  public record MinimumSize(String mountpoint, ByteSize size) {}

  public DiskLayout {
    partitions =
        Stream.concat(
                partitions.stream().filter(partition -> partition.role() != PartitionRole.ROOT),
                partitions.stream().filter(partition -> partition.role() == PartitionRole.ROOT))
            .toList();
    Set<String> mountpoints = new HashSet<>();
    for (PartitionRequest partition : partitions) {
      String mountpoint = partition.mountpoint();
      if (!label.isType(partition.type())) {
        throw new IllegalArgumentException(partition.type() + " is no type in a " + label);
      }
      if (!mountpoint.isEmpty() && !mountpoints.add(mountpoint)) {
        throw new IllegalArgumentException("two filesystems at " + mountpoint);
      }
    }
    if (!mountpoints.contains("/")) {
      throw new IllegalArgumentException("no root");
    }
  }

  /**
   * The disk of the peer: BIOS boot (amd64), ESP, {@code /boot} and the root.
   *
   * @param discoverable whether the root is of the type that the architecture's system looks for
   */
  public static DiskLayout standard(Architecture architecture, boolean discoverable) {
    List<PartitionRequest> partitions = new ArrayList<>();
    if (architecture == Architecture.AMD64) {
      partitions.add(biosBoot());
    }
    partitions.add(esp(LabelType.GPT, ESP, "EFI-SYSTEM"));
    partitions.add(filesystem(LabelType.GPT, "/boot", "boot", BOOT));
    partitions.add(filesystem(LabelType.GPT, "/", "root", new ByteSize(0)));
    DiskLayout layout =
        new DiskLayout(
            "the default layout",
            LabelType.GPT,
            Optional.empty(),
            Alignment.DEFAULT,
            Sizing.DEFAULT,
            partitions);
    return discoverable ? layout.withDiscoverableRoot(architecture) : layout;
  }

  static PartitionRequest biosBoot() {
    return new PartitionRequest(
        PartitionRole.BIOS_BOOT.typeGuid(),
        Optional.empty(),
        "",
        DiskPlan.LEGACY_BIOS_BOOTABLE,
        false,
        BIOS_BOOT,
        new NoPayload());
  }

  static PartitionRequest esp(LabelType table, ByteSize size, String label) {
    return new PartitionRequest(
        table.typeOf(PartitionRole.ESP),
        size,
        new FilesystemPayload(
            FilesystemType.VFAT,
            "/boot/efi",
            label,
            Optional.empty(),
            new FilesystemPayload.Mounting("umask=0077,shortname=winnt", 0, 2),
            Optional.empty()));
  }

  static PartitionRequest filesystem(
      LabelType table, String mountpoint, String label, ByteSize size) {
    FilesystemPayload payload = new FilesystemPayload(FilesystemType.EXT4, mountpoint, label);
    return new PartitionRequest(table.typeOf(payload.role("")), size, payload);
  }

  /** The same with a root of the type that the architecture's system looks for. */
  public DiskLayout withDiscoverableRoot(Architecture architecture) {
    return with(
        partitions.stream()
            .map(
                partition ->
                    partition.role() == PartitionRole.ROOT
                        ? partition.withType(label.rootType(architecture))
                        : partition)
            .toList());
  }

  /** The same with the partition active that holds {@code /boot}, which some BIOSes want. */
  DiskLayout withActiveBoot() {
    List<PartitionRequest> all = new ArrayList<>(partitions);
    int boot = bootPartition() - 1;
    all.set(boot, all.get(boot).activated());
    return with(all);
  }

  /**
   * The same with filesystems of at least these sizes, which are raised to 1 GiB, of {@code /boot}
   * to 500 MiB; those that are not there are added before the root (osbuild, NewPartitionTable).
   *
   * @param by who asks for them, for messages
   * @throws ConfigException if there are too many
   */
  public DiskLayout withFilesystems(String by, List<MinimumSize> sizes) throws ConfigException {
    List<PartitionRequest> all = new ArrayList<>(partitions);
    for (MinimumSize wanted : sizes) {
      ByteSize least = wanted.mountpoint().equals("/boot") ? LEAST_BOOT : LEAST_FILESYSTEM;
      ByteSize size = wanted.size().compareTo(least) > 0 ? wanted.size() : least;
      boolean there = false;
      for (int i = 0; i < all.size(); i++) {
        if (all.get(i).mountpoint().equals(wanted.mountpoint())) {
          all.set(i, all.get(i).atLeast(size));
          there = true;
        }
      }
      if (!there) {
        all.add(filesystem(label, wanted.mountpoint(), "", size));
      }
    }
    if (all.size() > label.maximum()) {
      throw new ConfigException(
          by,
          String.format(
              Locale.ROOT,
              "\"%s\" partition table type only supports up to %d partitions: got %d",
              label.labelName(),
              label.maximum(),
              all.size()));
    }
    return with(all);
  }

  private DiskLayout with(List<PartitionRequest> others) {
    return new DiskLayout(source, label, identifier, alignment, sizing, others);
  }

  /** The filesystem at {@code mountpoint}. */
  public Optional<FilesystemPayload> filesystem(String mountpoint) {
    return partitions.stream()
        .flatMap(partition -> partition.filesystem().stream())
        .filter(filesystem -> filesystem.mountpoint().equals(mountpoint))
        .findFirst();
  }

  /** The number, from 1 on, of the partition that holds what lies at {@code /boot}. */
  public int bootPartition() {
    String mountpoint = filesystem("/boot").isPresent() ? "/boot" : "/";
    for (int i = 0; i < partitions.size(); i++) {
      if (partitions.get(i).mountpoint().equals(mountpoint)) {
        return i + 1;
      }
    }
    throw new IllegalStateException("no root");
  }

  /** Whether a partition has that role. */
  public boolean has(PartitionRole role) {
    return partitions.stream().anyMatch(partition -> partition.role() == role);
  }

  /** The partitions by number, with the names that identifiers and contents go by. */
  public List<Keyed> keyed() {
    List<Keyed> keyed = new ArrayList<>();
    Set<String> keys = new HashSet<>();
    for (PartitionRequest partition : partitions) {
      String key = key(partition);
      String unique = key;
      for (int n = 2; !keys.add(unique); n++) {
        unique = key + "#" + n;
      }
      keyed.add(new Keyed(unique, partition));
    }
    return keyed;
  }

  private static String key(PartitionRequest partition) {
    return switch (partition.role()) {
      case ROOT -> "root";
      case XBOOTLDR -> "boot";
      case ESP -> "esp";
      case DATA -> partition.mountpoint().isEmpty() ? "data" : partition.mountpoint();
      case BIOS_BOOT -> "bios-boot";
      case SWAP -> "swap";
      case RAW -> "raw";
      case EMPTY -> "empty";
    };
  }
}
