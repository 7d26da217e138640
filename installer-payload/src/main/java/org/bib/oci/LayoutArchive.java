package org.bib.oci;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.BufferedInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarFile;
import org.bib.failure.BuildException;
import org.tukaani.xz.XZInputStream;

/**
 * An OCI image layout in a tar file, read where it lies. Only an archive that is compressed as a
 * whole is first inflated, into a temporary file without a name.
 */
final class LayoutArchive implements LayoutFiles {
  private final RandomAccessFile file;
  private final Map<String, Member> members;

  private record Member(long offset, long size) {}

  private LayoutArchive(RandomAccessFile file, Map<String, Member> members) {
    this.file = file;
    this.members = members;
  }

  /**
   * Indexes an archive.
   *
   * @param spoolDirectory where a compressed archive is inflated
   */
  static LayoutArchive open(Path archive, Path spoolDirectory) throws IOException {
    RandomAccessFile file;
    try {
      file = openTar(archive, spoolDirectory);
    } catch (FileNotFoundException e) {
      throw new BuildException(
          archive + ": cannot be opened: " + e.getMessage(), "check its permissions", e);
    }
    try {
      return new LayoutArchive(file, index(file));
    } catch (IOException | RuntimeException e) {
      file.close();
      throw new BuildException(
          archive
              + ": is not an OCI archive: "
              + MessageText.oneLine(String.valueOf(e.getMessage())),
          "copy the image again",
          e);
    }
  }

  private static RandomAccessFile openTar(Path archive, Path spoolDirectory) throws IOException {
    byte[] magic;
    try (InputStream in = Files.newInputStream(archive)) {
      magic = in.readNBytes(6);
    }
    Compression compression = Compression.of(magic, magic.length);
    boolean xz = magic.length == 6 && magic[0] == (byte) 0xfd && magic[1] == '7' && magic[2] == 'z';
    if (compression == Compression.NONE && !xz) {
      return new RandomAccessFile(archive.toFile(), "r");
    }
    RandomAccessFile spool = spool(archive, spoolDirectory);
    try (InputStream raw = new BufferedInputStream(Files.newInputStream(archive), 1 << 16);
        InputStream in =
            xz
                ? new XZInputStream(raw)
                : compression == Compression.GZIP
                    ? new GzipMembersInputStream(raw)
                    : new ZstdInputStreamNoFinalizer(raw)) {
      inflate(in, spool);
      return spool;
    } catch (IOException e) {
      spool.close();
      throw new BuildException(
          archive
              + ": cannot be inflated into "
              + spoolDirectory
              + ": "
              + MessageText.oneLine(String.valueOf(e.getMessage())),
          "copy the image again, or set TMPDIR to a directory with space",
          e);
    }
  }

  /** A file without a name: it cannot be left behind, not even by a kill. */
  private static RandomAccessFile spool(Path archive, Path directory) throws BuildException {
    try {
      Path file = Files.createTempFile(directory, ".bib-archive-", ".tar");
      try {
        return new RandomAccessFile(file.toFile(), "rw");
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new BuildException(
          archive + ": is compressed as a whole, and " + directory + " takes no file to inflate it",
          "set TMPDIR to a directory that you may write to",
          e);
    }
  }

  private static void inflate(InputStream in, RandomAccessFile target) throws IOException {
    byte[] buffer = new byte[1 << 16];
    for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
      target.write(buffer, 0, n);
    }
    target.seek(0);
  }

  private static Map<String, Member> index(RandomAccessFile file) throws IOException {
    // Closing a TarFile closes the file it reads, which is still needed.
    @SuppressWarnings({"resource", "MustBeClosedChecker"})
    TarFile tar = new TarFile(file.getChannel());
    Map<String, Member> members = new HashMap<>();
    for (TarArchiveEntry entry : tar.getEntries()) {
      if (entry.isFile() && !entry.isSparse()) {
        String name = entry.getName();
        while (name.startsWith("./")) {
          name = name.substring(2);
        }
        members.put(name, new Member(entry.getDataOffset(), entry.getSize()));
      }
    }
    return members;
  }

  @Override
  public InputStream open(String path) throws IOException {
    Member member = members.get(path);
    if (member == null) {
      throw new NoSuchFileException(path);
    }
    return new MemberStream(member);
  }

  @Override
  public void close() throws IOException {
    file.close();
  }

  /**
   * One member. Streams share the file, and its position under a lock: a channel, which could read
   * at a position, would be closed for all of them when one reader's thread is interrupted.
   */
  private final class MemberStream extends InputStream {
    private long position;
    private long left;

    MemberStream(Member member) {
      this.position = member.offset();
      this.left = member.size();
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      if (left == 0) {
        return -1;
      }
      int n;
      synchronized (file) {
        file.seek(position);
        n = file.read(buffer, offset, (int) Math.min(length, left));
      }
      if (n > 0) {
        position += n;
        left -= n;
      }
      return n;
    }
  }
}
