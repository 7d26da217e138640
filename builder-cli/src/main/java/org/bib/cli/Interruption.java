package org.bib.cli;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What happens at SIGINT, SIGTERM and SIGHUP. The JVM itself ends with 128 + the signal's number
 * once its shutdown hooks have run; the hook of this class interrupts the thread that works, gives
 * it time to clean up after itself, and then runs every registered cleanup, last registered first.
 */
public final class Interruption {
  private static final long GRACE_SECONDS = 5;

  private final Deque<Runnable> cleanups = new ArrayDeque<>();
  private final AtomicBoolean interrupted = new AtomicBoolean();
  private final CountDownLatch ended = new CountDownLatch(1);
  private final Thread worker;

  /**
   * Creates an interruption that stops {@code worker}.
   *
   * @param worker the thread that works; it tells its end by {@link #workEnded}
   */
  Interruption(Thread worker) {
    this.worker = worker;
  }

  /** Registers the hook with the JVM. */
  void install() {
    Runtime.getRuntime().addShutdownHook(new Thread(this::interrupt, "bib-interruption"));
  }

  /**
   * Has {@code cleanup} run if a signal ends the process before the result is closed. It must not
   * fail when what it takes away is gone already.
   */
  public Registration onShutdown(Runnable cleanup) {
    synchronized (cleanups) {
      cleanups.push(cleanup);
    }
    return () -> {
      synchronized (cleanups) {
        cleanups.remove(cleanup);
      }
    };
  }

  /** Whether a signal came. */
  public boolean interrupted() {
    return interrupted.get();
  }

  /** Tells that the worker is done, so that an end of the process is no interruption. */
  void workEnded() {
    ended.countDown();
  }

  /** What the hook does. */
  void interrupt() {
    if (ended.getCount() > 0) {
      interrupted.set(true);
      worker.interrupt();
      awaitEnd();
    }
    runCleanups();
  }

  private void awaitEnd() {
    try {
      ended.await(GRACE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void runCleanups() {
    while (true) {
      Runnable cleanup;
      synchronized (cleanups) {
        cleanup = cleanups.poll();
      }
      if (cleanup == null) {
        return;
      }
      cleanup.run();
    }
  }

  /** A registered cleanup. */
  @FunctionalInterface
  public interface Registration extends AutoCloseable {
    /** Takes the cleanup back, as there is nothing to clean up any more. */
    @Override
    void close();
  }
}
