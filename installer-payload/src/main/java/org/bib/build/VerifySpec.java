package org.bib.build;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Which disk to verify.
 *
 * @param disk file of the disk
 * @param image what the disk was built of, if it is to be compared with that
 * @param configured whether {@code image} has the configuration that the disk was built with
 * @param threads how many threads to use, 1 or more
 */
public record VerifySpec(Path disk, Optional<BuildSpec> image, boolean configured, int threads) {}
