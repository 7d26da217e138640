package org.bib.ext4;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.bib.failure.BuildException;
import org.bib.tree.Xattrs;

/**
 * Extended attributes as ext4 stores them: as many as fit into the inode, the rest in one block
 * (Documentation/filesystems/ext4/attributes.rst).
 */
final class ExtendedAttributes {
  private static final int MAGIC = 0xEA020000;
  private static final int HEADER = 32; // struct ext4_xattr_header
  private static final int ENTRY = 16; // struct ext4_xattr_entry without the name
  // Of the inode, less magic and end of entries.
  private static final int ROOM = InodeImage.SIZE - 128 - InodeImage.EXTRA_ISIZE - 4 - 4;

  private final List<Attribute> inInode = new ArrayList<>();
  private final List<Attribute> inBlock = new ArrayList<>();

  private record Attribute(int index, String suffix, ByteBuffer value) {
    byte[] name() {
      return suffix.getBytes(StandardCharsets.UTF_8);
    }

    int size() {
      return ENTRY + pad(name().length) + pad(value.remaining());
    }

    /** ext2fs_ext_attr_hash_entry: over the name, then the value in words. */
    int hash() {
      int hash = 0;
      for (byte b : name()) {
        hash = (hash << 5) ^ (hash >>> 27) ^ (b & 0xFF);
      }
      ByteBuffer words =
          ByteBuffer.wrap(Arrays.copyOf(Xattrs.bytes(value), pad(value.remaining())))
              .order(ByteOrder.LITTLE_ENDIAN);
      while (words.hasRemaining()) {
        hash = (hash << 16) ^ (hash >>> 16) ^ words.getInt();
      }
      return hash;
    }
  }

  /**
   * Distributes {@code xattrs} over inode and block.
   *
   * @throws BuildException if they do not fit, naming {@code path}
   */
  ExtendedAttributes(Xattrs xattrs, String path) throws IOException {
    int room = ROOM;
    int blockRoom = Ext4Writer.BLOCK_SIZE - HEADER - 4;
    for (Map.Entry<String, ByteBuffer> entry : xattrs.values().entrySet()) {
      Attribute attribute = attribute(entry.getKey(), entry.getValue(), path);
      if (attribute.size() <= room) {
        room -= attribute.size();
        inInode.add(attribute);
      } else {
        blockRoom -= attribute.size();
        inBlock.add(attribute);
      }
    }
    if (blockRoom < 0) {
      throw new BuildException(
          path + ": its extended attributes are larger than the 4 KiB that ext4 has for them",
          "make them smaller in the image");
    }
    // The kernel searches a block for an attribute in this order and stops when it is past it.
    inBlock.sort(
        Comparator.comparingInt(Attribute::index)
            .thenComparingInt(attribute -> attribute.name().length)
            .thenComparing(Attribute::name, Arrays::compareUnsigned));
  }

  /** Whether {@code xattrs} certainly need no block. */
  static boolean fitInode(Xattrs xattrs) {
    int size = 0;
    for (Map.Entry<String, ByteBuffer> entry : xattrs.values().entrySet()) {
      // The prefix of the name is not stored, but counts here.
      size += new Attribute(0, entry.getKey(), entry.getValue()).size();
    }
    return size <= ROOM;
  }

  private static Attribute attribute(String name, ByteBuffer value, String path)
      throws BuildException {
    if (name.equals("system.posix_acl_access")) {
      return new Attribute(2, "", acl(value, path));
    }
    if (name.equals("system.posix_acl_default")) {
      return new Attribute(3, "", acl(value, path));
    }
    for (Map.Entry<String, Integer> prefix :
        Map.of("user.", 1, "trusted.", 4, "security.", 6).entrySet()) {
      if (name.startsWith(prefix.getKey()) && name.length() > prefix.getKey().length()) {
        return new Attribute(
            prefix.getValue(), name.substring(prefix.getKey().length()), value.duplicate());
      }
    }
    throw new BuildException(
        path + ": ext4 has no place for the extended attribute " + name,
        "remove the attribute in the image");
  }

  /** Version 2 of linux/posix_acl_xattr.h to version 1 of fs/ext4/acl.h, which leaves ids out. */
  private static ByteBuffer acl(ByteBuffer value, String path) throws BuildException {
    ByteBuffer in = value.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    if (in.remaining() < 4 || in.getInt() != 2 || in.remaining() % 8 != 0) {
      throw new BuildException(path + ": its ACL is damaged", "set the ACL again in the image");
    }
    ByteBuffer out = ByteBuffer.allocate(value.remaining()).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(1);
    while (in.hasRemaining()) {
      short tag = in.getShort();
      out.putShort(tag).putShort(in.getShort());
      int id = in.getInt();
      if (tag == 2 || tag == 8) { // ACL_USER, ACL_GROUP
        out.putInt(id);
      }
    }
    return out.flip();
  }

  /** Writes what goes into the inode. */
  void putIntoInode(ByteBuffer room) {
    if (inInode.isEmpty()) {
      return;
    }
    room.putInt(0, MAGIC);
    put(inInode, room.slice(4, room.capacity() - 4).order(ByteOrder.LITTLE_ENDIAN), 0);
  }

  boolean needBlock() {
    return !inBlock.isEmpty();
  }

  /** The block, without its checksum. */
  byte[] block() {
    ByteBuffer block = ByteBuffer.allocate(Ext4Writer.BLOCK_SIZE).order(ByteOrder.LITTLE_ENDIAN);
    block.putInt(0, MAGIC);
    block.putInt(4, 1); // h_refcount
    block.putInt(8, 1); // h_blocks
    int hash = 0;
    for (Attribute attribute : inBlock) {
      hash = (hash << 16) ^ (hash >>> 16) ^ attribute.hash();
    }
    block.putInt(12, hash);
    put(inBlock, block, HEADER);
    return block.array();
  }

  /** Entries go up from {@code at}, values down from the end; offsets count from the start. */
  private static void put(List<Attribute> attributes, ByteBuffer area, int at) {
    int entry = at;
    int value = area.capacity();
    for (Attribute attribute : attributes) {
      byte[] name = attribute.name();
      byte[] bytes = Xattrs.bytes(attribute.value());
      value -= pad(bytes.length);
      area.put(entry, (byte) name.length);
      area.put(entry + 1, (byte) attribute.index());
      area.putShort(entry + 2, (short) (bytes.length == 0 ? 0 : value));
      area.putInt(entry + 8, bytes.length);
      area.putInt(entry + 12, attribute.hash());
      area.put(entry + ENTRY, name);
      area.put(value, bytes);
      entry += ENTRY + pad(name.length);
    }
  }

  private static int pad(int length) {
    return (length + 3) & ~3;
  }
}
