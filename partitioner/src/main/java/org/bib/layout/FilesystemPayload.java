package org.bib.layout;

import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

/**
 * A filesystem.
 *
 * @param type of the filesystem
 * @param mountpoint absolute path; empty if it is not to be mounted
 * @param label of the filesystem, may be empty
 * @param identifier as {@link FilesystemType#isIdentifier} wants it; made of the seed if absent
 * @param mounting how it is mounted
 * @param geometry that a vfat is to tell
 */
public record FilesystemPayload(
    FilesystemType type,
    String mountpoint,
    String label,
    Optional<String> identifier,
    Mounting mounting,
    Optional<Geometry> geometry)
    implements Payload {

  /**
   * The last three fields of fstab(5).
   *
   * @param options separated by commas
   * @param frequency of dumps
   * @param pass of fsck
   */
  public record Mounting(String options, long frequency, long pass) {
    /** What is said where nothing else is: fsck after the root. */
    public static final Mounting DEFAULT = new Mounting("defaults", 0, 2);
  }

  /** Heads and sectors per track, 1 or more. */
  public record Geometry(int heads, int sectorsPerTrack) {}

  /** A filesystem without anything special. */
  public FilesystemPayload(FilesystemType type, String mountpoint, String label) {
    this(type, mountpoint, label, Optional.empty(), Mounting.DEFAULT, Optional.empty());
  }

  @Override
  public PartitionRole role(String partitionType) {
    if (type == FilesystemType.VFAT
        && (partitionType.equals(PartitionRole.ESP.typeGuid())
            || partitionType.equals(PartitionRole.ESP.dosType()))) {
      return PartitionRole.ESP;
    }
    return switch (mountpoint) {
      case "/" -> PartitionRole.ROOT;
      case "/boot" -> PartitionRole.XBOOTLDR;
      case "/boot/efi" -> PartitionRole.ESP;
      default -> PartitionRole.DATA;
    };
  }

  /** The identifier of an ext4; {@code key} is that of the partition. */
  public UUID uuid(Seed seed, String key) {
    return identifier.map(UUID::fromString).orElseGet(() -> seed.uuid("filesystem:" + key));
  }

  /** The volume id of a vfat. */
  public long volumeId(Seed seed, String key) {
    return identifier
        .map(id -> Long.parseLong(id.replace("-", ""), 16))
        .orElseGet(() -> seed.u32("filesystem:" + key));
  }

  /** What stands after {@code UUID=}, as blkid(8) tells it. */
  public String identifier(Seed seed, String key) {
    return switch (type) {
      case EXT4 -> uuid(seed, key).toString();
      case VFAT -> {
        long id = volumeId(seed, key);
        yield String.format(Locale.ROOT, "%04X-%04X", id >> 16, id & 0xFFFF);
      }
    };
  }
}
