package org.bib.composefs;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SortedMap;
import org.bib.tree.Metadata;
import org.jspecify.annotations.Nullable;

/**
 * An inode (struct erofs_inode_compact and erofs_inode_extended, fs/erofs/erofs_fs.h), what follows
 * it, and where libcomposefs puts it.
 *
 * <p>Behind the inode come its attributes, then its tail: the last entries of a directory, the
 * target of a symbolic link, or the single chunk of a file, which is a hole. A tail lies within one
 * block; where it cannot, it becomes a block of its own among the data.
 */
final class Inode {
  static final int BLOCK = 4096;
  static final int SLOT = 32; // inodes start at multiples of it

  /** The largest chunk there is; all of a file is one chunk here. */
  static final long MAX_FILE_SIZE = 1L << 43; // EROFS_CHUNK_FORMAT_BLKBITS_MASK + 12 bits

  private static final int COMPACT = 32;
  private static final int EXTENDED = 64;
  private static final int XATTR_HEADER = 12; // struct erofs_xattr_ibody_header
  private static final int MAX_SHARED = 128; // of one inode: EROFS_XATTR_LONG_PREFIX
  private static final int HOLE = -1; // EROFS_NULL_ADDR

  private static final int FLAT_PLAIN = 0;
  private static final int FLAT_INLINE = 2;
  private static final int CHUNK_BASED = 4;

  /** Types, with the numbers that directory entries have for them (EROFS_FT_*). */
  enum Type {
    REGULAR(0100000, 1),
    DIRECTORY(0040000, 2),
    CHARACTER_DEVICE(0020000, 3),
    SYMLINK(0120000, 7);

    private final int mode;
    private final int entryType;

    Type(int mode, int entryType) {
      this.mode = mode;
      this.entryType = entryType;
    }
  }

  private final Type type;
  private final int permissions;
  private final long uid;
  private final long gid;
  private final long size; // of a file, or of a link's target
  private final List<Xattr> xattrs;
  private final byte[] target;
  private @Nullable DirectoryEntries entries;

  private int headSize; // inode and attributes
  private boolean compact;
  private long position;
  private int tail;
  private int blocks;

  private Inode(Type type, Metadata metadata, List<Xattr> xattrs, long size, byte[] target) {
    this.type = type;
    this.permissions = metadata.permissions();
    this.uid = metadata.uid();
    this.gid = metadata.gid();
    this.size = size;
    this.xattrs = xattrs;
    this.target = target;
  }

  /** A file whose content is elsewhere, or a directory or a device: then {@code size} is 0. */
  static Inode of(Type type, Metadata metadata, List<Xattr> xattrs, long size) {
    return new Inode(type, metadata, xattrs, size, new byte[0]);
  }

  static Inode symlink(Metadata metadata, List<Xattr> xattrs, String target) {
    byte[] bytes = target.getBytes(StandardCharsets.UTF_8);
    return new Inode(Type.SYMLINK, metadata, xattrs, bytes.length, bytes);
  }

  /** Makes the entries of a directory known, those for itself and its parent included. */
  void setEntries(SortedMap<String, Inode> all) {
    entries = new DirectoryEntries(all);
  }

  List<Xattr> xattrs() {
    return xattrs;
  }

  boolean isDirectory() {
    return type == Type.DIRECTORY;
  }

  int entryType() {
    return type.entryType;
  }

  /** Number of this inode in directory entries. */
  long nid() {
    return position / SLOT;
  }

  /** How many blocks it has among the data. */
  int blocks() {
    return blocks;
  }

  /**
   * Chooses a place.
   *
   * @param end where the inode before ends
   * @return where this one ends
   */
  long place(long end, SharedXattrs shared) {
    if (entries != null) {
      blocks = entries.fullBlocks();
      tail = entries.tail();
    } else {
      tail = type == Type.SYMLINK ? target.length : size > 0 ? Integer.BYTES : 0;
    }
    compact = links() <= 0xFFFF && uid <= 0xFFFF && gid <= 0xFFFF && storedSize() <= 0xFFFF_FFFFL;
    headSize = (compact ? COMPACT : EXTENDED) + xattrSize(shared);
    position = roundUp(end, SLOT);
    position += type == Type.SYMLINK ? padSymlink() : padTail();
    return position + headSize + tail;
  }

  /** A target and its inode are in one block, if they fit into one. */
  private long padSymlink() {
    int all = headSize + tail;
    boolean straddles = position / BLOCK != (position + all - 1) / BLOCK;
    if (all >= BLOCK) {
      moveTail();
    }
    return straddles ? roundUp(position, BLOCK) - position : 0;
  }

