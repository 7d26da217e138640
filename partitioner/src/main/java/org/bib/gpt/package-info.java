/** GUID partition tables (UEFI 2.10, chapter 5), written through libfdisk. */
@NullMarked
package org.bib.gpt;

import org.jspecify.annotations.NullMarked;
