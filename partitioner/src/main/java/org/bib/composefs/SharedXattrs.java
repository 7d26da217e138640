package org.bib.composefs;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The attributes that more than one inode has, stored once behind the inodes. */
final class SharedXattrs {
  private final List<Xattr> shared;
  private final Map<Xattr, Integer> offsets = new HashMap<>();
  private final long size;

  private SharedXattrs(List<Xattr> shared) {
    this.shared = shared;
    long end = 0;
    for (Xattr xattr : shared) {
      offsets.put(xattr, Math.toIntExact(end));
      end += xattr.size();
    }
    this.size = end;
  }

  static SharedXattrs of(List<Inode> inodes) {
    Map<Xattr, Integer> uses = new HashMap<>();
    for (Inode inode : inodes) {
      inode.xattrs().forEach(xattr -> uses.merge(xattr, 1, Integer::sum));
    }
    return new SharedXattrs(
        uses.entrySet().stream()
            .filter(use -> use.getValue() > 1)
            .map(Map.Entry::getKey)
            .sorted(Xattr.SHARED_ORDER)
            .toList());
  }

  boolean contains(Xattr xattr) {
    return offsets.containsKey(xattr);
  }

  /** Offset of an attribute that is shared, from the first one. */
  int offset(Xattr xattr) {
    return Objects.requireNonNull(offsets.get(xattr));
  }

  /** Size of them all, in bytes. */
  long size() {
    return size;
  }

  void put(ByteBuffer image, int at) {
    shared.forEach(xattr -> xattr.put(image, at + offset(xattr)));
  }
}
