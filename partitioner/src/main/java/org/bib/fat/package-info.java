/** FAT32, as in Microsoft's "FAT: General Overview of On-Disk Format", version 1.03. */
@NullMarked
package org.bib.fat;

import org.jspecify.annotations.NullMarked;
