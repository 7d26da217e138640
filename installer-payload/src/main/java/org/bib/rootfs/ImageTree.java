package org.bib.rootfs;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bib.failure.BuildException;
import org.bib.oci.LayerStream;
import org.bib.oci.SourceImage;
import org.bib.progress.BuildListener;
import org.bib.tree.DirectoryNode;
import org.jspecify.annotations.Nullable;

/**
 * The tree of an image. Contents stay in spool files in the workspace for as long as this is open;
 * who made the workspace deletes them.
 */
public final class ImageTree implements Closeable {
  private final DirectoryNode root;
  private final DirectoryNode firstLayer;
  private final List<Spool> spools;

  private ImageTree(DirectoryNode root, DirectoryNode firstLayer, List<Spool> spools) {
    this.root = root;
    this.firstLayer = firstLayer;
    this.spools = spools;
  }

  /** The merged tree, as a container of the image would see it. */
  public DirectoryNode root() {
    return root;
  }

  /** The tree of the lowest layer alone; its nodes are shared with {@link #root}. */
  public DirectoryNode firstLayer() {
    return firstLayer;
  }

  /**
   * Fetches, verifies, inflates and merges all layers, several at a time.
   *
   * @param source the image
   * @param workspace existing directory that takes the spools
   * @param threads how many layers are read at a time
   * @throws IOException naming the layer, if one cannot be read or says what cannot be
   */
  public static ImageTree read(
      SourceImage source, Path workspace, int threads, BuildListener listener)
      throws IOException, InterruptedException {
    List<Spool> spools = new ArrayList<>();
    ExecutorService executor = Executors.newFixedThreadPool(threads);
    try {
      List<Future<List<LayerEntry>>> results = new ArrayList<>();
      for (SourceImage.Layer layer : source.layers()) {
        Spool spool = Spool.create(workspace.resolve("layer-" + results.size()));
        spools.add(spool);
        results.add(executor.submit(() -> readLayer(source, layer, spool)));
      }
      LayerMerger merger = new LayerMerger();
      DirectoryNode first = null;
      for (int i = 0; i < results.size(); i++) {
        List<LayerEntry> entries = await(results.get(i));
        try {
          if (i == 0) {
            first = LayerMerger.alone(entries);
          }
          merger.apply(entries);
        } catch (IOException e) {
          throw refused(source.layers().get(i), e);
        }
        results.set(i, java.util.concurrent.CompletableFuture.completedFuture(List.of()));
      }
      if (first == null) {
        throw new BuildException(
            "the image has no layers", "name a bootable container, which has a root filesystem");
      }
      return new ImageTree(merger.root(), first, spools);
    } catch (IOException | InterruptedException | RuntimeException e) {
      executor.shutdownNow();
      closeAll(spools, e);
      throw e;
    } finally {
      executor.shutdownNow();
    }
  }

  private static List<LayerEntry> readLayer(
      SourceImage source, SourceImage.Layer layer, Spool spool) throws IOException {
    try (InputStream stream = LayerStream.uncompressed(source, layer)) {
      try {
        return LayerReader.read(stream, spool);
      } catch (IOException e) {
        // A damaged layer shows first as a strange tar.
        throw LayerStream.closestCause(stream, e);
      }
    } catch (BuildException e) {
      throw e;
    } catch (IOException e) {
      throw refused(layer, e);
    }
  }

  private static BuildException refused(SourceImage.Layer layer, IOException cause) {
    if (cause instanceof BuildException already) {
      return already;
    }
    String message = String.valueOf(cause.getMessage());
    String remedy =
        message.contains("No space left on device")
            ? "free space or name another --output directory"
            : cause.getCause() instanceof CharacterCodingException
                ? "rename it in the image"
                : "build or push the image again";
    return new BuildException("layer " + layer.digest() + ": " + message, remedy, cause);
  }

  private static <T> T await(Future<T> future) throws IOException, InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof IOException io) {
        throw io;
      }
      if (cause instanceof RuntimeException runtime) {
        throw runtime;
      }
      if (cause instanceof Error error) {
        throw error;
      }
      throw new InterruptedIOException(String.valueOf(cause));
    }
  }

  private static void closeAll(List<Spool> spools, @Nullable Exception because) throws IOException {
    IOException first = null;
    for (Spool spool : spools) {
      try {
        spool.close();
      } catch (IOException e) {
        if (because != null) {
          because.addSuppressed(e);
        } else if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }

  @Override
  public void close() throws IOException {
    closeAll(spools, null);
  }
}
