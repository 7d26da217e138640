package org.bib.oci;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The body of a response as a stream that does not wait for ever: a read fails when nothing has
 * come for too long, which the JDK's own does not.
 */
final class StreamedBody extends BulkInputStream
    implements HttpResponse.BodySubscriber<StreamedBody> {
  /** Pieces of at most 16 KiB or so each that may wait for the reader. */
  private static final int PIECES_AHEAD = 64;

  private final Duration idle;
  private final BlockingQueue<Piece> pieces = new LinkedBlockingQueue<>();
  private final Deque<ByteBuffer> current = new ArrayDeque<>();
  private final Object lock = new Object();
  private Flow.@Nullable Subscription subscription;
  private boolean closed;
  private boolean ended;

  /** What arrived: buffers, or the end if there are none, or a failure. */
  private record Piece(List<ByteBuffer> buffers, @Nullable Throwable failure) {}

  StreamedBody(Duration idle) {
    this.idle = idle;
  }

  @Override
  public CompletionStage<StreamedBody> getBody() {
    return CompletableFuture.completedFuture(this);
  }

  @Override
  public void onSubscribe(Flow.Subscription subscribed) {
    boolean late;
    synchronized (lock) {
      late = closed || subscription != null;
      if (!late) {
        subscription = subscribed;
      }
    }
    if (late) {
      subscribed.cancel();
    } else {
      subscribed.request(PIECES_AHEAD);
    }
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    pieces.add(new Piece(buffers, null));
  }

  @Override
  public void onError(Throwable failure) {
    pieces.add(new Piece(List.of(), failure));
  }

  @Override
  public void onComplete() {
    pieces.add(new Piece(List.of(), null));
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    while (true) {
      ByteBuffer head = current.peek();
      if (head == null) {
        if (ended) {
          return -1;
        }
        receive();
      } else if (head.hasRemaining()) {
        int n = Math.min(length, head.remaining());
        head.get(bytes, offset, n);
        return n;
      } else {
        current.remove();
      }
    }
  }

  @Override
  public void close() {
    Flow.Subscription cancelled;
    synchronized (lock) {
      closed = true;
      cancelled = subscription;
    }
    if (cancelled != null && !ended) {
      cancelled.cancel();
    }
    ended = true;
    current.clear();
    pieces.clear();
  }

  private void receive() throws IOException {
    @Nullable Piece piece;
    try {
      piece = pieces.poll(idle.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
    if (piece == null) {
      throw new HttpTimeoutException("nothing received for " + idle.toSeconds() + " s");
    }
    if (piece.failure() != null) {
      throw new IOException(String.valueOf(piece.failure().getMessage()), piece.failure());
    }
    if (piece.buffers().isEmpty()) {
      ended = true;
      return;
    }
    current.addAll(piece.buffers());
    Flow.Subscription more;
    synchronized (lock) {
      more = subscription;
    }
    if (more != null) {
      more.request(1);
    }
  }
}
