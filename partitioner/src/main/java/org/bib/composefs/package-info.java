/**
 * composefs images: EROFS filesystems without file contents, whose files overlayfs finds by digest
 * elsewhere. The bytes are those that libcomposefs 1.0.8 writes for format version 0, as a digest
 * of the image may be signed.
 *
 * <ol>
 *   <li>{@link org.bib.composefs.OverlayTree} turns a tree into inodes with the attributes that
 *       overlayfs reads;
 *   <li>{@link org.bib.composefs.SharedXattrs} finds what several of them have in common;
 *   <li>{@link org.bib.composefs.Inode} knows its size and place;
 *   <li>{@link org.bib.composefs.ComposefsImage} places all and writes them.
 * </ol>
 *
 * <p>As libostree makes these images, there is an inode for each name, hard link or not, and every
 * time is the epoch. Whiteouts, devices and contents within the image, which format version 1 and
 * other users of composefs have, are absent.
 */
@NullMarked
package org.bib.composefs;

import org.jspecify.annotations.NullMarked;
