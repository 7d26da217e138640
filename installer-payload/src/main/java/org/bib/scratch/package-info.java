/** Directories for what is not finished, which are gone when their owner is, however it ends. */
@NullMarked
package org.bib.scratch;

import org.jspecify.annotations.NullMarked;
