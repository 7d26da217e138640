package org.bib.rootfs;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.bib.disk.ByteRange;
import org.bib.tree.Metadata;
import org.bib.tree.Xattrs;
import org.jspecify.annotations.Nullable;

/**
 * Reads a tar archive from a stream: ustar, GNU long names and numbers, PAX records, GNU sparse
 * members in all four formats. Not thread-safe.
 *
 * <p>Why not the reader of commons-compress: it makes strings of PAX values and so damages binary
 * extended attributes, and it replaces bytes of names that are not UTF-8 instead of refusing them.
 */
final class TarReader {
  // Headers are read into memory; these are far above what any builder writes.
  private static final long MAX_PAX = 16L << 20;
  private static final long MAX_NAME = 64L << 10;
  private static final int MAX_SPARSE_MAP = 1 << 20;
  private static final long MAX_SIZE = 1L << 40; // as much as all of a layer may inflate to

  // POSIX.1-2017, pax, "pax Extended Header File Times"; no time of a file has more digits.
  private static final Pattern TIME = Pattern.compile("-?[0-9]{1,15}([.][0-9]{0,40})?");

  private final InputStream in;
  private long remaining; // bytes of the current member that are not read yet
  private long padding;

  TarReader(InputStream in) {
    this.in = in;
  }

  /**
   * Goes to the next member, past what is left of the current one.
   *
   * @return the member, or null at the end of the archive
   * @throws IOException if this is no tar archive, or it is cut short or out of bounds
   */
  @Nullable TarEntry next() throws IOException {
    skip(remaining);
    skip(padding);
    remaining = 0;
    padding = 0;
    PaxRecords pax = new PaxRecords();
    byte[] longName = null;
    byte[] longLink = null;
    while (true) {
      byte[] block = new byte[TarHeader.SIZE];
      int n = in.readNBytes(block, 0, block.length);
      if (n == 0) {
        return null; // archives without an end marker are common enough
      }
      if (n < block.length) {
        throw new EOFException("the archive ends within a header");
      }
      TarHeader header = new TarHeader(block);
      if (header.isZero()) {
        return null;
      }
      header.verify();
      switch (header.typeflag()) {
        case 'x' -> pax.parse(special(header, MAX_PAX));
        // Writers of layers put comments there, and readers of layers pass them over.
        case 'g' -> special(header, MAX_PAX);
        case 'L' -> longName = withoutNul(special(header, MAX_NAME));
        case 'K' -> longLink = withoutNul(special(header, MAX_NAME));
        default -> {
          return entry(header, pax, longName, longLink);
        }
      }
    }
  }

  /** Reads stored bytes of the current member; -1 at its end. */
  int read(byte[] buffer, int offset, int length) throws IOException {
    if (remaining == 0) {
      return -1;
    }
    int n = in.read(buffer, offset, Math.toIntExact(Math.min(length, remaining)));
    if (n < 0) {
      throw new EOFException("the archive ends within a file");
    }
    remaining -= n;
    return n;
  }

  private TarEntry entry(
      TarHeader header, PaxRecords pax, byte @Nullable [] longName, byte @Nullable [] longLink)
      throws IOException {
    byte[] nameBytes = firstOf(pax.bytes("GNU.sparse.name"), pax.bytes("path"), longName);
    String path = text(nameBytes == null ? header.name() : nameBytes);
    byte[] linkBytes = firstOf(pax.bytes("linkpath"), longLink, null);
    TarEntry.Type type = type(header.typeflag(), path);
    boolean isFile = type == TarEntry.Type.FILE;
    long stored = pax.number("size", header.size());
    // POSIX: links and directories have no data whatever their size field says.
    remaining = isFile ? stored : 0;
    if (remaining < 0 || remaining > MAX_SIZE) {
      throw new IOException(path + ": absurd size " + stored);
    }
    padding = -remaining & (TarHeader.SIZE - 1);
    String link = text(linkBytes == null ? header.linkName() : linkBytes);
    Metadata metadata = metadata(header, pax, path);
    Optional<List<ByteRange>> sparse = isFile ? sparse(header, pax) : Optional.empty();
    long size = remaining;
    if (sparse.isPresent()) {
      size = realSize(header, pax, path, sparse.get());
    }
    return new TarEntry(path, type, metadata, link, size, sparse);
  }

  private static TarEntry.Type type(char typeflag, String path) throws IOException {
    return switch (typeflag) {
      case '0', '\0', '7', 'S' -> path.endsWith("/") ? TarEntry.Type.DIRECTORY : TarEntry.Type.FILE;
      case '1' -> TarEntry.Type.HARD_LINK;
      case '2' -> TarEntry.Type.SYMLINK;
      case '3' -> TarEntry.Type.CHARACTER_DEVICE;
      case '4' -> TarEntry.Type.BLOCK_DEVICE;
      case '5' -> TarEntry.Type.DIRECTORY;
      case '6' -> TarEntry.Type.FIFO;
      default -> throw new IOException(path + ": unknown tar member type '" + typeflag + "'");
    };
  }

  private Metadata metadata(TarHeader header, PaxRecords pax, String path) throws IOException {
    long uid = pax.number("uid", header.uid());
    long gid = pax.number("gid", header.gid());
    String mtime = pax.text("mtime");
    try {
      return new Metadata(
          Math.toIntExact(header.mode() & 07777),
          uid,
          gid,
          mtime == null ? Instant.ofEpochSecond(header.mtime()) : instant(mtime),
          Xattrs.of(pax.xattrs()));
    } catch (IllegalArgumentException | ArithmeticException | DateTimeException e) {
      throw new IOException(path + ": " + e.getMessage(), e);
    }
  }

