package org.bib.oci;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.bib.failure.BuildException;

/** The uncompressed tar of a layer, verified against the diff_id of the configuration. */
public final class LayerStream {
  private static final int BUFFER = 1 << 18;
  private static final String REMEDY = "push the image again, its configuration does not fit it";

  private LayerStream() {}

  /**
   * Opens a layer. What it is compressed with is told by its first bytes, as container engines do;
   * media types lie more often. Reading it to the end verifies blob and diff_id.
   *
   * @throws BuildException naming the layer if it is encrypted, foreign, or not what it should be
   */
  public static InputStream uncompressed(SourceImage image, SourceImage.Layer layer)
      throws IOException {
    String name = "layer " + layer.digest();
    String type = layer.mediaType();
    if (type.endsWith("+encrypted")) {
      throw new BuildException(name + " is encrypted", "decrypt the image first");
    }
    if (!type.contains("tar")) {
      throw new BuildException(
          name + " is of type " + type + ", which is no filesystem layer",
          "name a container image");
    }
    InputStream blob = new BufferedInputStream(image.open(layer), BUFFER);
    try {
      blob.mark(4);
      byte[] magic = blob.readNBytes(4);
      blob.reset();
      return new VerifyingInputStream(
          new NamedInputStream(inflate(blob, magic), blob, name),
          name + ": its content",
          layer.diffId(),
          null,
          REMEDY);
    } catch (IOException e) {
      blob.close();
      throw e;
    }
  }

  private static InputStream inflate(InputStream blob, byte[] magic) throws IOException {
    if (magic.length >= 2 && magic[0] == 0x1F && magic[1] == (byte) 0x8B) { // RFC 1952, 2.3.1
      return new GZIPInputStream(blob, BUFFER);
    }
    // RFC 8878, 3.1.1: magic number of a frame
    if (magic.length == 4
        && magic[0] == 0x28
        && magic[1] == (byte) 0xB5
        && magic[2] == 0x2F
        && magic[3] == (byte) 0xFD) {
      return new ZstdInputStream(blob);
    }
    return blob;
  }

  /** Names the layer in what an inflater complains of, and reads the blob to its end. */
  private static final class NamedInputStream extends InputStream {
    private final InputStream in;
    private final InputStream blob;
    private final String name;

    NamedInputStream(InputStream in, InputStream blob, String name) {
      this.in = in;
      this.blob = blob;
      this.name = name;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      try {
        int n = in.read(buffer, offset, length);
        if (n < 0) {
          // An inflater may stop before the blob does; its digest covers all of it.
          blob.transferTo(OutputStream.nullOutputStream());
        }
        return n;
      } catch (BuildException e) {
        throw e;
      } catch (EOFException | ZipException e) {
        throw corrupt(e);
      } catch (IOException e) {
        // zstd-jni has an exception of its own for damaged frames
        throw e.getClass().getName().contains("Zstd") ? corrupt(e) : e;
      }
    }

    private BuildException corrupt(IOException e) {
      return new BuildException(
          name + " is damaged: " + e.getMessage(), "pull or push the image again", e);
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
