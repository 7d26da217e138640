package org.bib.build;

import java.nio.file.Path;
import org.bib.oci.SourceOptions;

/**
 * Which image to read, and how.
 *
 * @param image reference of the image, as typed
 * @param source how to reach it
 * @param directory where contents are kept meanwhile
 * @param threads how many threads to use, 1 or more
 */
public record ImageSpec(String image, SourceOptions source, Path directory, int threads) {}
