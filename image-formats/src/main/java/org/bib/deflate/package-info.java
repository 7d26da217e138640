/** The deflate format of RFC 1951, written the same way on every machine. */
@NullMarked
package org.bib.deflate;

import org.jspecify.annotations.NullMarked;
