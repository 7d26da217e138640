/** Boot loaders out of the image's own files; none of the image's tools is run. */
@NullMarked
package org.bib.boot;

import org.jspecify.annotations.NullMarked;
