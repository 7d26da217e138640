package org.bib.ostree;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bib.tree.Node;

/** Hashes contents on several threads; results come in the order of what is hashed. */
final class ParallelHash {
  private static final int CHUNK = 64;

  private ParallelHash() {}

  /** Hashes one node. */
  @FunctionalInterface
  interface Task<N extends Node, R> {
    /** Hashes {@code node} with a buffer to read into. */
    R hash(N node, ByteBuffer buffer) throws IOException;
  }

  static <N extends Node, R> List<R> all(List<N> nodes, int threads, Task<N, R> task)
      throws IOException, InterruptedException {
    List<R> results = new ArrayList<>(nodes.size());
    ExecutorService executor = Executors.newFixedThreadPool(threads);
    try {
      List<Future<List<R>>> chunks = new ArrayList<>();
      for (int from = 0; from < nodes.size(); from += CHUNK) {
        List<N> chunk = nodes.subList(from, Math.min(nodes.size(), from + CHUNK));
        chunks.add(executor.submit(() -> chunk(chunk, task)));
      }
      for (Future<List<R>> chunk : chunks) {
        results.addAll(chunk.get());
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException io) {
        throw io;
      }
      if (e.getCause() instanceof RuntimeException runtime) {
        throw runtime;
      }
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw new IOException(e.getCause());
    } finally {
      executor.shutdownNow();
    }
    return results;
  }

  private static <N extends Node, R> List<R> chunk(List<N> nodes, Task<N, R> task)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(ObjectStore.BUFFER);
    List<R> results = new ArrayList<>(nodes.size());
    for (N node : nodes) {
      results.add(task.hash(node, buffer));
    }
    return results;
  }
}
