/** The product from outside: builds as an unprivileged user, independent readers, a boot. */
@NullMarked
package org.bib.tests;

import org.jspecify.annotations.NullMarked;
