package org.bib.disk;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A disk in the making: a sparse file for the structures (partition tables, filesystem metadata,
 * boot sectors) and, over it, contents that are only <em>placed</em>: referred to by offset and
 * copied when a raw disk is wanted, or read through when another format is made from it. So file
 * contents are written once whatever the format, and need no second copy on disk.
 *
 * <p>Not thread-safe while it is written; reading is, once writing has ended. Where a raw disk is
 * wanted for sure, a thread can copy contents while more are placed.
 */
public final class DiskImage implements Closeable {
  private final Path file;
  private final long size;
  private final FileChannel channel;
  private final TreeMap<Long, Placement> placements = new TreeMap<>();
  private @Nullable PlacementCopier copier;

  private DiskImage(Path file, long size, FileChannel channel) {
    this.file = file;
    this.size = size;
    this.channel = channel;
  }

  /**
   * Creates {@code file}, which must not exist, as a disk of {@code size} zero bytes.
   *
   * @param file gets the structures; native libraries may write to it by name
   * @param size of the whole disk
   */
  public static DiskImage create(Path file, ByteSize size) throws IOException {
    FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.SPARSE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    DiskImage image = new DiskImage(file, size.bytes(), channel);
    try {
      if (size.bytes() > 0) {
        // One byte at the very end gives the file its length and keeps the rest a hole.
        channel.write(ByteBuffer.allocate(1), size.bytes() - 1);
      }
      return image;
    } catch (IOException e) {
      image.close();
      Files.deleteIfExists(file);
      throw e;
    }
  }

  /** The file that holds the structures. */
  public Path file() {
    return file;
  }

  /** The length of the disk in bytes. */
  public long size() {
    return size;
  }

  /** Writes {@code bytes} at {@code offset} into the file of structures. */
  public void write(long offset, ByteBuffer bytes) throws IOException {
    checkInside(offset, bytes.remaining());
    long at = offset;
    while (bytes.hasRemaining()) {
      at += channel.write(bytes, at);
    }
  }

  /**
   * Places a run of {@code content} at {@code offset} of the disk, without copying it.
   *
   * @param offset on the disk, in bytes
   * @param content what to place
   * @param position of the first byte within the content
   * @param length in bytes
   * @throws IllegalArgumentException if it overlaps what is already placed, or leaves the disk
   */
  public void place(long offset, Content content, long position, long length) {
    if (length == 0) {
      return;
    }
    checkInside(offset, length);
    Map.Entry<Long, Placement> before = placements.lowerEntry(offset + length);
    if (before != null && before.getValue().end() > offset) {
      throw new IllegalArgumentException("content placed twice at byte " + offset);
    }
    Placement placement = new Placement(offset, length, content, position);
    placements.put(offset, placement);
    if (copier != null) {
      copier.add(placement);
    }
  }

  /**
   * From now on copies every placed content into the file, on a thread of its own. Whether that
   * works is known to {@link #materialize}.
   */
  public void copyWhilePlaced() {
    if (copier == null) {
      copier = PlacementCopier.start(channel, placements.values());
    }
  }

  /**
   * Sees every placed content copied into the file, which then is the raw disk, and most of it on
   * stable storage. Nothing can be placed any more. Others may read the disk meanwhile: it does not
   * change.
   */
  public void materialize() throws IOException, InterruptedException {
    copyWhilePlaced();
    Objects.requireNonNull(copier).await();
  }

  /**
   * Fills {@code target} from {@code offset} on: structures and placed contents together. Safe to
   * call from several threads once writing has ended.
   */
  public void read(long offset, ByteBuffer target) throws IOException {
    checkInside(offset, target.remaining());
    long end = offset + target.remaining();
    long at = offset;
    while (at < end) {
      Map.Entry<Long, Placement> entry = placements.floorEntry(at);
      if (entry != null && entry.getValue().end() > at) {
        Placement placement = entry.getValue();
        long stop = Math.min(end, placement.end());
        readInto(target, stop - at, placement, at);
        at = stop;
      } else {
        Long next = placements.higherKey(at);
        long stop = next == null ? end : Math.min(end, next);
        readFile(target, Math.toIntExact(stop - at), at);
        at = stop;
      }
    }
  }

  private static void readInto(ByteBuffer target, long length, Placement placement, long at)
      throws IOException {
    int limit = target.limit();
    target.limit(target.position() + Math.toIntExact(length));
    placement.content().read(placement.position() + at - placement.offset(), target);
    target.limit(limit);
  }

  private void readFile(ByteBuffer target, int length, long offset) throws IOException {
    int limit = target.limit();
    target.limit(target.position() + length);
    long at = offset;
    while (target.hasRemaining()) {
      int n = channel.read(target, at);
      if (n < 0) {
        throw new EOFException(file + " ends at byte " + at);
      }
      at += n;
    }
    target.limit(limit);
  }

  /**
   * Where the disk may hold something else than zeros: ascending and disjoint.
   *
   * @throws IOException if the holes of the file cannot be found
   */
  public List<ByteRange> dataRanges() throws IOException {
    return DataRanges.union(
        SparseFile.dataRanges(file, size),
        placements.values().stream()
            .map(placement -> new ByteRange(placement.offset(), placement.length()))
            .toList());
  }

  private void checkInside(long offset, long length) {
    if (offset < 0 || length < 0 || offset > size - length) {
      throw new IllegalArgumentException(
          offset + "+" + length + " is outside a disk of " + size + " bytes");
    }
  }

  @Override
  public void close() throws IOException {
    if (copier != null) {
      copier.close();
    }
    channel.close();
  }
}
