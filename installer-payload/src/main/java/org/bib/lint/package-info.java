/**
 * What is wrong with an image, all of it at once: the rules of {@code bootc container lint}
 * (lints.rs), and what an installation needs besides.
 *
 * <ol>
 *   <li>{@link org.bib.lint.ImageLint} asks every rule and makes a {@link org.bib.lint.LintReport};
 *   <li>a {@code Rule} looks at an {@code Image} and adds to {@code Findings};
 *   <li>a {@link org.bib.lint.Finding} is fatal if the disk would not boot or bootc would not
 *       install the image, else a warning.
 * </ol>
 *
 * <p>Names keep those of bootc's rules. Names that are not UTF-8 never get here: the reader of
 * layers refuses them.
 */
@NullMarked
package org.bib.lint;

import org.jspecify.annotations.NullMarked;
