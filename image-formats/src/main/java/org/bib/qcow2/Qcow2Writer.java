package org.bib.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import org.bib.disk.DiskImage;

/**
 * Writes a disk as qcow2 version 3 (QEMU's docs/interop/qcow2.rst) in a single pass: the data
 * first, then the tables that tell where it is, and the header last, so that an unfinished file is
 * never taken for a disk. Zeros take no room, all other clusters are compressed where that makes
 * them smaller.
 */
public final class Qcow2Writer {
  // docs/interop/qcow2.rst, "Header".
  private static final int MAGIC = 0x514649fb;
  private static final int VERSION = 3;
  private static final int HEADER_LENGTH = 112;
  private static final long COMPRESSION_TYPE_BIT = 1L << 3;

  private final DiskImage disk;
  private final Compression compression;
  private final HostFile host;
  // Only the tables with data: 64 KiB for every 512 MiB of the disk.
  private final TreeMap<Integer, long[]> l2Tables = new TreeMap<>();
  private long done;

  private Qcow2Writer(DiskImage disk, Compression compression, HostFile host) {
    this.disk = disk;
    this.compression = compression;
    this.host = host;
  }

  /**
   * Writes {@code disk} to {@code target}, which must not exist. The bytes depend on the contents
   * of the disk and on {@code compression}, not on {@code threads}. A size that is no multiple of
   * 512 bytes is rounded up to one, since QEMU counts disks in sectors.
   *
   * @param disk read within its data ranges alone; must not change meanwhile
   * @param target removed again if writing fails
   * @param threads that compress, 1 or more
   * @param bytesDone told, from the calling thread, how many bytes of the disk's data ranges are
   *     done so far, their total at the end
   * @throws IOException if the disk cannot be read or the target not be written
   */
  public static void write(
      DiskImage disk, Path target, Compression compression, int threads, LongConsumer bytesDone)
      throws IOException {
    if (threads < 1) {
      throw new IllegalArgumentException("no threads: " + threads);
    }
    FileChannel channel =
        FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    boolean complete = false;
    try (channel) {
      new Qcow2Writer(disk, compression, new HostFile(channel)).write(threads, bytesDone);
      complete = true;
    } finally {
      if (!complete) {
        Files.deleteIfExists(target);
      }
    }
  }

  private void write(int threads, LongConsumer bytesDone) throws IOException {
    long header = host.allocate();
    try (ParallelCompressor compressor = new ParallelCompressor(disk, compression, threads)) {
      compressor.run(
          new Chunks(disk.dataRanges()),
          (chunk, clusters) -> {
            for (Chunk.Cluster cluster : clusters) {
              store(cluster);
            }
            done += chunk.dataLength();
            bytesDone.accept(done);
          });
    }
    ByteBuffer l1Table = l1Table();
    int l1Size = l1Table.remaining() / Long.BYTES;
    long l1Offset = host.append(padded(l1Table));
    RefcountTable refcounts = RefcountTable.write(host);
    host.write(header, padded(header(l1Size, l1Offset, refcounts)));
  }

  private void store(Chunk.Cluster cluster) throws IOException {
    long entry;
    if (cluster.bytes.length == Layout.CLUSTER_SIZE) {
      entry = host.append(ByteBuffer.wrap(cluster.bytes)) | Layout.COPIED;
    } else {
      long offset = host.pack(cluster.bytes);
      long last = offset + cluster.bytes.length - 1;
      long additionalSectors = last / Layout.SECTOR_SIZE - offset / Layout.SECTOR_SIZE;
      entry = Layout.COMPRESSED | additionalSectors << Layout.SECTORS_SHIFT | offset;
    }
    l2Tables
            .computeIfAbsent(
                Math.toIntExact(cluster.number / Layout.TABLE_ENTRIES),
                index -> new long[Layout.TABLE_ENTRIES])[
            Math.floorMod(cluster.number, Layout.TABLE_ENTRIES)] =
        entry;
  }

  /** Writes the L2 tables and returns the L1 table that refers to them. */
  private ByteBuffer l1Table() throws IOException {
    long covered = (long) Layout.TABLE_ENTRIES * Layout.CLUSTER_SIZE;
    int entries = Math.toIntExact(Math.max(1, Layout.ceilDiv(disk.size(), covered)));
    ByteBuffer l1Table = ByteBuffer.allocate(entries * Long.BYTES);
    for (Map.Entry<Integer, long[]> table : l2Tables.entrySet()) {
      ByteBuffer bytes = ByteBuffer.allocate(Layout.CLUSTER_SIZE);
      bytes.asLongBuffer().put(table.getValue());
      l1Table.putLong(table.getKey() * Long.BYTES, host.append(bytes) | Layout.COPIED);
    }
    return l1Table;
  }

  private ByteBuffer header(int l1Size, long l1Offset, RefcountTable refcounts) {
    long size = Layout.ceilDiv(disk.size(), Layout.SECTOR_SIZE) * Layout.SECTOR_SIZE;
    boolean zlib = compression == Compression.ZLIB;
    return ByteBuffer.allocate(HEADER_LENGTH)
        .putInt(MAGIC)
        .putInt(VERSION)
        .putLong(0) // backing_file_offset
        .putInt(0) // backing_file_size
        .putInt(Layout.CLUSTER_BITS)
        .putLong(size)
        .putInt(0) // crypt_method
        .putInt(l1Size)
        .putLong(l1Offset)
        .putLong(refcounts.offset())
        .putInt(refcounts.clusters())
        .putInt(0) // nb_snapshots
        .putLong(0) // snapshots_offset
        .putLong(zlib ? 0 : COMPRESSION_TYPE_BIT) // incompatible_features
        .putLong(0) // compatible_features
        .putLong(0) // autoclear_features
        .putInt(Layout.REFCOUNT_ORDER)
        .putInt(HEADER_LENGTH)
        .put((byte) compression.type())
        .rewind();
  }

  /** The bytes, followed by zeros up to the end of the cluster. */
  private static ByteBuffer padded(ByteBuffer bytes) {
    long clusters = Layout.ceilDiv(bytes.remaining(), Layout.CLUSTER_SIZE);
    return ByteBuffer.allocate(Math.toIntExact(clusters * Layout.CLUSTER_SIZE)).put(bytes).rewind();
  }
}
