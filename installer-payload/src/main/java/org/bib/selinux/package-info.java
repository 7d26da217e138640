/**
 * The labels that an SELinux policy gives to paths, without SELinux: what {@code selabel_lookup(3)}
 * of libselinux says, from the policy's text files alone.
 *
 * <ol>
 *   <li>{@link org.bib.selinux.SelinuxPolicy} finds the policy of an image;
 *   <li>{@link org.bib.selinux.FileContexts} reads its specifications and looks paths up, {@link
 *       org.bib.selinux.PathAliases} having had their say;
 *   <li>{@link org.bib.selinux.RegexParser} and {@link org.bib.selinux.RegexSet} match all regular
 *       expressions at once, in time linear in the path: a policy that comes with an image is no
 *       more to be trusted than the rest of it, and {@code java.util.regex} backtracks;
 *   <li>{@link org.bib.selinux.Labels} writes the labels into trees.
 * </ol>
 *
 * <p>The rules are those of libselinux 3.11 (label_file.c, label_file.h); versions before 3.8
 * differ where one file has the same literal path twice or {@code <<none>>} meets a later line.
 */
@NullMarked
package org.bib.selinux;

import org.jspecify.annotations.NullMarked;
