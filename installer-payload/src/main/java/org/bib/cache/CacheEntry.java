package org.bib.cache;

import java.time.Instant;
import java.util.Optional;
import org.bib.disk.ByteSize;
import org.bib.oci.Digest;

/**
 * A layer that is kept.
 *
 * @param diffId digest of the tar
 * @param size of the tar, holes counted
 * @param lastUse when a build last read it, or it was kept
 * @param reference of the image with which it came first, as typed, if that is known
 */
public record CacheEntry(
    Digest diffId, ByteSize size, Instant lastUse, Optional<String> reference) {}
