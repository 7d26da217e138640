/** What the installed system mounts by itself, and the files in its {@code /etc} that say so. */
@NullMarked
package org.bib.mount;

import org.jspecify.annotations.NullMarked;
