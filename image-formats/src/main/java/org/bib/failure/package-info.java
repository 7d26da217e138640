/** The failures a user can do something about. */
@NullMarked
package org.bib.failure;

import org.jspecify.annotations.NullMarked;
