/** Renderers of build events: terminal, plain lines, JSON lines. */
@NullMarked
package org.bib.report;

import org.jspecify.annotations.NullMarked;
