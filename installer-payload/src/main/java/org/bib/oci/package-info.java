/** Sources: an image reference to verified manifest, configuration and layer streams. */
@NullMarked
package org.bib.oci;

import org.jspecify.annotations.NullMarked;
