/** The flow: from the intent of a user to the artefacts of a build. */
@NullMarked
package org.bib.build;

import org.jspecify.annotations.NullMarked;
