package org.bib.inspect;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bib.disk.ByteSize;
import org.bib.disk.DamageListener;
import org.bib.disk.MalformedDiskException;
import org.bib.disk.RawDisk;
import org.bib.disk.ReadableDisk;
import org.bib.ext4.Ext4Reader;
import org.bib.failure.BuildException;
import org.bib.fat.Fat32Reader;
import org.bib.gpt.PartitionTable;
import org.bib.ostree.ContainerReference;
import org.bib.ostree.InstalledDeployment;
import org.bib.qcow2.Qcow2Disk;
import org.bib.swap.SwapHeader;
import org.bib.tree.DirectoryNode;

/** A disk in a file, raw or qcow2, with all trees of its filesystems. */
public final class OpenDisk implements Closeable {
  private final String format;
  private final long allocated;
  private final ReadableDisk disk;
  private final PartitionTable table;
  private final List<Part> parts = new ArrayList<>();

  /**
   * A partition and what is in it.
   *
   * @param entry of the table
   * @param bytes of the partition, as far as the disk has them
   * @param type ext4, vfat, swap, or empty for what is not known
   * @param label of the filesystem
   * @param identifier of the filesystem
   * @param size of the filesystem in bytes
   * @param features that a reader may want to know
   * @param tree of the filesystem, if it has one that is read
   */
  record Part(
      PartitionTable.Partition entry,
      ReadableDisk bytes,
      String type,
      String label,
      String identifier,
      long size,
      List<String> features,
      Optional<DirectoryNode> tree) {}

  private OpenDisk(Path file, String format, ReadableDisk disk, DamageListener damage)
      throws IOException {
    this.format = format;
    this.disk = disk;
    this.allocated = RawDisk.allocated(file, Files.size(file));
    this.table = PartitionTable.read(disk, damage);
    for (PartitionTable.Partition entry : table.partitions()) {
      parts.add(part(entry, damage));
    }
  }

  /**
   * Opens a disk and reads all of its metadata.
   *
   * @param damage is told what is damaged and was passed over
   * @throws BuildException if it is no disk that can be read, naming the file and why
   */
  public static OpenDisk open(Path file, DamageListener damage) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new BuildException(file + ": no such file", "name a disk, raw or qcow2");
    }
    boolean qcow2 = Qcow2Disk.isQcow2(file);
    ReadableDisk disk = null;
    try {
      if (qcow2) {
        Qcow2Disk opened = Qcow2Disk.open(file);
        disk = opened;
        opened.checkTables();
      } else {
        disk = RawDisk.open(file);
      }
      return new OpenDisk(file, qcow2 ? "qcow2" : "raw", disk, damage);
    } catch (MalformedDiskException e) {
      if (disk != null) {
        disk.close();
      }
      throw new BuildException(
          file + ": " + e.getMessage(), "name a whole disk, raw or qcow2, that is not damaged", e);
    } catch (IOException | RuntimeException e) {
      if (disk != null) {
        disk.close();
      }
      throw e;
    }
  }

  private Part part(PartitionTable.Partition entry, DamageListener damage) throws IOException {
    String where = "partition " + entry.number();
    DamageListener here = (path, what) -> damage.damaged(where + ": " + path, what);
    long start = Math.min(entry.start(), disk.size());
    ReadableDisk bytes = disk.slice(start, Math.min(entry.size(), disk.size() - start));
    try {
      return part(entry, bytes, here);
    } catch (MalformedDiskException e) {
      damage.damaged(where, String.valueOf(e.getMessage()));
      return new Part(entry, bytes, "", "", "", 0, List.of(), Optional.empty());
    }
  }

  private static Part part(PartitionTable.Partition entry, ReadableDisk bytes, DamageListener here)
      throws IOException {
    if (Ext4Reader.isThere(bytes)) {
      Ext4Reader ext4 = Ext4Reader.open(bytes);
      ext4.checkGroups(here);
      return new Part(
          entry,
          bytes,
          "ext4",
          ext4.label(),
          ext4.uuid().toString(),
          ext4.size(),
          ext4.features(),
          Optional.of(ext4.tree(here)));
    }
    if (Fat32Reader.isThere(bytes)) {
      Fat32Reader fat = Fat32Reader.open(bytes);
      fat.checkCopies(here);
      DirectoryNode tree = fat.tree(here);
      return new Part(
          entry,
          bytes,
          "vfat",
          fat.label(),
          fat.volumeId(),
          fat.size(),
          List.of(),
          Optional.of(tree));
    }
    Optional<SwapHeader> swap = SwapHeader.read(bytes);
    return swap.map(
            header ->
                new Part(
                    entry,
                    bytes,
                    "swap",
                    header.label(),
                    header.uuid().toString(),
                    bytes.size(),
                    List.of(),
                    Optional.empty()))
        .orElseGet(() -> new Part(entry, bytes, "", "", "", 0, List.of(), Optional.empty()));
  }

  /** The format of the file: raw or qcow2. */
  String format() {
    return format;
  }

  /** Bytes that the file takes, holes not counted. */
  long allocated() {
    return allocated;
  }

  ReadableDisk disk() {
    return disk;
  }

  PartitionTable table() {
    return table;
  }

  /** The length of the disk, as a machine sees it. */
  public ByteSize size() {
    return new ByteSize(disk.size());
  }

  /** What its first deployment follows, with transport. */
  public Optional<String> follows() {
    return root()
        .flatMap(Part::tree)
        .flatMap(tree -> InstalledDeployment.find(tree).stream().findFirst())
        .map(InstalledDeployment::origin)
        .filter(origin -> !origin.isEmpty())
        .map(origin -> ContainerReference.parse(origin).transport());
  }

  /** The partitions by number. */
  List<Part> parts() {
    return parts;
  }

  /** The filesystem with the repository of ostree. */
  Optional<Part> root() {
    return parts.stream()
        .filter(part -> part.tree().flatMap(tree -> tree.find("ostree/repo")).isPresent())
        .findFirst();
  }

  /** The filesystem that holds what lies at {@code /boot}; the root's, if it has none. */
  Optional<Part> bootFilesystem() {
    return parts.stream()
        .filter(part -> part.type().equals("ext4"))
        .filter(part -> part.tree().flatMap(tree -> tree.find("loader")).isPresent())
        .findFirst()
        .or(this::root);
  }

  /** The tree of {@code /boot}. */
  Optional<DirectoryNode> boot() {
    return bootFilesystem()
        .flatMap(Part::tree)
        .flatMap(
            tree ->
                tree.find("loader").isPresent()
                    ? Optional.of(tree)
                    : tree.find("boot")
                        .filter(DirectoryNode.class::isInstance)
                        .map(DirectoryNode.class::cast));
  }

  /** The EFI system partition. */
  Optional<Part> esp() {
    return parts.stream()
        .filter(part -> part.type().equals("vfat"))
        .filter(part -> part.tree().flatMap(tree -> tree.find("EFI")).isPresent())
        .findFirst();
  }

  @Override
  public void close() throws IOException {
    disk.close();
  }
}
