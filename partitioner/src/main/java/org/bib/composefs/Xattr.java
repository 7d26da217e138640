package org.bib.composefs;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import org.apache.commons.codec.digest.XXHash32;
import org.bib.tree.NameOrder;

/**
 * An extended attribute (struct erofs_xattr_entry, fs/erofs/erofs_fs.h).
 *
 * @param name in full, {@code security.selinux}
 * @param value read-only
 */
record Xattr(String name, ByteBuffer value) {
  /** The order of shared attributes: names descending, the longest value first. */
  static final Comparator<Xattr> SHARED_ORDER =
      Comparator.comparing(Xattr::name, NameOrder.INSTANCE)
          .thenComparingInt(xattr -> xattr.value.remaining())
          .thenComparing(Xattr::value, Xattr::compareUnsigned)
          .reversed();

  private static final int ENTRY = 4;
  private static final int FILTER_SEED = 0x25BBE08F; // EROFS_XATTR_FILTER_SEED

  /** Prefixes that are stored as numbers (EROFS_XATTR_INDEX_*). */
  private static final List<Prefix> PREFIXES =
      List.of(
          new Prefix("user.", 1),
          new Prefix("system.posix_acl_access", 2),
          new Prefix("system.posix_acl_default", 3),
          new Prefix("trusted.", 4),
          new Prefix("security.", 6),
          new Prefix("", 0));

  private record Prefix(String text, int index) {}

  boolean isAcl() {
    return name.equals("system.posix_acl_access") || name.equals("system.posix_acl_default");
  }

  /** Size in the image, in bytes. */
  int size() {
    return (ENTRY + suffix().length + value.remaining() + 3) & ~3;
  }

  /** The bit of the name in the filter of absent names. */
  int filterBit() {
    XXHash32 hash = new XXHash32(FILTER_SEED + prefix().index());
    byte[] suffix = suffix();
    hash.update(suffix, 0, suffix.length);
    return 1 << (hash.getValue() & 31);
  }

  /** Writes the entry at {@code at}. */
  void put(ByteBuffer image, int at) {
    byte[] suffix = suffix();
    image.put(at, (byte) suffix.length);
    image.put(at + 1, (byte) prefix().index());
    image.putShort(at + 2, (short) value.remaining());
    image.put(at + ENTRY, suffix);
    image.put(at + ENTRY + suffix.length, value, value.position(), value.remaining());
  }

  private Prefix prefix() {
    for (Prefix prefix : PREFIXES) {
      if (name.startsWith(prefix.text())) {
        return prefix;
      }
    }
    throw new IllegalStateException("the last prefix is empty");
  }

  private byte[] suffix() {
    return name.substring(prefix().text().length()).getBytes(StandardCharsets.UTF_8);
  }

  private static int compareUnsigned(ByteBuffer a, ByteBuffer b) {
    int mismatch = a.mismatch(b);
    // Only values of one length are compared.
    return mismatch < 0
        ? 0
        : Byte.compareUnsigned(a.get(a.position() + mismatch), b.get(b.position() + mismatch));
  }
}
