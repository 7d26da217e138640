package org.bib.rootfs;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.bib.cache.CacheWriteException;
import org.bib.cache.DamagedEntryException;
import org.bib.cache.LayerCache;
import org.bib.cache.LayerTar;
import org.bib.cache.RecordedTar;
import org.bib.failure.BuildException;
import org.bib.oci.Digest;
import org.bib.oci.LayerStream;
import org.bib.oci.SourceImage;
import org.bib.oci.SourceImage.Layer;
import org.bib.progress.BuildEvent;
import org.bib.progress.BuildListener;

/**
 * Reads the layers of an image, from any thread, and holds the files that have their contents: tars
 * of the cache, and spools where there is no cache.
 */
final class LayerFiles implements Closeable {
  private final SourceImage source;
  private final LayerCache cache;
  private final Path workspace;
  private final BuildListener listener;
  private final List<Closeable> open = new ArrayList<>();
  private final Map<Digest, Long> sizes = new ConcurrentHashMap<>();
  private int spools;

  /**
   * Files of the layers of {@code source}.
   *
   * @param workspace existing directory that takes the spools
   */
  LayerFiles(SourceImage source, LayerCache cache, Path workspace, BuildListener listener) {
    this.source = source;
    this.cache = cache;
    this.workspace = workspace;
    this.listener = listener;
    cache.hold(source.layers().stream().map(Layer::diffId).toList());
  }

  /** Bytes of the tars of those layers that were read, by digest of the blob. */
  Map<Digest, Long> sizes() {
    return Map.copyOf(sizes);
  }

  /** What is made of a layer while its tar is read. */
  @FunctionalInterface
  interface Reading<T> {
    T read(InputStream tar, Contents contents) throws IOException;
  }

  /**
   * Reads a layer: from the cache if it is there, else from the source, and then into the cache.
   *
   * @throws BuildException naming the layer, if it cannot be read or says what cannot be
   */
  <T> T read(Layer layer, Reading<T> reading) throws IOException {
    try {
      Optional<LayerTar> cached = cache.find(layer.diffId());
      if (cached.isPresent()) {
        try {
          T read = readTar(cached.get(), reading, e -> damage(cached.get(), e));
          sizes.put(layer.digest(), cached.get().position());
          listener.on(new BuildEvent.Detail("layer " + layer.diffId() + ": from the cache"));
          return read;
        } catch (DamagedEntryException e) {
          cache.drop(layer.diffId(), e);
        }
      }
      return fetch(layer, reading);
    } catch (BuildException e) {
      throw e;
    } catch (IOException e) {
      throw refused(layer, e);
    }
  }

  private <T> T fetch(Layer layer, Reading<T> reading) throws IOException {
    try (LayerStream fetched = LayerStream.uncompressed(source, layer)) {
      Optional<RecordedTar> recorded = cache.record(layer.diffId(), fetched);
      if (recorded.isEmpty()) {
        return readFetched(layer, fetched, reading);
      }
      T read = readTar(recorded.get(), reading, e -> LayerStream.closestCause(fetched, e));
      sizes.put(layer.digest(), fetched.length());
      cache.keep(recorded.get());
      return read;
    } catch (CacheWriteException e) {
      cache.stopKeeping(e);
    }
    try (LayerStream fetched = LayerStream.uncompressed(source, layer)) {
      return readFetched(layer, fetched, reading);
    }
  }

  private <T> T readFetched(Layer layer, LayerStream fetched, Reading<T> reading)
      throws IOException {
    try {
      T read = reading.read(fetched, spool());
      sizes.put(layer.digest(), fetched.length());
      return read;
    } catch (IOException e) {
      throw LayerStream.closestCause(fetched, e);
    }
  }

  /** Finds a better reason for a failure: a damaged layer shows first as a strange tar. */
  @FunctionalInterface
  private interface Cause {
    IOException closest(IOException failure);
  }

  /** Reads a tar, whose file is needed until this is closed if all goes well. */
  private <T> T readTar(LayerTar tar, Reading<T> reading, Cause cause) throws IOException {
    boolean read = false;
    try {
      T result = reading.read(tar, new TarContents(tar, this::spool));
      keepOpen(tar);
      read = true;
      return result;
    } catch (CacheWriteException e) {
      throw e;
    } catch (IOException e) {
      throw cause.closest(e);
    } finally {
      if (!read) {
        tar.close();
      }
    }
  }

  /** The damage of an entry, if that is why it could not be read. */
  private static IOException damage(LayerTar entry, IOException failure) {
    try {
      entry.transferTo(OutputStream.nullOutputStream());
      return failure;
    } catch (IOException closer) {
      return closer;
    }
  }

  private synchronized Spool spool() throws IOException {
    Spool spool = Spool.create(workspace.resolve("layer-" + spools++));
    open.add(spool);
    return spool;
  }

  private synchronized void keepOpen(LayerTar tar) {
    open.add(tar);
  }

  /** The failure of a build with a layer that cannot be used. */
  static BuildException refused(Layer layer, IOException cause) {
    if (cause instanceof BuildException already) {
      return already;
    }
    String remedy =
        cause.getCause() instanceof CharacterCodingException
            ? "rename it in the image"
            : "build or push the image again";
    return new BuildException("layer " + layer.digest() + ": " + cause.getMessage(), remedy, cause);
  }

  @Override
  public synchronized void close() throws IOException {
    IOException first = null;
    for (Closeable file : open) {
      try {
        file.close();
      } catch (IOException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    open.clear();
    if (first != null) {
      throw first;
    }
  }
}
