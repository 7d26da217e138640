package org.bib.build;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import org.bib.boot.BiosBoot;
import org.bib.disk.ByteRange;
import org.bib.disk.Content;
import org.bib.disk.DiskImage;
import org.bib.ext4.Ext4Options;
import org.bib.ext4.Ext4Writer;
import org.bib.fat.Fat32Writer;
import org.bib.gpt.PartitionTableWriter;
import org.bib.layout.DiskPlan;
import org.bib.layout.FilesystemPayload;
import org.bib.layout.Seed;
import org.bib.layout.SwapPayload;
import org.bib.swap.SwapWriter;
import org.bib.tree.DirectoryNode;

/** Writes a disk as it was planned: no decisions are left to make. */
final class DiskWriter {
  private static final int BIOS_SECTOR = 512;

  private final DiskImage image;
  private final DiskPlan plan;
  private final Seed seed;
  private final Instant time;

  /**
   * Writes to {@code image}.
   *
   * @param seed of the identifiers of filesystems
   * @param time of all that a filesystem itself has a time for
   */
  DiskWriter(DiskImage image, DiskPlan plan, Seed seed, Instant time) {
    this.image = image;
    this.plan = plan;
    this.seed = seed;
    this.time = time;
  }

  /**
   * Writes everything.
   *
   * @param bios code for the place that the plan has for it
   */
  void write(DiskContents contents, Optional<BiosBoot> bios)
      throws IOException, InterruptedException {
    PartitionTableWriter.write(image.file(), plan);
    if (bios.isPresent()) {
      writeBios(bios.get(), plan.biosCode().orElseThrow());
    }
    for (DiskPlan.Partition partition : plan.partitions()) {
      write(partition, contents);
    }
  }

  private void write(DiskPlan.Partition partition, DiskContents contents)
      throws IOException, InterruptedException {
    String key = partition.key();
    switch (partition.role()) {
      case ESP, XBOOTLDR, ROOT, DATA ->
          writeFilesystem(
              partition,
              (FilesystemPayload) partition.payload(),
              Objects.requireNonNull(contents.trees().get(key)));
      case SWAP -> {
        SwapPayload swap = (SwapPayload) partition.payload();
        SwapWriter.write(
            image,
            partition.start(),
            partition.size(),
            new SwapWriter.Options(swap.uuid(seed, key), swap.label()));
      }
      case RAW -> place(Objects.requireNonNull(contents.files().get(key)), partition.start());
      case BIOS_BOOT, EMPTY -> {} // code has been written, and nothing else
    }
  }

  private void writeFilesystem(
      DiskPlan.Partition partition, FilesystemPayload filesystem, DirectoryNode tree)
      throws IOException, InterruptedException {
    String key = partition.key();
    switch (filesystem.type()) {
      case EXT4 ->
          Ext4Writer.write(
              image,
              partition.start(),
              partition.size(),
              new Ext4Options(
                  filesystem.uuid(seed, key),
                  seed.uuid("hash-seed:" + key),
                  filesystem.label(),
                  time),
              tree);
      case VFAT ->
          Fat32Writer.write(
              image,
              partition.start(),
              partition.size(),
              new Fat32Writer.Options(
                  filesystem.volumeId(seed, key), filesystem.label(), time, medium(filesystem)),
              tree);
    }
  }

  private Fat32Writer.Medium medium(FilesystemPayload filesystem) {
    return filesystem
        .geometry()
        .map(
            geometry ->
                new Fat32Writer.Medium(
                    plan.sectorSize(), geometry.heads(), geometry.sectorsPerTrack()))
        .orElseGet(() -> Fat32Writer.Medium.ofSectors(plan.sectorSize()));
  }

  private void place(Content content, long offset) {
    for (ByteRange range : content.dataRanges()) {
      image.place(offset + range.offset(), content, range.offset(), range.length());
    }
  }

  private void writeBios(BiosBoot bios, ByteRange place) throws IOException {
    long start = place.offset() / BIOS_SECTOR;
    ByteBuffer mbr = ByteBuffer.wrap(new byte[BIOS_SECTOR]);
    image.read(0, mbr);
    image.write(
        place.offset(), ByteBuffer.wrap(bios.coreImage(start, place.length() / BIOS_SECTOR)));
    image.write(0, ByteBuffer.wrap(bios.bootSector(mbr.array(), start)));
  }
}
