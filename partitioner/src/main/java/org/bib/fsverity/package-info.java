/** fs-verity, by which a kernel checks files as they are read: Merkle trees and digests. */
@NullMarked
package org.bib.fsverity;

import org.jspecify.annotations.NullMarked;
