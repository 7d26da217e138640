package org.bib.layout;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.bib.disk.ByteSize;
import org.bib.failure.BuildException;

/**
 * Lays a disk out as the peer does: BIOS boot (amd64), ESP, {@code /boot}, filesystems below {@code
 * /var}, and the root, last, so that it can grow.
 */
public final class DiskPlanner {
  private static final ByteSize BIOS_BOOT = ByteSize.mebibytes(1);
  private static final ByteSize ESP = ByteSize.mebibytes(501);
  private static final ByteSize BOOT = ByteSize.gibibytes(1);
  private static final ByteSize DEFAULT_DISK = ByteSize.gibibytes(10);
  // What the peer reserves for / and /usr together.
  private static final ByteSize LEAST_ROOT = ByteSize.gibibytes(3);
  private static final ByteSize FOOTER = new ByteSize(DiskPlan.GRAIN);

  private DiskPlanner() {}

  /**
   * What decides a layout.
   *
   * @param discoverable whether the root is of the type that the architecture's system looks for
   * @param exactSize of the disk, if it was asked for
   * @param minimal whether the root is to be just large enough
   * @param boot least size of {@code /boot}
   * @param root least size of the root filesystem for its content
   * @param rootContent bytes that the content takes; the root gets twice that unless minimal
   * @param data filesystems below {@code /var}, with their sizes
   */
  public record Request(
      Architecture architecture,
      boolean discoverable,
      Optional<ByteSize> exactSize,
      boolean minimal,
      ByteSize boot,
      ByteSize root,
      ByteSize rootContent,
      List<Data> data,
      Seed seed) {
    public Request {
      data = List.copyOf(data);
    }
  }

  /** A filesystem of its own. */
  public record Data(String mountpoint, ByteSize size) {}

  /**
   * Plans the disk.
   *
   * @throws BuildException if the size asked for is too small, saying what is needed
   */
  public static DiskPlan plan(Request request) throws BuildException {
    List<DiskPlan.Partition> partitions = new ArrayList<>();
    long at = DiskPlan.GRAIN;
    if (request.architecture() == Architecture.AMD64) {
      at = add(partitions, PartitionRole.BIOS_BOOT, request, at, BIOS_BOOT, "");
    }
    at = add(partitions, PartitionRole.ESP, request, at, ESP, "/boot/efi");
    at = add(partitions, PartitionRole.XBOOTLDR, request, at, max(BOOT, request.boot()), "/boot");
    for (Data data : request.data()) {
      at = add(partitions, PartitionRole.DATA, request, at, data.size(), data.mountpoint());
    }
    ByteSize needed = new ByteSize(at).plus(request.root().roundUpTo(DiskPlan.GRAIN)).plus(FOOTER);
    ByteSize size = size(request, needed, at);
    ByteSize root =
        new ByteSize((size.bytes() - FOOTER.bytes()) / DiskPlan.GRAIN * DiskPlan.GRAIN - at);
    add(partitions, PartitionRole.ROOT, request, at, root, "/");
    return new DiskPlan(size, request.seed().uuid("disk"), partitions);
  }

  private static ByteSize size(Request request, ByteSize needed, long rootStart)
      throws BuildException {
    if (request.exactSize().isPresent()) {
      ByteSize size = request.exactSize().get();
      if (size.compareTo(needed) < 0) {
        throw new BuildException(
            "a disk of " + size + " is too small: this image needs " + needed,
            "raise --disk-size or name minimal");
      }
      return size;
    }
    if (request.minimal()) {
      return needed;
    }
    ByteSize twice = request.rootContent().plus(request.rootContent());
    ByteSize root = max(max(request.root(), LEAST_ROOT), twice).roundUpTo(DiskPlan.GRAIN);
    return max(DEFAULT_DISK, new ByteSize(rootStart).plus(root).plus(FOOTER));
  }

  private static long add(
      List<DiskPlan.Partition> partitions,
      PartitionRole role,
      Request request,
      long start,
      ByteSize size,
      String mountpoint) {
    String name = "partition:" + role + ":" + mountpoint;
    long attributes = role == PartitionRole.BIOS_BOOT ? DiskPlan.LEGACY_BIOS_BOOTABLE : 0;
    UUID type =
        role == PartitionRole.ROOT && request.discoverable()
            ? request.architecture().rootType()
            : role.typeGuid();
    DiskPlan.Partition partition =
        new DiskPlan.Partition(
            role,
            type,
            request.seed().uuid(name),
            start,
            size.roundUpTo(DiskPlan.GRAIN),
            attributes,
            mountpoint);
    partitions.add(partition);
    return partition.end();
  }

  private static ByteSize max(ByteSize a, ByteSize b) {
    return a.compareTo(b) >= 0 ? a : b;
  }
}
