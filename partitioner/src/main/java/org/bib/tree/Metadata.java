package org.bib.tree;

import java.time.Instant;

/**
 * What an inode says of itself besides its type.
 *
 * @param permissions the low twelve bits of the mode: setuid, setgid, sticky, rwxrwxrwx
 * @param uid owner, 0 to 2^32-2
 * @param gid group, 0 to 2^32-2
 * @param mtime modification time
 * @param xattrs extended attributes
 */
public record Metadata(int permissions, long uid, long gid, Instant mtime, Xattrs xattrs) {
  private static final long MAX_ID = 0xFFFF_FFFEL; // 2^32-1 means "no id" to chown(2)

  public Metadata {
    if ((permissions & ~07777) != 0) {
      throw new IllegalArgumentException("no permissions: " + Integer.toOctalString(permissions));
    }
    if (uid < 0 || uid > MAX_ID || gid < 0 || gid > MAX_ID) {
      throw new IllegalArgumentException("no uid and gid: " + uid + ":" + gid);
    }
  }

  /** Owned by root, at the epoch, without attributes: what ostree gives to what it makes. */
  public static Metadata root(int permissions) {
    return new Metadata(permissions, 0, 0, Instant.EPOCH, Xattrs.NONE);
  }

  /** The same with other permissions. */
  public Metadata withPermissions(int other) {
    return new Metadata(other, uid, gid, mtime, xattrs);
  }

  /** The same with another owner and group. */
  public Metadata withOwner(long otherUid, long otherGid) {
    return new Metadata(permissions, otherUid, otherGid, mtime, xattrs);
  }

  /** The same with another modification time. */
  public Metadata withMtime(Instant other) {
    return new Metadata(permissions, uid, gid, other, xattrs);
  }

  /** The same with other extended attributes. */
  public Metadata withXattrs(Xattrs other) {
    return new Metadata(permissions, uid, gid, mtime, other);
  }
}
