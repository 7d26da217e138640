package org.bib.ext4;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.bib.disk.MalformedDiskException;
import org.bib.tree.NameOrder;

/**
 * Extended attributes as {@link ExtendedAttributes} stores them, read back: under their full names,
 * ACLs as getxattr(2) gives them.
 */
final class AttributeReader {
  private static final int MAGIC = 0xEA020000;
  private static final int HEADER = 32;
  private static final int ENTRY = 16;
  private static final int MAX_VALUE = 65536; // XATTR_SIZE_MAX
  private static final Map<Integer, String> PREFIXES =
      Map.of(
          1, "user.",
          2, "system.posix_acl_access",
          3, "system.posix_acl_default",
          4, "trusted.",
          6, "security.",
          7, "system.",
          8, "system.richacl");

  /** The attribute that holds what of a small file does not fit {@code i_block}. */
  static final String INLINE_DATA = "system.data";

  private final Values values;
  private final TreeMap<String, byte[]> found = new TreeMap<>(NameOrder.INSTANCE);

  /** Reads values that have an inode of their own. */
  @FunctionalInterface
  interface Values {
    byte[] read(int inode, int size) throws IOException;
  }

  AttributeReader(Values values) {
    this.values = values;
  }

  /** Everything found so far. */
  Map<String, byte[]> found() {
    return found;
  }

  /** Reads what stands in an inode. */
  void readInode(ByteBuffer room) throws IOException {
    if (room.capacity() > 4 && room.getInt(0) == MAGIC) {
      ByteBuffer area = room.slice(4, room.capacity() - 4).order(ByteOrder.LITTLE_ENDIAN);
      read(area, 0);
    }
  }

  /** Reads a block of attributes. */
  void readBlock(byte[] block) throws IOException {
    ByteBuffer area = ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN);
    if (area.getInt(0) != MAGIC || area.getInt(8) != 1) {
      throw new MalformedDiskException("its block of extended attributes is damaged");
    }
    read(area, HEADER);
  }

  /** Whether the checksum of a block is right. */
  static boolean isIntact(byte[] block, long number, int filesystem) {
    int crc = Crc32c.update(filesystem, (int) number);
    crc = Crc32c.update(crc, (int) (number >>> 32));
    crc = Crc32c.update(crc, block, 0, 16);
    crc = Crc32c.zeros(crc, 4);
    crc = Crc32c.update(crc, block, 20, block.length - 20);
    return crc == ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN).getInt(16);
  }

  private void read(ByteBuffer area, int start) throws IOException {
    int at = start;
    while (at + 4 <= area.capacity() && area.getInt(at) != 0) {
      int nameLength = area.get(at) & 0xFF;
      if (at + ENTRY + nameLength > area.capacity()) {
        throw new MalformedDiskException("its extended attributes are damaged");
      }
      String prefix = PREFIXES.get(area.get(at + 1) & 0xFF);
      byte[] name = new byte[nameLength];
      area.get(at + ENTRY, name);
      if (prefix == null) {
        throw new MalformedDiskException("an extended attribute has an unknown prefix");
      }
      String full = prefix + new String(name, StandardCharsets.UTF_8);
      byte[] value = value(area, at);
      found.put(full, full.startsWith("system.posix_acl_") ? acl(value) : value);
      at += ENTRY + (nameLength + 3 & ~3);
    }
  }

  private byte[] value(ByteBuffer area, int at) throws IOException {
    int offset = area.getShort(at + 2) & 0xFFFF;
    int inode = area.getInt(at + 4);
    int size = area.getInt(at + 8);
    if (size < 0 || size > MAX_VALUE || (inode == 0 && offset + size > area.capacity())) {
      throw new MalformedDiskException("the value of an extended attribute is damaged");
    }
    if (inode != 0) {
      return values.read(inode, size);
    }
    byte[] value = new byte[size];
    area.get(offset, value);
    return value;
  }

  /** Version 1 of fs/ext4/acl.h to version 2 of linux/posix_acl_xattr.h. */
  private static byte[] acl(byte[] value) throws MalformedDiskException {
    ByteBuffer in = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer out = ByteBuffer.allocate(4 + 2 * value.length).order(ByteOrder.LITTLE_ENDIAN);
    if (in.remaining() < 4 || in.getInt() != 1) {
      throw new MalformedDiskException("its ACL is damaged");
    }
    out.putInt(2);
    while (in.remaining() >= 4) {
      short tag = in.getShort();
      out.putShort(tag).putShort(in.getShort());
      boolean named = tag == 2 || tag == 8; // ACL_USER, ACL_GROUP
      if (named && in.remaining() < 4) {
        throw new MalformedDiskException("its ACL is damaged");
      }
      out.putInt(named ? in.getInt() : -1);
    }
    byte[] acl = new byte[out.position()];
    out.flip().get(acl);
    return acl;
  }
}
