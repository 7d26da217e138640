package org.bib.qcow2;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.bib.disk.MalformedDiskException;
import org.bib.disk.ReadableDisk;
import org.jspecify.annotations.Nullable;

/**
 * Reads qcow2 of versions 2 and 3 (QEMU's docs/interop/qcow2.rst) that is complete in itself: no
 * backing file, no external data file, no encryption, no extended L2 entries. Snapshots and
 * refcounts are not looked at.
 */
public final class Qcow2Disk implements ReadableDisk {
  private static final int MAGIC = 0x514649fb;
  private static final int MIN_HEADER = 72; // version 2
  private static final int V3_HEADER = 104;
  private static final int MIN_CLUSTER_BITS = 9;
  private static final int MAX_CLUSTER_BITS = 21; // QEMU reads no larger ones
  private static final int MAX_L1_BYTES = 32 << 20; // QEMU reads no larger table
  private static final long OFFSET = 0x00FF_FFFF_FFFF_FE00L; // bits 9 to 55 of an entry
  private static final long ALL_ZEROS = 1; // of an L2 entry, in version 3
  private static final int MAX_WINDOW_LOG = 23; // no cluster needs more

  // Of incompatible_features.
  private static final long DIRTY = 1; // refcounts may be stale
  private static final long CORRUPT = 1 << 1;
  private static final long EXTERNAL_DATA = 1 << 2;
  private static final long COMPRESSION_TYPE = 1 << 3;
  private static final long EXTENDED_L2 = 1 << 4;
  private static final long KNOWN =
      DIRTY | CORRUPT | EXTERNAL_DATA | COMPRESSION_TYPE | EXTENDED_L2;

  private static final int CACHED_BYTES = 8 << 20;
  private static final int CACHED_TABLES = 32;

  private final FileChannel channel;
  private final long fileSize;
  private final int version;
  private final int clusterBits;
  private final int clusterSize;
  private final long size;
  private final Compression compression;
  private final ByteBuffer l1Table;
  private final Map<Long, ByteBuffer> l2Tables = cache(CACHED_TABLES);
  private final Map<Long, byte[]> clusters;

  private Qcow2Disk(FileChannel channel) throws IOException {
    this.channel = channel;
    fileSize = channel.size();
    ByteBuffer header = ByteBuffer.allocate((int) Math.min(fileSize, 112));
    if (header.capacity() < MIN_HEADER) {
      throw new MalformedDiskException("qcow2: the file ends within the header");
    }
    readFile(0, header);
    version = header.getInt(4);
    if (header.getInt(0) != MAGIC || (version != 2 && version != 3)) {
      throw new MalformedDiskException(
          "qcow2: version " + Integer.toUnsignedString(version) + " is not read, only 2 and 3");
    }
    if (version == 3 && header.capacity() < V3_HEADER) {
      throw new MalformedDiskException("qcow2: the file ends within the header");
    }
    checkFeatures(header);
    clusterBits = header.getInt(20);
    if (clusterBits < MIN_CLUSTER_BITS || clusterBits > MAX_CLUSTER_BITS) {
      throw new MalformedDiskException(
          "qcow2 header: cluster_bits is " + Integer.toUnsignedString(clusterBits));
    }
    clusterSize = 1 << clusterBits;
    clusters = cache(Math.max(4, CACHED_BYTES / clusterSize));
    size = header.getLong(24);
    compression = compression(header);
    l1Table = l1Table(header.getInt(36), header.getLong(40));
  }

