package org.bib.cache;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.bib.oci.CacheOptions;
import org.bib.oci.Digest;
import org.bib.progress.BuildEvent;
import org.bib.progress.BuildListener;
import org.bib.scratch.ScratchDirectory;
import org.jspecify.annotations.Nullable;

/**
 * The cache as one build uses it, from any thread. A cache that cannot be used never fails a build:
 * that is told once, and layers are fetched as if there were none.
 */
public final class LayerCache implements Closeable {
  private final CacheOptions options;
  private final String reference;
  private final BuildListener listener;
  private final Set<Digest> held = new HashSet<>();
  private @Nullable CacheDirectory directory; // null if there is nothing to be found
  private @Nullable ScratchDirectory scratch; // null if nothing can be kept
  private boolean toldOfFailure;
  private int recorded;

  private LayerCache(CacheOptions options, String reference, BuildListener listener) {
    this.options = options;
    this.reference = reference;
    this.listener = listener;
  }

  /** No cache: nothing is found and nothing kept. */
  public static LayerCache none() {
    return new LayerCache(
        new CacheOptions(Path.of(""), CacheOptions.DEFAULT_LIMIT), "", BuildListener.SILENT);
  }

  /**
   * Opens the cache, if one is wanted, and makes it where it is not there.
   *
   * @param reference of the image that is built, which entries name
   * @param listener hears of a cache that cannot be used, and of damaged entries
   */
  public static LayerCache open(
      Optional<CacheOptions> options, String reference, BuildListener listener) {
    if (options.isEmpty() || options.get().limit().bytes() == 0) {
      return none();
    }
    LayerCache cache = new LayerCache(options.get(), reference, listener);
    try {
      CacheDirectory directory = CacheDirectory.make(options.get().directory());
      if (directory.isOpenToOthers()) {
        throw new IOException("others may write there");
      }
      cache.directory = directory;
      cache.scratch = directory.scratch();
    } catch (IOException | UnsupportedOperationException e) {
      cache.tellOfFailure(e);
    }
    return cache;
  }

  /** Names the layers of the build: none of them makes room for another. */
  public synchronized void hold(Collection<Digest> diffIds) {
    held.addAll(diffIds);
  }

  /**
   * Opens the entry of a layer, which the caller closes.
   *
   * @return nothing if the layer is not kept; reading it throws {@link DamagedEntryException} if it
   *     is not what it should be
   */
  public synchronized Optional<LayerTar> find(Digest diffId) {
    if (directory == null) {
      return Optional.empty();
    }
    Optional<LayerTar> tar = directory.open(diffId);
    if (tar.isPresent()) {
      directory.touch(diffId);
    }
    return tar;
  }

  /** Removes an entry that turned out to be damaged, and tells of it. */
  public synchronized void drop(Digest diffId, DamagedEntryException damage) {
    listener.on(
        new BuildEvent.Warning(
            "layer cache: the entry of "
                + diffId
                + " is damaged and was dropped: "
                + damage.getMessage()));
    if (directory != null) {
      try {
        directory.remove(diffId);
      } catch (IOException e) {
        tellOfFailure(e);
      }
    }
  }

  /**
   * A recording of a layer that is being fetched, which the caller closes.
   *
   * @param fetched the tar, which verifies itself; it is not closed
   * @return nothing if nothing can be kept
   */
  public synchronized Optional<RecordedTar> record(Digest diffId, InputStream fetched) {
    if (scratch == null) {
      return Optional.empty();
    }
    Path path = scratch.path().resolve("layer-" + recorded++);
    try {
      FileChannel file =
          FileChannel.open(
              path,
              StandardOpenOption.CREATE_NEW,
              StandardOpenOption.SPARSE,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE);
      return Optional.of(new RecordedTar(file, path, diffId, fetched));
    } catch (IOException e) {
      stopKeeping(e);
      return Optional.empty();
    }
  }

  /**
   * Keeps a recording that was read to its verified end and {@linkplain RecordedTar#flush flushed},
   * if there is room for it. It can be read from either way.
   */
  public synchronized void keep(RecordedTar tar) {
    if (directory == null || scratch == null) {
      return;
    }
    try {
      directory.publish(
          tar.diffId(), tar.path(), tar.position(), held, options.limit().bytes(), reference);
    } catch (IOException e) {
      stopKeeping(e);
    }
  }

  /** Keeps nothing more, and tells why, once. */
  public synchronized void stopKeeping(IOException reason) {
    tellOfFailure(reason);
    closeScratch();
  }

  /** A build that is interrupted fails in many ways, none of which is the cache's fault. */
  private synchronized void tellOfFailure(Exception reason) {
    if (!toldOfFailure && !Thread.currentThread().isInterrupted()) {
      toldOfFailure = true;
      listener.on(
          new BuildEvent.Warning(
              "layers are not kept in " + options.directory() + ": " + text(reason)));
    }
  }

  /** The JDK gives paths for reasons where types say it. */
  private static String text(Exception reason) {
    if (reason instanceof FileSystemException failure && failure.getReason() != null) {
      return failure.getReason();
    }
    if (reason instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (reason instanceof NoSuchFileException) {
      return "no such directory";
    }
    if (reason instanceof FileSystemException failure) {
      return failure.getFile() + " is in the way";
    }
    return String.valueOf(reason.getMessage());
  }

  private void closeScratch() {
    if (scratch == null) {
      return;
    }
    try {
      scratch.close();
    } catch (IOException e) {
      // The next build will try again.
    }
    scratch = null;
  }

  /** Sees to it that no more than the bound is kept, and takes away what was not finished. */
  @Override
  public synchronized void close() {
    CacheDirectory kept = directory;
    directory = null;
    closeScratch();
    if (kept != null) {
      try {
        kept.prune(options.limit());
      } catch (IOException e) {
        tellOfFailure(e);
      }
    }
  }
}
