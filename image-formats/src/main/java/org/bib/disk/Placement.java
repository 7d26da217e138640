package org.bib.disk;

/**
 * A run of a content and its place on a disk.
 *
 * @param offset on the disk, in bytes
 * @param length in bytes
 * @param position of the first byte within the content
 */
record Placement(long offset, long length, Content content, long position) {
  /** Offset on the disk of the first byte after it. */
  long end() {
    return offset + length;
  }
}
