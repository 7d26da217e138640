package org.bib.rootfs;

import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bib.cache.LayerCache;
import org.bib.failure.BuildException;
import org.bib.oci.Digest;
import org.bib.oci.SourceImage;
import org.bib.ostree.BaseCommit;
import org.bib.progress.BuildEvent;
import org.bib.progress.BuildListener;
import org.bib.tree.DirectoryNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;

/**
 * The tree of an image. Contents stay in files for as long as this is open: in those of the layer
 * cache, and in spools, which have no names.
 */
public final class ImageTree implements Closeable {
  // ostree-ext, container/encapsulate.rs, DIFFID_LABEL
  private static final String FINAL_DIFF_ID = "ostree.final-diffid";

  private final DirectoryNode root;
  private final DirectoryNode firstLayer;
  private final Optional<BaseCommit> base;
  private final boolean derived;
  private final LayerFiles files;

  private ImageTree(Merged merged, LayerFiles files) {
    this.root = merged.root();
    this.firstLayer = merged.firstLayer();
    this.base = merged.base();
    this.derived = merged.derived();
    this.files = files;
  }

  private record Merged(
      DirectoryNode root, DirectoryNode firstLayer, Optional<BaseCommit> base, boolean derived) {}

  /** The merged tree, as a container of the image would see it. */
  public DirectoryNode root() {
    return root;
  }

  /**
   * The tree of the lowest layer alone; its nodes are shared with {@link #root}. Where there is a
   * {@link #base}, that stands for the lowest layer, and this is empty.
   */
  public DirectoryNode firstLayer() {
    return firstLayer;
  }

  /** The commit that the lowest layers encapsulate, if they do. */
  public Optional<BaseCommit> base() {
    return base;
  }

  /** Bytes of the uncompressed layers, by digest of the blob. */
  public Map<Digest, Long> layerSizes() {
    return files.sizes();
  }

  /** Whether there are layers that are no part of {@link #base}. */
  public boolean derived() {
    return derived;
  }

  /**
   * Fetches, verifies, inflates and merges all layers, several at a time, without a cache.
   *
   * @param source the image
   * @param workspace existing directory that takes the spools
   * @param threads how many layers are read at a time
   * @throws IOException naming the layer, if one cannot be read or says what cannot be
   */
  public static ImageTree read(
      SourceImage source, Path workspace, int threads, BuildListener listener)
      throws IOException, InterruptedException {
    return read(source, LayerCache.none(), workspace, threads, listener);
  }

  /**
   * Brings all layers from the cache, or fetches, verifies and inflates them, several at a time,
   * and merges them.
   *
   * @param source the image
   * @param cache is closed after what is returned
   * @param workspace existing directory that takes the spools
   * @param threads how many layers are read at a time
   * @throws IOException naming the layer, if one cannot be read or says what cannot be
   */
  public static ImageTree read(
      SourceImage source, LayerCache cache, Path workspace, int threads, BuildListener listener)
      throws IOException, InterruptedException {
    LayerFiles files = new LayerFiles(source, cache, workspace, listener);
    ExecutorService executor = Executors.newFixedThreadPool(threads);
    try {
      int chunks = chunkLayers(source);
      List<Future<Map<String, Node>>> objects = new ArrayList<>();
      List<Future<List<LayerEntry>>> entries = new ArrayList<>();
      for (SourceImage.Layer layer : source.layers()) {
        if (objects.size() < chunks) {
          objects.add(executor.submit(() -> files.read(layer, ChunkReader::read)));
        } else {
          entries.add(executor.submit(() -> files.read(layer, LayerReader::read)));
        }
      }
      Merged merged =
          chunks > 0
              ? merge(baseCommit(objects), source, entries, listener)
              : merge(source, entries);
      return new ImageTree(merged, files);
    } catch (IOException | InterruptedException | RuntimeException e) {
      executor.shutdownNow();
      closeAfter(e, files);
      throw e;
    } finally {
      executor.shutdownNow();
    }
  }

  private static void closeAfter(Exception failure, LayerFiles files) {
    try {
      files.close();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  /** How many layers, from the lowest on, are chunks of an encapsulated commit. */
  private static int chunkLayers(SourceImage source) throws BuildException {
    String last = source.imageConfig().labels().get(FINAL_DIFF_ID);
    if (last == null) {
      return 0;
    }
    for (int i = 0; i < source.layers().size(); i++) {
      if (source.layers().get(i).diffId().toString().equals(last)) {
        return i + 1;
      }
    }
    throw new BuildException(
        "the label " + FINAL_DIFF_ID + " of the image names none of its layers",
        "build the image again");
  }

  private static Merged merge(SourceImage source, List<Future<List<LayerEntry>>> layers)
      throws IOException, InterruptedException {
    LayerMerger merger = new LayerMerger();
    DirectoryNode first = null;
    for (int i = 0; i < layers.size(); i++) {
      List<LayerEntry> entries = take(layers, i);
      try {
        if (i == 0) {
          first = LayerMerger.alone(entries);
        }
        merger.apply(entries);
      } catch (IOException e) {
        throw LayerFiles.refused(source.layers().get(i), e);
      }
    }
    if (first == null) {
      throw new BuildException(
          "the image has no layers", "name a bootable container, which has a root filesystem");
    }
    return new Merged(merger.root(), first, Optional.empty(), true);
  }

  private static BaseCommit baseCommit(List<Future<Map<String, Node>>> layers)
      throws IOException, InterruptedException {
    List<Map<String, Node>> objects = new ArrayList<>();
    for (Future<Map<String, Node>> layer : layers) {
      objects.add(await(layer));
    }
    return BaseCommit.of(objects);
  }

  private static Merged merge(
      BaseCommit base,
      SourceImage source,
      List<Future<List<LayerEntry>>> layers,
      BuildListener listener)
      throws IOException, InterruptedException {
    LayerMerger merger = new LayerMerger(base);
    DerivedLayers derived = new DerivedLayers(base);
    int chunks = source.layers().size() - layers.size();
    for (int i = 0; i < layers.size(); i++) {
      List<LayerEntry> entries = derived.filter(take(layers, i));
      try {
        merger.apply(entries);
      } catch (IOException e) {
        throw LayerFiles.refused(source.layers().get(chunks + i), e);
      }
    }
    derived
        .leftOut()
        .forEach(
            (name, count) ->
                listener.on(
                    new BuildEvent.Warning(
                        "left out "
                            + count
                            + " entries of layers at /"
                            + name
                            + ": prepare-root.conf of the base enables neither composefs nor"
                            + " root.transient, so ostree keeps /usr, /etc and /var only")));
    DirectoryNode none = new DirectoryNode(Metadata.root(0755));
    return new Merged(merger.root(), none, Optional.of(base), !layers.isEmpty());
  }

  /** Waits for a layer and forgets it: its entries are needed once. */
  private static List<LayerEntry> take(List<Future<List<LayerEntry>>> layers, int index)
      throws IOException, InterruptedException {
    List<LayerEntry> entries = await(layers.get(index));
    layers.set(index, CompletableFuture.completedFuture(List.of()));
    return entries;
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

  @Override
  public void close() throws IOException {
    files.close();
  }
}
