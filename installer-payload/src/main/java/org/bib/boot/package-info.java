/** Boot loaders: what goes to the ESP, to {@code /boot} and in front of the partitions. */
@NullMarked
package org.bib.boot;

import org.jspecify.annotations.NullMarked;
