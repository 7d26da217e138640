package org.bib.rootfs;

import java.util.List;
import java.util.Optional;
import org.bib.disk.ByteRange;
import org.bib.tree.Metadata;

/**
 * A member of a tar archive.
 *
 * @param path as the archive has it
 * @param type what it is
 * @param metadata mode, owner, time, attributes
 * @param link target of a symbolic or hard link, else empty
 * @param size of the file in bytes, holes counted
 * @param sparse for a sparse member, where its stored bytes go, ascending; they are stored back to
 *     back
 */
record TarEntry(
    String path,
    Type type,
    Metadata metadata,
    String link,
    long size,
    Optional<List<ByteRange>> sparse) {

  /** Types of members (POSIX.1-2017, pax "ustar Interchange Format", typeflag). */
  enum Type {
    FILE,
    HARD_LINK,
    SYMLINK,
    CHARACTER_DEVICE,
    BLOCK_DEVICE,
    DIRECTORY,
    FIFO
  }
}
