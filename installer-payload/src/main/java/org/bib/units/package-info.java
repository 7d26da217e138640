/**
 * Units of systemd that are enabled, disabled and masked in an image, as {@code systemctl --root}
 * does it (systemd, src/shared/install.c): {@link org.bib.units.UnitLinks} makes and removes the
 * links below {@code /etc/systemd/system}. Nothing is executed.
 */
@NullMarked
package org.bib.units;

import org.jspecify.annotations.NullMarked;