  /** Opens a file that {@link #isQcow2}. */
  public static Qcow2Disk open(Path file) throws IOException {
    FileChannel channel = FileChannel.open(file);
    try {
      return new Qcow2Disk(channel);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Whether a file begins as qcow2 does. */
  public static boolean isQcow2(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      ByteBuffer magic = ByteBuffer.allocate(Integer.BYTES);
      while (magic.hasRemaining() && channel.read(magic, magic.position()) >= 0) {}
      return !magic.hasRemaining() && magic.getInt(0) == MAGIC;
    }
  }

  private void checkFeatures(ByteBuffer header) throws MalformedDiskException {
    if (header.getLong(8) != 0) {
      throw new MalformedDiskException("qcow2: it has a backing file, which is not read");
    }
    if (header.getInt(32) != 0) {
      throw new MalformedDiskException("qcow2: it is encrypted, which is not read");
    }
    long features = version == 3 ? header.getLong(72) : 0;
    if ((features & CORRUPT) != 0) {
      throw new MalformedDiskException("qcow2: it is marked as corrupt");
    }
    if ((features & EXTERNAL_DATA) != 0) {
      throw new MalformedDiskException("qcow2: its data is in another file, which is not read");
    }
    if ((features & EXTENDED_L2) != 0) {
      throw new MalformedDiskException("qcow2: it has extended L2 entries, which are not read");
    }
    if ((features & ~KNOWN) != 0) {
      throw new MalformedDiskException(
          "qcow2 header: unknown incompatible features 0x" + Long.toHexString(features & ~KNOWN));
    }
  }

  private Compression compression(ByteBuffer header) throws MalformedDiskException {
    boolean told = version == 3 && header.getInt(100) > V3_HEADER && header.capacity() > V3_HEADER;
    int type = told ? header.get(V3_HEADER) & 0xFF : 0;
    for (Compression known : Compression.values()) {
      if (known.type() == type) {
        return known;
      }
    }
    throw new MalformedDiskException("qcow2 header: unknown compression type " + type);
  }

  private ByteBuffer l1Table(int entries, long offset) throws IOException {
    long needed = Layout.ceilDiv(Layout.ceilDiv(size, clusterSize), clusterSize / Long.BYTES);
    long bytes = Integer.toUnsignedLong(entries) * Long.BYTES;
    if (size < 0
        || needed * Long.BYTES > MAX_L1_BYTES
        || Integer.toUnsignedLong(entries) < needed) {
      throw new MalformedDiskException(
          "qcow2 header: an L1 table of "
              + Integer.toUnsignedString(entries)
              + " entries does not fit a disk of "
              + Long.toUnsignedString(size)
              + " bytes");
    }
    if (offset % clusterSize != 0 || offset < 0 || offset > fileSize - Math.min(bytes, fileSize)) {
      throw new MalformedDiskException("qcow2 header: the L1 table lies outside of the file");
    }
    ByteBuffer table = ByteBuffer.allocate(Math.toIntExact(needed * Long.BYTES));
    if (offset > fileSize - table.capacity()) {
      throw new MalformedDiskException("qcow2 header: the L1 table lies outside of the file");
    }
    readFile(offset, table);
    return table;
  }

  @Override
  public long size() {
    return size;
  }

  /** Looks at all tables. */
  public void checkTables() throws IOException {
    int entries = clusterSize / Long.BYTES;
    for (int i = 0; i < l1Table.capacity() / Long.BYTES; i++) {
      ByteBuffer l2 = l2Table(i);
      for (int j = 0; l2 != null && j < entries; j++) {
        long cluster = (long) i * entries + j;
        check(l2.getLong(j * Long.BYTES), cluster);
      }
    }
  }

  @Override
  public void read(long offset, ByteBuffer target) throws IOException {
    ReadableDisk.requireInside(offset, target.remaining(), size);
    int limit = target.limit();
    long at = offset;
    while (target.hasRemaining()) {
      int within = (int) (at & (clusterSize - 1));
      int length = Math.min(target.remaining(), clusterSize - within);
      target.limit(target.position() + length);
      readCluster(at >>> clusterBits, within, target);
      target.limit(limit);
      at += length;
    }
  }

  private void readCluster(long cluster, int within, ByteBuffer target) throws IOException {
    int entries = clusterSize / Long.BYTES;
    ByteBuffer l2 = l2Table(Math.toIntExact(cluster / entries));
    long entry = l2 == null ? 0 : l2.getLong((int) (cluster % entries) * Long.BYTES);
    check(entry, cluster);
    if ((entry & Layout.COMPRESSED) != 0) {
      target.put(compressed(entry, cluster), within, target.remaining());
    } else if ((entry & OFFSET) == 0 || (version == 3 && (entry & ALL_ZEROS) != 0)) {
      target.put(new byte[target.remaining()]);
    } else {
      readFile((entry & OFFSET) + within, target);
    }
  }

  private @Nullable ByteBuffer l2Table(int index) throws IOException {
    long entry = l1Table.getLong(index * Long.BYTES);
    long offset = entry & OFFSET;
    if ((entry & ~(OFFSET | Layout.COPIED)) != 0
        || offset % clusterSize != 0
        || offset > fileSize - clusterSize) {
      throw new MalformedDiskException(
          "qcow2: entry " + index + " of the L1 table is no place of the file: " + hex(entry));
    }
    if (offset == 0) {
      return null;
    }
    synchronized (l2Tables) {
      ByteBuffer table = l2Tables.get(offset);
      if (table == null) {
        table = ByteBuffer.allocate(clusterSize);
        readFile(offset, table);
        l2Tables.put(offset, table);
      }
      return table;
    }
  }

  /** Refuses an L2 entry that is no place of the file. */
  private void check(long entry, long cluster) throws MalformedDiskException {
    boolean good;
    if ((entry & Layout.COMPRESSED) != 0) {
      good = (entry & Layout.COPIED) == 0 && compressedOffset(entry) < fileSize;
    } else {
      long offset = entry & OFFSET;
      long reserved = ~(OFFSET | Layout.COPIED | (version == 3 ? ALL_ZEROS : 0));
      // What lies behind the end of the disk need not be there.
      long length = Math.min(clusterSize, size - (cluster << clusterBits));
      good =
          (entry & reserved) == 0
              && offset % clusterSize == 0
              && (offset == 0 || length <= 0 || offset <= fileSize - length);
    }
    if (!good) {
      throw new MalformedDiskException(
          "qcow2: the L2 entry of cluster " + cluster + " is no place of the file: " + hex(entry));
    }
  }

  private int sectorsShift() {
    return 62 - (clusterBits - 8);
  }

  private long compressedOffset(long entry) {
    return entry & ((1L << sectorsShift()) - 1);
  }

  private byte[] compressed(long entry, long cluster) throws IOException {
    synchronized (clusters) {
      byte[] known = clusters.get(entry);
      if (known != null) {
        return known;
      }
    }
    long offset = compressedOffset(entry);
    long sectors = (entry >>> sectorsShift() & ((1L << (clusterBits - 8)) - 1)) + 1;
    long length = sectors * Layout.SECTOR_SIZE - offset % Layout.SECTOR_SIZE;
    ByteBuffer stored = ByteBuffer.allocate((int) Math.min(length, fileSize - offset));
    readFile(offset, stored);
    byte[] inflated =
        switch (compression) {
          case ZLIB -> inflate(stored.array(), cluster);
          case ZSTD -> decompress(stored.array(), cluster);
        };
    synchronized (clusters) {
      clusters.put(entry, inflated);
    }
    return inflated;
  }

  private byte[] inflate(byte[] stored, long cluster) throws IOException {
    byte[] bytes = new byte[clusterSize];
    Inflater inflater = new Inflater(true);
    try {
      inflater.setInput(stored);
      int n = 0;
      while (n < clusterSize && !inflater.finished()) {
        int got = inflater.inflate(bytes, n, clusterSize - n);
        if (got == 0) {
          break;
        }
        n += got;
      }
      if (n < clusterSize) {
        throw damaged(cluster, null);
      }
      return bytes;
    } catch (DataFormatException e) {
      throw damaged(cluster, e);
    } finally {
      inflater.end();
    }
  }

  private byte[] decompress(byte[] stored, long cluster) throws IOException {
    try (ZstdInputStreamNoFinalizer zstd =
        new ZstdInputStreamNoFinalizer(new ByteArrayInputStream(stored))) {
      zstd.setLongMax(MAX_WINDOW_LOG);
      InputStream in = zstd;
      byte[] bytes = in.readNBytes(clusterSize);
      if (bytes.length < clusterSize) {
        throw damaged(cluster, null);
      }
      return bytes;
    } catch (MalformedDiskException e) {
      throw e;
    } catch (IOException e) {
      throw damaged(cluster, e);
    }
  }

  private static MalformedDiskException damaged(long cluster, @Nullable Exception cause) {
    String message = "qcow2: the compressed data of cluster " + cluster + " is damaged";
    return cause == null
        ? new MalformedDiskException(message)
        : new MalformedDiskException(message, cause);
  }

  private void readFile(long offset, ByteBuffer target) throws IOException {
    long at = offset;
    while (target.hasRemaining()) {
      int n = channel.read(target, at);
      if (n < 0) {
        throw new MalformedDiskException("qcow2: the file ends at byte " + at);
      }
      at += n;
    }
  }

  private static String hex(long entry) {
    return String.format("0x%016x", entry);
  }

  private static <K, V> Map<K, V> cache(int entries) {
    return new LinkedHashMap<>(16, 0.75f, true) {
      private static final long serialVersionUID = 1L;

      @Override
      protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
        return size() > entries;
      }
    };
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
