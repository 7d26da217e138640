package org.bib.oci;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import org.bib.failure.BuildException;
import org.bib.oci.Surroundings.Patience;
import org.bib.progress.BuildEvent;
import org.bib.progress.BuildListener;

/**
 * Does again what failed and may pass: any {@link IOException} but a {@link BuildException} and an
 * {@link AbsentException}, which will not.
 */
final class Retries {
  /** Twice a quarter of a second, eight times, is about the longest pause that a server may ask. */
  private static final int MAX_DOUBLINGS = 8;

  private final String name;
  private final Patience patience;
  private final BuildListener listener;

  /**
   * @param name of what is fetched, for messages
   */
  Retries(String name, Patience patience, BuildListener listener) {
    this.name = name;
    this.patience = patience;
    this.listener = listener;
  }

  /** Something that may fail. */
  interface Attempt<T> {
    /** Tries once. */
    T run() throws IOException;
  }

  /** What {@code attempt} returns when it succeeds at last. */
  <T> T run(Attempt<T> attempt) throws IOException {
    for (int tried = 1; ; tried++) {
      try {
        return attempt.run();
      } catch (BuildException | AbsentException | InterruptedIOException e) {
        throw e;
      } catch (IOException e) {
        pauseOrGiveUp(tried, e);
      }
    }
  }

  /**
   * Waits for the next try.
   *
   * @param tried how often it was tried without progress
   * @throws BuildException if that was often enough
   */
  void pauseOrGiveUp(int tried, IOException failure) throws IOException {
    String reason = RegistryTransport.reason(failure);
    if (tried >= patience.tries()) {
      throw new BuildException(
          name + ": gave up after " + tried + (tried == 1 ? " try: " : " tries: ") + reason,
          "try again later",
          failure);
    }
    Duration pause = patience.pause().multipliedBy(1L << Math.min(tried - 1, MAX_DOUBLINGS));
    if (failure instanceof BusyException busy && busy.pause().compareTo(pause) > 0) {
      pause = busy.pause();
    }
    listener.on(
        new BuildEvent.Detail(
            name + ": " + reason + ", trying again in " + pause.toMillis() + " ms"));
    try {
      Thread.sleep(pause.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }
}
