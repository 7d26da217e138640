package org.bib.oci;

import com.github.luben.zstd.RecyclingBufferPool;
import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.PushbackInputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.zip.ZipException;
import org.bib.failure.BuildException;
import org.bib.oci.SourceImage.Layer;
import org.jspecify.annotations.Nullable;

/**
 * The tar of a layer: its blob verified, inflated and checked against the layer's diff_id.
 *
 * <p>Two threads share the work: one fetches, hashes and inflates the blob, the other, which reads
 * this stream, hashes the tar and does whatever it does with it. Reading to the end is what
 * verifies: the read that would return the end of the stream throws instead if blob or tar are not
 * what manifest and configuration say.
 */
public final class LayerStream extends InputStream {
  /** Far beyond any real layer; stops a blob made to inflate for ever. */
  static final long MAX_UNCOMPRESSED = 1L << 40;

  /** Below half of the smallest G1 region, so that no buffer is a humongous object. */
  private static final int BUFFER_SIZE = 256 << 10;

  private static final int BUFFERS = 8;

  private final SourceImage image;
  private final Layer layer;
  private final String name;
  private final long limit;
  private final MessageDigest hash;
  private final BlockingQueue<Chunk> filled = new ArrayBlockingQueue<>(BUFFERS + 1);
  private final BlockingQueue<Chunk> empty = new ArrayBlockingQueue<>(BUFFERS);
  private final Thread inflater;
  private @Nullable Chunk current;
  private int position;
  private @Nullable IOException failure;
  private long length;
  private boolean ended;
  private boolean closed;

  /** A buffer on its way between the threads; the last one tells how it ended. */
  private static final class Chunk {
    final byte[] bytes;
    int length;
    boolean last;
    @Nullable Throwable failure;

    Chunk(int size) {
      bytes = new byte[size];
    }
  }

  private LayerStream(SourceImage image, Layer layer, long limit) {
    this.image = image;
    this.layer = layer;
    this.limit = limit;
    this.name = "layer " + layer.digest().algorithm() + ":" + layer.digest().hex().substring(0, 12);
    this.hash = layer.diffId().newMessageDigest();
    for (int i = 0; i < BUFFERS; i++) {
      empty.add(new Chunk(BUFFER_SIZE));
    }
    this.inflater = new Thread(this::inflate, name);
    this.inflater.setDaemon(true);
  }

  /**
   * Opens the tar of a layer. Gzip (of several members too), zstd (of several frames too) and plain
   * tar are told by their first bytes; a media type that says otherwise is not believed.
   *
   * @return a stream to be read by one thread and closed
   */
  public static LayerStream uncompressed(SourceImage image, Layer layer) {
    return uncompressed(image, layer, MAX_UNCOMPRESSED);
  }

  static LayerStream uncompressed(SourceImage image, Layer layer, long limit) {
    LayerStream stream = new LayerStream(image, layer, limit);
    stream.inflater.start();
    return stream;
  }

  /**
   * The better reason for {@code failure}, met while the tar from {@code layer} was understood: if
   * what is left of the layer does not verify, the layer is damaged and says how.
   */
  public static IOException closestCause(InputStream layer, IOException failure) {
    if (failure instanceof BuildException || failure instanceof InterruptedIOException) {
      return failure;
    }
    try {
      layer.transferTo(OutputStream.nullOutputStream());
    } catch (IOException closer) {
      if (closer != failure) {
        closer.addSuppressed(failure);
      }
      return closer;
    }
    return failure;
  }

  @Override
  public int read() throws IOException {
    Chunk chunk = chunk();
    return chunk == null ? -1 : chunk.bytes[position++] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    Chunk chunk = chunk();
    if (chunk == null) {
      return -1;
    }
    int n = Math.min(length, chunk.length - position);
    System.arraycopy(chunk.bytes, position, buffer, offset, n);
    position += n;
    return n;
  }

  @Override
  public long skip(long n) throws IOException {
    long left = n;
    while (left > 0) {
      Chunk chunk = chunk();
      if (chunk == null) {
        break;
      }
      int step = (int) Math.min(left, chunk.length - position);
      position += step;
      left -= step;
    }
    return Math.max(n, 0) - Math.max(left, 0);
  }

