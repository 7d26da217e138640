/** The tree of files that a filesystem writer consumes; contents stay on disk. */
@NullMarked
package org.bib.tree;

import org.jspecify.annotations.NullMarked;
