/**
 * Bootstrap secrets: users, groups, keys and files that the configuration names.
 *
 * <ol>
 *   <li>{@link org.bib.secrets.BootstrapSecrets} writes them into a deployment's {@code /etc} and a
 *       stateroot's {@code /var}, groups first, then users, then directories and files;
 *   <li>{@code SystemTree} resolves paths as the booted system will, without leaving it;
 *   <li>{@code AccountDatabase} edits the files of passwd(5) and its kin, {@code PasswordHash}
 *       calls libcrypt.
 * </ol>
 *
 * <p>Nothing of the image is executed, the clock is not read, and passwords are never shown.
 */
@NullMarked
package org.bib.secrets;

import org.jspecify.annotations.NullMarked;
