/**
 * Finished disks, read back without mounting anything: what they are ({@link
 * org.bib.inspect.DiskDocument}), and whether they are what bib makes of their image ({@link
 * org.bib.inspect.DiskVerification}). Contents of files are never told, for they may be secrets.
 */
@NullMarked
package org.bib.inspect;

import org.jspecify.annotations.NullMarked;
