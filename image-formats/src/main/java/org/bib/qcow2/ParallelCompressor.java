package org.bib.qcow2;

import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.bib.disk.DiskImage;

/** Compresses chunks in several threads and hands them out in order, a bounded number ahead. */
final class ParallelCompressor implements Closeable {
  private static final int CHUNKS_PER_THREAD = 3;

  /** Takes the clusters of a chunk. */
  interface Sink {
    void accept(Chunk chunk, List<Chunk.Cluster> clusters) throws IOException;
  }

  private record Pending(Chunk chunk, Future<List<Chunk.Cluster>> clusters) {}

  private final DiskImage disk;
  private final Compression compression;
  private final int threads;
  private final ExecutorService executor;
  private final Queue<ClusterCompressor> idle = new ConcurrentLinkedQueue<>();
  private final ArrayDeque<Pending> pending = new ArrayDeque<>();

  ParallelCompressor(DiskImage disk, Compression compression, int threads) {
    this.disk = disk;
    this.compression = compression;
    this.threads = threads;
    this.executor = Executors.newFixedThreadPool(threads);
  }

  void run(Iterator<Chunk> chunks, Sink sink) throws IOException {
    while (chunks.hasNext() || !pending.isEmpty()) {
      while (chunks.hasNext() && pending.size() < threads * CHUNKS_PER_THREAD) {
        Chunk chunk = chunks.next();
        pending.add(new Pending(chunk, executor.submit(() -> compress(chunk))));
      }
      Pending first = pending.remove();
      sink.accept(first.chunk(), await(first.clusters()));
    }
  }

  private List<Chunk.Cluster> compress(Chunk chunk) throws IOException {
    ClusterCompressor taken = idle.poll();
    ClusterCompressor compressor = taken == null ? compression.compressor() : taken;
    try {
      return chunk.compress(disk, compressor);
    } finally {
      idle.add(compressor);
    }
  }

  private static List<Chunk.Cluster> await(Future<List<Chunk.Cluster>> future) throws IOException {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException failure = new InterruptedIOException("interrupted while compressing");
      failure.initCause(e);
      throw failure;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException failure) {
        throw new IOException(failure.getMessage(), failure);
      }
      throw new IllegalStateException("compressing a cluster failed", e.getCause());
    }
  }

  /** Ends the threads, then frees the compressors. */
  @Override
  public void close() {
    // Not shutdownNow: an interrupt would close the channels that the threads read from.
    pending.forEach(chunk -> chunk.clusters().cancel(false));
    executor.shutdown();
    boolean interrupted = false;
    boolean ended = false;
    while (!ended) {
      try {
        ended = executor.awaitTermination(1, TimeUnit.MINUTES);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    idle.forEach(ClusterCompressor::close);
  }
}
