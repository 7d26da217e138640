/**
 * Partition tables, written through libfdisk, read by own code: GUID partition tables (UEFI 2.10,
 * chapter 5) and the DOS tables of the MBR.
 */
@NullMarked
package org.bib.gpt;

import org.jspecify.annotations.NullMarked;
