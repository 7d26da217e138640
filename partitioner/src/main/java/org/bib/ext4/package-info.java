/**
 * ext4, written into a disk image at an offset: {@code mke2fs} makes the empty filesystem,
 * libext2fs allocates inodes and blocks and computes checksums, and the classes here encode inodes,
 * extents, directories and attributes. File contents are placed, not copied.
 *
 * <p>Layouts are those of the kernel's Documentation/filesystems/ext4.
 */
@NullMarked
package org.bib.ext4;

import org.jspecify.annotations.NullMarked;
