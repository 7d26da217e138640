/** Bootstrap secrets: users, groups, keys and files that the configuration names. */
@NullMarked
package org.bib.secrets;

import org.jspecify.annotations.NullMarked;
