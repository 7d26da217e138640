/**
 * Layers to one tree, as the OCI image specification 1.1 (layer.md) says.
 *
 * <ol>
 *   <li>{@link org.bib.rootfs.TarReader} reads entries: ustar, GNU and PAX headers;
 *   <li>{@link org.bib.rootfs.LayerReader} turns a layer into {@link org.bib.rootfs.LayerEntry}s
 *       while contents stay in the layer cache ({@link org.bib.rootfs.TarContents}) or go to a
 *       {@link org.bib.rootfs.Spool}, several layers at a time ({@link org.bib.rootfs.LayerFiles});
 *   <li>layers of an encapsulated ostree commit are read by {@link org.bib.rootfs.ChunkReader}
 *       instead, and {@link org.bib.rootfs.DerivedLayers} filters those on top as ostree does;
 *   <li>{@link org.bib.rootfs.LayerMerger} applies the layers in order;
 *   <li>{@link org.bib.rootfs.ImageTree} holds the result.
 * </ol>
 */
@NullMarked
package org.bib.rootfs;

import org.jspecify.annotations.NullMarked;
