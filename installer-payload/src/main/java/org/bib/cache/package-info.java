/**
 * Layers that are kept between builds, each as its uncompressed tar under its diff_id.
 *
 * <p>{@code DIRECTORY/layers} holds
 *
 * <ul>
 *   <li>{@code sha256-HEX.tar}, the tar of the layer with that diff_id, runs of zeros as holes; its
 *       time of modification is that of its last use;
 *   <li>{@code sha256-HEX.from}, a line with the reference of the image with which it came first;
 *   <li>{@code .bib-N}, the {@link org.bib.scratch.ScratchDirectory} of a build, in which the tars
 *       grow.
 * </ul>
 *
 * <ol>
 *   <li>A {@link org.bib.cache.LayerCache} is the cache as one build uses it;
 *   <li>a {@link org.bib.cache.RecordedTar} is read while it is fetched, and kept once its end has
 *       been verified against the diff_id: the file that takes the contents of a build <em>is</em>
 *       the entry, so that nothing is written twice;
 *   <li>a {@link org.bib.cache.CachedTar} is an entry that hashes itself again while it is read;
 *   <li>a {@link org.bib.cache.CacheDirectory} lists, makes room, removes and checks.
 * </ol>
 *
 * <p>An entry appears by rename(2) and goes by unlink(2); who reads one has it open, and keeps it.
 * The lock on {@code layers} is held while room is made for an entry and the entry renamed, so that
 * the bound holds with several builds at a time. Nothing is synced: what a crash damages, the next
 * use finds.
 */
@NullMarked
package org.bib.cache;

import org.jspecify.annotations.NullMarked;
