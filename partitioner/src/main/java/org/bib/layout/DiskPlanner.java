package org.bib.layout;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bib.disk.ByteSize;
import org.bib.failure.BuildException;

/** Gives every partition of a layout its place, its size and its identifier. */
public final class DiskPlanner {
  private static final long GPT_ENTRIES = 128 * 128; // bytes of a table of 128 entries
  private static final long DOS_SECTORS = 1L << 32; // LBAs of a DOS table have 32 bits

  private final Request request;
  private final DiskLayout layout;
  private final long grain;
  private final List<DiskPlan.Partition> partitions = new ArrayList<>();
  private final Set<String> seedNames = new HashSet<>();

  /**
   * What decides a plan.
   *
   * @param layout what is asked for
   * @param contents what the contents of partitions take at least, by key of the partition
   * @param exactSize of the disk, if the user named one
   * @param minimal whether the root is to be just large enough
   * @param seed of identifiers
   */
  public record Request(
      DiskLayout layout,
      Map<String, ByteSize> contents,
      Optional<ByteSize> exactSize,
      boolean minimal,
      Seed seed) {
    public Request {
      contents = Map.copyOf(contents);
    }

    private ByteSize content(String key) {
      return contents.getOrDefault(key, new ByteSize(0));
    }
  }

  private DiskPlanner(Request request) {
    this.request = request;
    this.layout = request.layout();
    this.grain = layout.alignment().grain();
  }

  /**
   * Plans the disk.
   *
   * @throws BuildException if the size asked for is too small, saying what is needed
   */
  public static DiskPlan plan(Request request) throws BuildException {
    return new DiskPlanner(request).plan();
  }

  private DiskPlan plan() throws BuildException {
    List<DiskLayout.Keyed> keyed = layout.keyed();
    DiskLayout.Keyed last = keyed.get(keyed.size() - 1);
    long at = firstStart();
    for (DiskLayout.Keyed one : keyed.subList(0, keyed.size() - 1)) {
      at = add(one.key(), one.partition(), at, size(one));
    }
    PartitionRequest root = last.partition();
    ByteSize content = request.content(last.key());
    ByteSize least = max(root.minimumSize(), content).roundUpTo(grain);
    // A root that keeps its size has the one that was asked for.
    boolean keepsSize = !layout.sizing().growRoot() && root.minimumSize().bytes() > 0;
    ByteSize wanted = request.minimal() || keepsSize ? least : comfortable(least, content);
    ByteSize size = diskSize(diskWith(at, least), diskWith(at, wanted));
    long room = (size.bytes() - footer()) / grain * grain - at;
    long rootSize = layout.sizing().growRoot() ? room : Math.min(room, wanted.bytes());
    add(last.key(), root, at, new ByteSize(rootSize));
    if (layout.label() == LabelType.DOS
        && size.bytes() / layout.alignment().sectorSize() > DOS_SECTORS) {
      throw new BuildException(
          layout.source()
              + ": a disk of "
              + size
              + " has more than the "
              + DOS_SECTORS
              + " sectors that a dos partition table knows",
          "use a gpt, or a smaller disk");
    }
    return new DiskPlan(
        layout.label(),
        layout.identifier().orElseGet(() -> layout.label().identifier(request.seed())),
        layout.alignment().sectorSize(),
        size,
        partitions);
  }

  /** Bytes of the MBR, and of the GPT with its entries. */
  private long table() {
    int sector = layout.alignment().sectorSize();
    return layout.label() == LabelType.GPT ? 2L * sector + GPT_ENTRIES : sector;
  }

  private long firstStart() {
    long start = layout.alignment().start().bytes();
    long first = layout.alignment().startAfterTable() ? table() + start : Math.max(table(), start);
    return new ByteSize(first).roundUpTo(grain).bytes();
  }

  /** What lies behind the last partition: the backup GPT, and what is to stay free. */
  private long footer() {
    long backup =
        layout.label() == LabelType.GPT ? new ByteSize(table()).roundUpTo(grain).bytes() : 0;
    return backup + layout.alignment().padding().bytes();
  }

  private ByteSize size(DiskLayout.Keyed keyed) throws BuildException {
    PartitionRequest partition = keyed.partition();
    ByteSize content = request.content(keyed.key());
    if (partition.payload() instanceof FilePayload file
        && partition.minimumSize().bytes() > 0
        && content.compareTo(partition.minimumSize()) > 0) {
      throw new BuildException(
          file.where()
              + ": "
              + file.path()
              + " has "
              + content.bytes()
              + " bytes, its partition "
              + partition.minimumSize().bytes(),
          "make the partition larger");
    }
    return max(partition.minimumSize(), content);
  }

  /** The size of a disk whose root starts at {@code start}. */
  private ByteSize diskWith(long start, ByteSize root) {
    return new ByteSize(start + root.bytes() + footer()).roundUpTo(grain);
  }

  private ByteSize diskSize(ByteSize needed, ByteSize wanted) throws BuildException {
    if (request.exactSize().isPresent()) {
      ByteSize size = request.exactSize().get().roundUpTo(layout.alignment().sectorSize());
      if (size.compareTo(needed) < 0) {
        throw new BuildException(
            "a disk of " + size + " is too small: this image needs " + needed,
            "raise --disk-size or name minimal");
      }
      return size;
    }
    return request.minimal() ? needed : max(layout.sizing().leastDisk().roundUpTo(grain), wanted);
  }

  /** A root to work with: twice its content, as the peer has it. */
  private ByteSize comfortable(ByteSize least, ByteSize content) {
    return max(max(least, layout.sizing().leastRoot()), content.plus(content)).roundUpTo(grain);
  }

  private long add(String key, PartitionRequest asked, long start, ByteSize size) {
    DiskPlan.Partition partition =
        new DiskPlan.Partition(
            key,
            asked.role(),
            asked.type(),
            asked.guid().orElseGet(() -> request.seed().uuid(seedName(asked))),
            asked.name(),
            asked.attributes(),
            asked.active(),
            start,
            size.roundUpTo(grain),
            asked.payload());
    partitions.add(partition);
    return partition.end();
  }

  /** What a GUID is made of: role and mount point, and a number if others have the same. */
  private String seedName(PartitionRequest asked) {
    String name = "partition:" + asked.role() + ":" + asked.mountpoint();
    String unique = name;
    for (int number = 2; !seedNames.add(unique); number++) {
      unique = name + "#" + number;
    }
    return unique;
  }

  private static ByteSize max(ByteSize a, ByteSize b) {
    return a.compareTo(b) >= 0 ? a : b;
  }
}
