package org.bib.oci;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.bib.failure.BuildException;
import org.jspecify.annotations.Nullable;

/**
 * Content that checks itself: the read that would return the end of the stream throws instead if
 * length or digest are not as announced, and so does the first byte beyond the announced length.
 */
final class VerifyingInputStream extends FilterInputStream {
  private final String what;
  private final String remedy;
  private final Digest expected;
  private final long size;
  private final MessageDigest hash;
  private long count;
  private boolean verified;
  private @Nullable BuildException failure;

  /**
   * @param size in bytes; negative if nobody announced one
   * @param what names the content in messages
   * @param remedy an imperative
   */
  VerifyingInputStream(InputStream in, Digest expected, long size, String what, String remedy) {
    super(in);
    this.what = what;
    this.remedy = remedy;
    this.expected = expected;
    this.size = size;
    this.hash = expected.newMessageDigest();
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    if (failure != null) {
      throw failure;
    }
    if (length == 0) {
      return 0;
    }
    if (verified) {
      return -1;
    }
    int n = in.read(buffer, offset, length);
    if (n < 0) {
      verify();
      return -1;
    }
    count += n;
    if (size >= 0 && count > size) {
      throw fail("longer than the " + size + " bytes announced");
    }
    hash.update(buffer, offset, n);
    return n;
  }

  @Override
  public long skip(long n) throws IOException {
    byte[] sink = new byte[(int) Math.min(Math.max(n, 0), 1 << 16)];
    long left = n;
    while (left > 0) {
      int got = read(sink, 0, (int) Math.min(left, sink.length));
      if (got < 0) {
        break;
      }
      left -= got;
    }
    return Math.max(n, 0) - Math.max(left, 0);
  }

  @Override
  public boolean markSupported() {
    return false;
  }

  private void verify() throws BuildException {
    if (count < size) {
      throw fail("truncated: " + count + " of " + size + " bytes");
    }
    String hex = HexFormat.of().formatHex(hash.digest());
    if (!hex.equals(expected.hex())) {
      throw fail("digest mismatch: got " + expected.algorithm() + ":" + hex);
    }
    verified = true;
  }

  private BuildException fail(String reason) {
    BuildException thrown = new BuildException(what + ": " + reason, remedy);
    failure = thrown;
    return thrown;
  }
}
