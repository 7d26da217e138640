/** What a build tells while it runs: a flat, typed stream of events. */
@NullMarked
package org.bib.progress;

import org.jspecify.annotations.NullMarked;
