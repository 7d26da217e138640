/** A disk as sparse bytes: sizes, ranges, contents, and the image they make up. */
@NullMarked
package org.bib.disk;

import org.jspecify.annotations.NullMarked;
