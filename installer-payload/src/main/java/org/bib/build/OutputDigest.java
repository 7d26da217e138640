package org.bib.build;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bib.disk.ByteRange;
import org.bib.disk.DiskImage;

/**
 * SHA-256 of what a build writes, as {@code sha256sum} prints it. That of a disk takes its own
 * thread, for it is a second per GiB and a half however empty the disk is.
 */
final class OutputDigest implements AutoCloseable {
  private static final int CHUNK = 1 << 20;

  private final ExecutorService executor = Executors.newSingleThreadExecutor();
  private final Future<String> digest;

  private OutputDigest(DiskImage disk) {
    digest = executor.submit(() -> of(disk));
  }

  /** Begins hashing {@code disk}, which from now on must not change. */
  static OutputDigest start(DiskImage disk) {
    return new OutputDigest(disk);
  }

  /** Waits for the digest, in lower-case hexadecimal. */
  String await() throws IOException, InterruptedException {
    try {
      return digest.get();
    } catch (ExecutionException e) {
      throw new IOException(e.getCause());
    }
  }

  /** Ends the hashing, wherever it is. */
  @Override
  public void close() {
    executor.shutdownNow();
  }

  /**
   * Of a whole disk. Holes are hashed as the zeros they stand for, without being read; contents are
   * read where they lie, so the disk need not be materialized yet.
   */
  static String of(DiskImage disk) throws IOException {
    MessageDigest digest = sha256();
    byte[] zeros = new byte[CHUNK];
    ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);
    long at = 0;
    for (ByteRange range : disk.dataRanges()) {
      updateZeros(digest, zeros, range.offset() - at);
      at = range.offset();
      while (at < range.end()) {
        int n = Math.toIntExact(Math.min(CHUNK, range.end() - at));
        buffer.clear().limit(n);
        disk.read(at, buffer);
        digest.update(buffer.flip());
        at += n;
      }
    }
    updateZeros(digest, zeros, disk.size() - at);
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Of a file. */
  static String of(Path file) throws IOException {
    MessageDigest digest = sha256();
    ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);
    try (FileChannel channel = FileChannel.open(file)) {
      while (channel.read(buffer) >= 0) {
        digest.update(buffer.flip());
        buffer.clear();
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void updateZeros(MessageDigest digest, byte[] zeros, long length) {
    for (long left = length; left > 0; left -= CHUNK) {
      digest.update(zeros, 0, Math.toIntExact(Math.min(CHUNK, left)));
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