  private static Instant instant(String seconds) {
    if (!TIME.matcher(seconds).matches()) {
      throw new IllegalArgumentException("\"" + seconds + "\" is no time");
    }
    BigDecimal value = new BigDecimal(seconds);
    BigDecimal whole = value.setScale(0, RoundingMode.FLOOR);
    long nanos = value.subtract(whole).movePointRight(9).longValue();
    return Instant.ofEpochSecond(whole.longValueExact(), nanos);
  }

  private Optional<List<ByteRange>> sparse(TarHeader header, PaxRecords pax) throws IOException {
    if (header.typeflag() == 'S') {
      return Optional.of(oldGnuSparse(header));
    }
    if ("1".equals(pax.text("GNU.sparse.major"))) {
      return Optional.of(sparseMapInData());
    }
    return Optional.ofNullable(pax.sparseMap());
  }

  /** GNU tar manual, "Storing Sparse Files", old GNU format. */
  private List<ByteRange> oldGnuSparse(TarHeader header) throws IOException {
    List<Long> numbers = new ArrayList<>();
    for (int i = 0; i < 4 && header.gnuSparse(i, false) >= 0; i++) {
      numbers.add(header.gnuSparse(i, false));
      numbers.add(Math.max(0, header.gnuSparse(i, true)));
    }
    boolean more = header.gnuIsExtended();
    while (more) {
      byte[] extension = in.readNBytes(TarHeader.SIZE);
      if (extension.length < TarHeader.SIZE || numbers.size() > MAX_SPARSE_MAP) {
        throw new IOException("a sparse map is cut short or absurdly long");
      }
      for (int i = 0; i < 21 && TarHeader.gnuExtensionSparse(extension, i, false) >= 0; i++) {
        numbers.add(TarHeader.gnuExtensionSparse(extension, i, false));
        numbers.add(Math.max(0, TarHeader.gnuExtensionSparse(extension, i, true)));
      }
      more = extension[504] != 0; // isextended of struct sparse_header
    }
    return PaxRecords.ranges(numbers);
  }

  /** Format 1.0: the map stands before the data, decimal lines padded to whole blocks. */
  private List<ByteRange> sparseMapInData() throws IOException {
    List<Long> numbers = new ArrayList<>();
    StringBuilder digits = new StringBuilder();
    long expected = -1;
    byte[] block = new byte[TarHeader.SIZE];
    while (expected < 0 || numbers.size() < expected) {
      int n = 0;
      while (n < block.length) {
        int got = read(block, n, block.length - n);
        if (got < 0) {
          throw new EOFException("a sparse map is cut short");
        }
        n += got;
      }
      for (int i = 0; i < block.length && (expected < 0 || numbers.size() < expected); i++) {
        if (block[i] != '\n') {
          digits.append((char) (block[i] & 0xFF));
          continue;
        }
        long number = PaxRecords.decimal(digits.toString());
        digits.setLength(0);
        if (expected >= 0) {
          numbers.add(number);
        } else if (number > MAX_SPARSE_MAP) {
          throw new IOException("an absurdly long sparse map");
        } else {
          expected = number * 2;
        }
      }
    }
    return PaxRecords.ranges(numbers);
  }

  private long realSize(TarHeader header, PaxRecords pax, String path, List<ByteRange> map)
      throws IOException {
    long size =
        header.typeflag() == 'S'
            ? header.gnuRealSize()
            : pax.number("GNU.sparse.realsize", pax.number("GNU.sparse.size", -1));
    long end = 0;
    long stored = 0;
    for (ByteRange range : map) {
      if (range.offset() < end) {
        throw new IOException(path + ": its sparse map goes backwards");
      }
      end = range.end();
      stored = Math.addExact(stored, range.length());
    }
    if (size < end || size > MAX_SIZE || stored != remaining) {
      throw new IOException(path + ": its sparse map does not fit its size");
    }
    return size;
  }

  private byte[] special(TarHeader header, long limit) throws IOException {
    long size = header.size();
    if (size < 0 || size > limit) {
      throw new IOException("a header extension of absurd size " + size);
    }
    byte[] bytes = in.readNBytes(Math.toIntExact(size));
    if (bytes.length < size) {
      throw new EOFException("the archive ends within a header");
    }
    skip(-size & (TarHeader.SIZE - 1));
    return bytes;
  }

  private void skip(long count) throws IOException {
    try {
      in.skipNBytes(count);
    } catch (EOFException e) {
      throw new EOFException("the archive ends within a file");
    }
  }

  private static byte @Nullable [] firstOf(
      byte @Nullable [] a, byte @Nullable [] b, byte @Nullable [] c) {
    return a != null ? a : b != null ? b : c;
  }

  private static byte[] withoutNul(byte[] bytes) {
    int end = bytes.length;
    while (end > 0 && bytes[end - 1] == 0) {
      end--;
    }
    return Arrays.copyOf(bytes, end);
  }

  private static String text(byte[] bytes) throws IOException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new IOException(
          "the name \"" + escaped(bytes) + "\" is not UTF-8, which ostree cannot store", e);
    }
  }

  /** A name that is not text, all that is not ASCII as {@code \xff}. */
  private static String escaped(byte[] bytes) {
    StringBuilder name = new StringBuilder();
    for (byte b : bytes) {
      name.append(b >= ' ' ? String.valueOf((char) b) : String.format(Locale.ROOT, "\\x%02x", b));
    }
    return name.toString();
  }
}
