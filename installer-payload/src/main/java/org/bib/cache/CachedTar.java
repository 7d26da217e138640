package org.bib.cache;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.bib.oci.Digest;
import org.jspecify.annotations.Nullable;

/**
 * An entry that is read, and hashed on the way: the read that would return the end of the stream
 * throws {@link DamagedEntryException} instead if the entry is not what its name says.
 */
final class CachedTar extends LayerTar {
  private static final int BUFFER_SIZE = 256 << 10;

  private final Digest diffId;
  private final MessageDigest hash;
  private final byte[] buffer = new byte[BUFFER_SIZE];
  private int next;
  private int filled;
  private long start; // where in the file the buffer begins
  private boolean verified;
  private @Nullable DamagedEntryException failure;

  CachedTar(FileChannel file, Digest diffId) {
    super(file);
    this.diffId = diffId;
    this.hash = diffId.newMessageDigest();
  }

  @Override
  public long position() {
    return start + next;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    if (next == filled && !fill()) {
      return -1;
    }
    int n = Math.min(length, filled - next);
    System.arraycopy(buffer, next, target, offset, n);
    next += n;
    return n;
  }

  private boolean fill() throws IOException {
    if (failure != null) {
      throw failure;
    }
    if (verified) {
      return false;
    }
    int n = readOn();
    if (n < 0) {
      verify();
      return false;
    }
    hash.update(buffer, 0, n);
    start += filled;
    next = 0;
    filled = n;
    return true;
  }

  private int readOn() throws IOException {
    try {
      return file().read(ByteBuffer.wrap(buffer), start + filled);
    } catch (ClosedChannelException e) {
      throw e; // The build was interrupted; that is not the entry's fault.
    } catch (IOException e) {
      throw damaged(new DamagedEntryException("cannot be read: " + e.getMessage(), e));
    }
  }

  private void verify() throws DamagedEntryException {
    String hex = HexFormat.of().formatHex(hash.digest());
    if (!hex.equals(diffId.hex())) {
      throw damaged(new DamagedEntryException("its content has " + diffId.algorithm() + ":" + hex));
    }
    verified = true;
  }

  private DamagedEntryException damaged(DamagedEntryException thrown) {
    failure = thrown;
    return thrown;
  }
}
