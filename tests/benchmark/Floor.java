import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.GZIPInputStream;

/**
 * The floor of a build: what no builder of such a disk gets around, and nothing else.
 *
 * <p>Each layer is read and inflated once. Each byte is hashed as often as the formats demand: of
 * the blob for its digest in the manifest, of the tar for its diff_id in the configuration, of each
 * file for its name as an ostree object. Each byte of a file is written once, to one file, which is
 * synced. Left out: the tree, object headers, filesystems, partition table and boot loader, and
 * whatever else makes a disk of it. Counted though no builder need write them: the few bytes of
 * files that a higher layer hides.
 *
 * <p>Work is spread as far as the formats allow: as many layers at a time as there are processors,
 * two threads each.
 *
 * <pre>Floor OUTPUT (BLOB SHA256 DIFF_ID)...</pre>
 */
final class Floor {
  private static final int CHUNK = 1 << 18;
  private static final int TAR_BLOCK = 512;

  private final FileChannel output;
  private final AtomicLong end = new AtomicLong();

  private record Layer(Path blob, String digest, String diffId) {}

  private Floor(FileChannel output) {
    this.output = output;
  }

  public static void main(String[] arguments) throws Exception {
    List<Layer> layers = new ArrayList<>();
    for (int i = 1; i < arguments.length; i += 3) {
      layers.add(new Layer(Path.of(arguments[i]), arguments[i + 1], arguments[i + 2]));
    }
    ExecutorService executor =
        Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
    try (FileChannel output =
        FileChannel.open(
            Path.of(arguments[0]), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      Floor floor = new Floor(output);
      List<Future<?>> done = new ArrayList<>();
      for (Layer layer : layers) {
        done.add(
            executor.submit(
                () -> {
                  floor.copy(layer);
                  return null;
                }));
      }
      for (Future<?> future : done) {
        future.get();
      }
      output.force(true);
    } finally {
      executor.shutdownNow();
    }
  }

  private void copy(Layer layer) throws Exception {
    SynchronousQueue<ByteBuffer> chunks = new SynchronousQueue<>();
    ExecutorService inflater = Executors.newSingleThreadExecutor();
    try {
      Future<?> inflated =
          inflater.submit(
              () -> {
                inflate(layer, chunks);
                return null;
              });
      MessageDigest diffId = MessageDigest.getInstance("SHA-256");
      Members members = new Members();
      for (ByteBuffer chunk = chunks.take(); chunk.hasRemaining(); chunk = chunks.take()) {
        diffId.update(chunk.duplicate());
        members.take(chunk);
      }
      check(layer.diffId(), diffId);
      inflated.get();
    } finally {
      inflater.shutdownNow();
    }
  }

  private static void inflate(Layer layer, SynchronousQueue<ByteBuffer> chunks) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    // Two buffers in turn: one is being read while the other is being filled.
    byte[][] buffers = {new byte[CHUNK], new byte[CHUNK]};
    try (InputStream blob = new DigestInputStream(Files.newInputStream(layer.blob()), digest);
        InputStream tar = new GZIPInputStream(blob, CHUNK)) {
      int n;
      int turn = 0;
      do {
        byte[] buffer = buffers[turn];
        n = tar.readNBytes(buffer, 0, CHUNK);
        chunks.put(ByteBuffer.wrap(buffer, 0, n));
        turn = 1 - turn;
      } while (n > 0);
      blob.transferTo(java.io.OutputStream.nullOutputStream());
    }
    check(layer.digest(), digest);
  }

  private static void check(String expected, MessageDigest digest) throws IOException {
    if (!expected.equals(HexFormat.of().formatHex(digest.digest()))) {
      throw new IOException("not " + expected);
    }
  }

  /** Walks a tar as its bytes come; hashes and writes what its files hold. */
  private final class Members {
    private final byte[] header = new byte[TAR_BLOCK];
    private int headerLength;
    private long data; // left of the current file
    private long padding;
    private boolean isFile;
    private final MessageDigest object;

    Members() throws Exception {
      object = MessageDigest.getInstance("SHA-256");
    }

    void take(ByteBuffer chunk) throws IOException {
      while (chunk.hasRemaining()) {
        if (data > 0) {
          ByteBuffer part = slice(chunk, data);
          data -= part.remaining();
          if (isFile) {
            object.update(part.duplicate());
            long at = end.getAndAdd(part.remaining());
            while (part.hasRemaining()) {
              at += output.write(part, at);
            }
            if (data == 0) {
              object.digest();
            }
          }
        } else if (padding > 0) {
          padding -= slice(chunk, padding).remaining();
        } else {
          ByteBuffer part = slice(chunk, TAR_BLOCK - headerLength);
          int n = part.remaining();
          part.get(header, headerLength, n);
          headerLength += n;
          if (headerLength == TAR_BLOCK) {
            headerLength = 0;
            start();
          }
        }
      }
    }

    private void start() {
      // POSIX.1, pax, "ustar Interchange Format": size at 124, typeflag at 156.
      data = 0;
      for (int i = 124; i < 135; i++) {
        data = data * 8 + (header[i] >= '0' ? header[i] - '0' : 0);
      }
      isFile = header[156] == '0' || header[156] == 0;
      padding = -data & (TAR_BLOCK - 1);
    }

    private static ByteBuffer slice(ByteBuffer from, long most) {
      int n = (int) Math.min(from.remaining(), most);
      ByteBuffer part = from.slice(from.position(), n);
      from.position(from.position() + n);
      return part;
    }
  }
}
