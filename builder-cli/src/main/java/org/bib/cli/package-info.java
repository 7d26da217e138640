/** The command line: words from people to a build specification, and failures to words. */
@NullMarked
package org.bib.cli;

import org.jspecify.annotations.NullMarked;
