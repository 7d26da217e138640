/**
 * Settings of a system that a configuration names: clock, language, units, certificate authorities,
 * FIPS mode, credentials of registries. {@link org.bib.settings.HostSettings} writes them into
 * {@code /etc} where the programs of the image look for them; what the image cannot honour it
 * tells. Nothing is executed.
 */
@NullMarked
package org.bib.settings;

import org.jspecify.annotations.NullMarked;