  private long padTail() {
    int room = room(position);
    if (room >= tail) {
      return 0;
    }
    long pad = roundUp(room, SLOT);
    if (room(position + pad) >= tail) {
      return pad;
    }
    moveTail();
    return roundUp(position, BLOCK) - position;
  }

  /** What is left of the block in which the tail begins. */
  private int room(long at) {
    return BLOCK - (int) ((at + headSize) % BLOCK);
  }

  private void moveTail() {
    blocks++;
    tail = 0;
  }

  private long links() {
    return entries == null ? 1 : entries.links();
  }

  private long storedSize() {
    return entries == null ? size : (long) blocks * BLOCK + tail;
  }

  private boolean isShared(int index, int sharedBefore, SharedXattrs shared) {
    return sharedBefore < MAX_SHARED && shared.contains(xattrs.get(index));
  }

  private int xattrSize(SharedXattrs shared) {
    int count = 0;
    int size = XATTR_HEADER;
    for (int i = 0; i < xattrs.size(); i++) {
      boolean isShared = isShared(i, count, shared);
      count += isShared ? 1 : 0;
      size += isShared ? Integer.BYTES : xattrs.get(i).size();
    }
    return xattrs.isEmpty() ? 0 : size;
  }

  /**
   * Writes the inode, its attributes and its tail.
   *
   * @param number of the inode
   * @param dataBlock first block of its data, if it has any
   * @param sharedStart where the shared attributes are, from the start of their block
   */
  void put(ByteBuffer image, int number, int dataBlock, SharedXattrs shared, int sharedStart) {
    int at = Math.toIntExact(position);
    int icount = headSize - (compact ? COMPACT : EXTENDED);
    image.putShort(at, (short) (layout() << 1 | (compact ? 0 : 1)));
    image.putShort(at + 2, (short) (icount == 0 ? 0 : (icount - XATTR_HEADER) / 4 + 1));
    image.putShort(at + 4, (short) (type.mode | permissions));
    // i_u: the first block, or how large chunks are.
    image.putInt(at + 16, isBacked() ? chunkBits() : blocks == 0 ? 0 : dataBlock);
    image.putInt(at + 20, number);
    if (compact) {
      image.putShort(at + 6, (short) links());
      image.putInt(at + 8, (int) storedSize());
      image.putShort(at + 24, (short) uid);
      image.putShort(at + 26, (short) gid);
    } else {
      image.putLong(at + 8, storedSize());
      image.putInt(at + 24, (int) uid);
      image.putInt(at + 28, (int) gid);
      image.putInt(at + 44, (int) links());
    }
    putXattrs(image, at + (compact ? COMPACT : EXTENDED), shared, sharedStart);
    putTail(image, at + headSize);
  }

  private boolean isBacked() {
    return type == Type.REGULAR && size > 0;
  }

  private int layout() {
    return isBacked() ? CHUNK_BASED : tail > 0 ? FLAT_INLINE : FLAT_PLAIN;
  }

  /** Binary logarithm of the blocks in the smallest chunk that takes the whole file. */
  private int chunkBits() {
    return Math.max(0, Long.SIZE - Long.numberOfLeadingZeros((size - 1) / BLOCK));
  }

  private void putXattrs(ByteBuffer image, int start, SharedXattrs shared, int sharedStart) {
    if (xattrs.isEmpty()) {
      return;
    }
    int filter = 0;
    int count = 0;
    int id = start + XATTR_HEADER;
    for (int i = 0; i < xattrs.size(); i++) {
      filter |= xattrs.get(i).filterBit();
      if (isShared(i, count, shared)) {
        image.putInt(id, (sharedStart + shared.offset(xattrs.get(i))) / 4);
        id += Integer.BYTES;
        count++;
      }
    }
    image.putInt(start, ~filter);
    image.put(start + 4, (byte) count);
    int at = id;
    int before = 0;
    for (int i = 0; i < xattrs.size(); i++) {
      if (isShared(i, before, shared)) {
        before++;
      } else {
        xattrs.get(i).put(image, at);
        at += xattrs.get(i).size();
      }
    }
  }

  private void putTail(ByteBuffer image, int at) {
    if (tail == 0) {
      return;
    }
    if (entries != null) {
      entries.putTail(image, at);
    } else if (type == Type.SYMLINK) {
      image.put(at, target);
    } else {
      image.putInt(at, HOLE);
    }
  }

  /** Writes what the inode has among the data. */
  void putData(ByteBuffer image, int at) {
    if (entries != null) {
      entries.putBlocks(image, at, blocks);
    } else if (blocks > 0) {
      image.put(at, target);
    }
  }

  static long roundUp(long value, int unit) {
    return (value + unit - 1) / unit * unit;
  }
}
