/**
 * Pure planning of the disk: partitions, sizes, identifiers. No I/O, no clock, no random number.
 */
@NullMarked
package org.bib.layout;

import org.jspecify.annotations.NullMarked;
