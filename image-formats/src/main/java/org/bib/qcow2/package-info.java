/** Disks in QEMU's copy-on-write format, version 3, with compressed clusters. */
@NullMarked
package org.bib.qcow2;

import org.jspecify.annotations.NullMarked;
