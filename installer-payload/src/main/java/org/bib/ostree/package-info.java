/**
 * ostree objects, commits and the first deployment, as libostree and ostree-ext write them
 * (repository mode {@code bare}).
 *
 * <ol>
 *   <li>{@link org.bib.ostree.GVariant} serialises, {@link org.bib.ostree.ObjectEncoder} makes the
 *       objects of files, directories and commits;
 *   <li>{@link org.bib.ostree.ObjectStore} hashes trees and keeps one node an object;
 *   <li>{@link org.bib.ostree.ImportFilter} turns a container's tree into what ostree commits;
 *   <li>{@link org.bib.ostree.PrepareRoot} tells how a deployment will be mounted, {@link
 *       org.bib.ostree.CommitImage} makes the composefs image for that;
 *   <li>{@link org.bib.ostree.EncapsulatedLayer} takes the objects out of layers of an encapsulated
 *       commit, {@link org.bib.ostree.BaseCommit} reads them with {@link
 *       org.bib.ostree.ObjectDecoder}.
 * </ol>
 */
@NullMarked
package org.bib.ostree;

import org.jspecify.annotations.NullMarked;
