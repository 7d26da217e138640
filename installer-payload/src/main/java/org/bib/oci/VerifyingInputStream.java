package org.bib.oci;

import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.bib.failure.BuildException;
import org.jspecify.annotations.Nullable;

/** Passes a blob through and, at its end, refuses it unless length and digest are as expected. */
final class VerifyingInputStream extends InputStream {
  private final InputStream in;
  private final String name;
  private final Digest expected;
  private final @Nullable Long size;
  private final String remedy;
  private final MessageDigest digest;
  private long count;
  private boolean verified;

  /**
   * Wraps {@code in}.
   *
   * @param name of the blob, for messages
   * @param size expected length, or null where only the digest is known
   */
  VerifyingInputStream(
      InputStream in, String name, Digest expected, @Nullable Long size, String remedy) {
    this.in = in;
    this.name = name;
    this.expected = expected;
    this.size = size;
    this.remedy = remedy;
    this.digest = expected.newMessageDigest();
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    int n = in.read(buffer, offset, length);
    if (n >= 0) {
      digest.update(buffer, offset, n);
      count += n;
      if (size != null && count > size) {
        throw new BuildException(
            name + " is longer than the " + size + " bytes it should have", remedy);
      }
    } else if (!verified) {
      verify();
    }
    return n;
  }

  private void verify() throws BuildException {
    if (size != null && count != size) {
      throw new BuildException(name + " is cut short: " + count + " of " + size + " bytes", remedy);
    }
    String found = HexFormat.of().formatHex(digest.digest());
    if (!found.equals(expected.hex())) {
      throw new BuildException(
          name + ": digest mismatch: found " + expected.algorithm() + ":" + found, remedy);
    }
    verified = true;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
