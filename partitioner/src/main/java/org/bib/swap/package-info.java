/** Swap areas. */
@NullMarked
package org.bib.swap;

import org.jspecify.annotations.NullMarked;
