package org.bib.composefs;

import java.util.Optional;
import org.bib.fsverity.VerityDigest;

/**
 * Where the content of a file is.
 *
 * @param path relative to the directory of contents, {@code ab/cdef.file}
 * @param digest what the kernel demands of the content, if anything
 */
public record Payload(String path, Optional<VerityDigest> digest) {}
