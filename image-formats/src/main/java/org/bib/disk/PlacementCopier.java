package org.bib.disk;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Copies placed contents into the file of a disk, on a thread of its own. Another one has the
 * storage take what was copied meanwhile, so that whoever waits for that in the end finds little
 * left to do.
 */
final class PlacementCopier implements Closeable {
  private static final long FLUSH = 32 << 20; // so many bytes are copied before they are flushed
  private static final long LARGE = 1 << 16; // what the kernel copies without us

  private final FileChannel target;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
  private final Queue<Placement> queue = new ArrayDeque<>(); // guarded by itself
  private boolean complete; // guarded by the queue: nothing will be added
  private final ExecutorService copying = Executors.newSingleThreadExecutor();
  private final ExecutorService flushing = Executors.newSingleThreadExecutor();
  private final Future<?> copied;

  private PlacementCopier(FileChannel target, Collection<Placement> placed) {
    this.target = target;
    queue.addAll(placed);
    copied = copying.submit(this::copyAll);
    copying.shutdown();
  }

  /** Starts to copy {@code placed}, and what is added later, to {@code target}. */
  static PlacementCopier start(FileChannel target, Collection<Placement> placed) {
    return new PlacementCopier(target, placed);
  }

  /** Takes one more, to be copied in its turn. */
  void add(Placement placement) {
    synchronized (queue) {
      queue.add(placement);
      queue.notifyAll();
    }
  }

  /** Waits until all that was added is copied and flushed; nothing may be added afterwards. */
  void await() throws IOException, InterruptedException {
    complete(false);
    get(copied);
  }

  /** Ends the copying, wherever it is. */
  @Override
  public void close() {
    complete(true);
    // It ends soon, and must not write to a file that is closed.
    boolean interrupted = false;
    for (boolean ended = false; !ended; ) {
      try {
        ended = copying.awaitTermination(1, TimeUnit.MINUTES);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void complete(boolean drop) {
    synchronized (queue) {
      complete = true;
      if (drop) {
        queue.clear();
      }
      queue.notifyAll();
    }
  }

  private Void copyAll() throws IOException, InterruptedException {
    Future<?> flushed = CompletableFuture.completedFuture(null);
    try {
      long since = 0;
      for (Placement placement = next(); placement != null; placement = next()) {
        copy(placement);
        since += placement.length();
        if (since >= FLUSH && flushed.isDone()) {
          get(flushed);
          flushed = flushing.submit(this::flush);
          since = 0;
        }
      }
      get(flushed);
      return flush();
    } finally {
      flushing.shutdown();
    }
  }

  private Void flush() throws IOException {
    target.force(false);
    return null;
  }

  private static void get(Future<?> future) throws IOException, InterruptedException {
    try {
      future.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw new IOException(e.getCause());
    }
  }

  /** The next to be copied, or null when there will be none. */
  private @Nullable Placement next() throws InterruptedException {
    synchronized (queue) {
      while (queue.isEmpty() && !complete) {
        queue.wait();
      }
      return queue.poll();
    }
  }

  private void copy(Placement placement) throws IOException {
    if (placement.content() instanceof SpooledContent spooled && placement.length() > LARGE) {
      spooled.copyTo(placement.position(), placement.length(), target, placement.offset());
      return;
    }
    long done = 0;
    while (done < placement.length()) {
      int n = Math.toIntExact(Math.min(buffer.capacity(), placement.length() - done));
      buffer.clear().limit(n);
      placement.content().read(placement.position() + done, buffer);
      buffer.flip();
      long at = placement.offset() + done;
      while (buffer.hasRemaining()) {
        at += target.write(buffer, at);
      }
      done += n;
    }
  }
}
