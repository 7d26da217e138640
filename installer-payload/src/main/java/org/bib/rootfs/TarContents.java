package org.bib.rootfs;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.bib.cache.LayerTar;
import org.bib.cache.RecordedTar;
import org.bib.disk.ByteRange;
import org.bib.disk.Content;
import org.bib.disk.SpooledContent;
import org.jspecify.annotations.Nullable;

/**
 * Contents that stay in the tar of their layer, in the cache. Only sparse members, which lie there
 * in pieces, are put together in a spool.
 */
final class TarContents implements Contents {
  private final LayerTar layer;
  private final Spools spools;
  private final HoleFinder holes = new HoleFinder();
  private @Nullable Spool sparse;

  /** Makes a spool, once it is needed. */
  @FunctionalInterface
  interface Spools {
    Spool make() throws IOException;
  }

  /**
   * Contents of {@code layer}.
   *
   * @param layer is what the {@link TarReader} reads
   */
  TarContents(LayerTar layer, Spools spools) {
    this.layer = layer;
    this.spools = spools;
  }

  @Override
  public Content add(TarReader tar, TarEntry entry) throws IOException {
    if (entry.size() == 0) {
      return Content.EMPTY;
    }
    if (entry.sparse().isPresent()) {
      if (sparse == null) {
        sparse = spools.make();
      }
      return sparse.add(tar, entry);
    }
    long start = layer.position();
    List<ByteRange> data = new ArrayList<>();
    holes.read(tar, new ByteRange(0, entry.size()), data, (at, bytes, length) -> {});
    return new SpooledContent(layer.file(), start, entry.size(), data);
  }

  @Override
  public void flush() throws IOException {
    if (sparse != null) {
      sparse.flush();
    }
    if (layer instanceof RecordedTar recorded) {
      recorded.flush();
    }
  }
}