  @Override
  public int available() {
    Chunk chunk = current;
    return chunk == null ? 0 : chunk.length - position;
  }

  /** How many bytes the tar has, once it was read to its end. */
  public long length() {
    return length;
  }

  /** Stops fetching, if it still goes on, and waits for it to have stopped. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    current = null;
    boolean interrupted = false;
    while (inflater.isAlive()) {
      inflater.interrupt();
      try {
        inflater.join(100);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** A chunk with at least one byte left, or null at the verified end. */
  private @Nullable Chunk chunk() throws IOException {
    if (failure != null) {
      throw failure;
    }
    if (closed) {
      throw new IOException(name + ": read after close");
    }
    while (!ended) {
      Chunk chunk = current;
      if (chunk != null && position < chunk.length) {
        return chunk;
      }
      if (chunk != null) {
        chunk.length = 0;
        empty.add(chunk);
        current = null;
      }
      advance();
    }
    return null;
  }

  private void advance() throws IOException {
    Chunk next;
    try {
      next = filled.take();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException(name + ": interrupted");
    }
    if (next.failure != null) {
      throw fail(next.failure);
    }
    if (next.last) {
      verify();
      ended = true;
      return;
    }
    hash.update(next.bytes, 0, next.length);
    length += next.length;
    current = next;
    position = 0;
  }

  private IOException fail(Throwable cause) {
    IOException thrown =
        cause instanceof IOException io ? io : new IOException(name + ": " + cause, cause);
    failure = thrown;
    return thrown;
  }

  private void verify() throws IOException {
    String hex = HexFormat.of().formatHex(hash.digest());
    if (!hex.equals(layer.diffId().hex())) {
      throw fail(
          new BuildException(
              name
                  + ": diff_id mismatch: the configuration says "
                  + layer.diffId()
                  + ", its content has "
                  + layer.diffId().algorithm()
                  + ":"
                  + hex,
              "build and push the image again"));
    }
  }

  private void inflate() {
    Chunk end = new Chunk(0);
    end.last = true;
    try (InputStream blob = image.open(layer)) {
      inflate(blob);
    } catch (InterruptedException e) {
      return; // Only close() interrupts; nobody reads any more.
    } catch (IOException | RuntimeException | Error e) {
      end.failure = e;
    }
    // There is always room: one place more than there are buffers.
    filled.add(end);
  }

  private void inflate(InputStream blob) throws IOException, InterruptedException {
    PushbackInputStream sniffed = new PushbackInputStream(blob, 4);
    byte[] head = sniffed.readNBytes(4);
    sniffed.unread(head);
    Compression compression = Compression.of(head, head.length);
    try (InputStream tar =
        switch (compression) {
          case GZIP -> new GzipMembersInputStream(sniffed);
          case ZSTD -> new ZstdInputStreamNoFinalizer(sniffed, RecyclingBufferPool.INSTANCE);
          case NONE -> sniffed;
        }) {
      try {
        pump(tar);
      } catch (ZipException | EOFException | ZstdIOException e) {
        // A damaged blob is the better reason, if that is what it is.
        drain(blob);
        throw new BuildException(
            name + ": corrupt " + compression + " data: " + e.getMessage(),
            "build and push the image again",
            e);
      }
      drain(blob);
    }
  }

  private void pump(InputStream tar) throws IOException, InterruptedException {
    long total = 0;
    boolean more = true;
    while (more) {
      Chunk chunk = empty.take();
      while (more && chunk.length < BUFFER_SIZE) {
        int n = tar.read(chunk.bytes, chunk.length, BUFFER_SIZE - chunk.length);
        if (n < 0) {
          more = false;
        } else {
          chunk.length += n;
        }
      }
      total += chunk.length;
      if (total > limit) {
        throw new BuildException(
            name + ": inflates to more than " + limit + " bytes", "use another image");
      }
      if (chunk.length > 0) {
        filled.put(chunk);
      }
    }
  }

  /** Reads on to where the blob verifies itself. */
  private static void drain(InputStream blob) throws IOException {
    byte[] sink = new byte[1 << 16];
    int n;
    do {
      n = blob.read(sink, 0, sink.length);
    } while (n >= 0);
  }
}
