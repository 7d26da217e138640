/** Configuration files in the blueprint format, TOML or JSON, checked strictly. */
@NullMarked
package org.bib.config;

import org.jspecify.annotations.NullMarked;
