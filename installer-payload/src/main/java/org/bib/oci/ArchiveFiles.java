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
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.XZInputStream;

/**
 * An image's files in a tar file, read where it lies. Only an archive that is compressed as a whole
 * is first inflated, into a temporary file without a name. A symbolic link to another member stands
 * for that member, as {@code docker save} has them for layers that an image has twice.
 */
final class ArchiveFiles implements ImageFiles {
  /** Links that lead from one to the next; no tool writes more than one. */
  private static final int MAX_LINKS = 8;

  private final RandomAccessFile file;
  private final Map<String, Member> members;

  /** A member: where its content lies, or what it stands for. */
  private record Member(long offset, long size, @Nullable String target) {}

  private ArchiveFiles(RandomAccessFile file, Map<String, Member> members) {
    this.file = file;
    this.members = members;
  }

  /**
   * Indexes an archive.
   *
   * @param kind what it should be, for messages
   * @param spoolDirectory where a compressed archive is inflated
   */
  static ArchiveFiles open(Path archive, String kind, Path spoolDirectory) throws IOException {
    RandomAccessFile file;
    try {
      file = openTar(archive, spoolDirectory);
    } catch (FileNotFoundException e) {
      throw new BuildException(
          archive + ": cannot be opened: " + e.getMessage(), "check its permissions", e);
    }
    return indexed(file, archive.toString(), kind);
  }

  /**
   * Takes an archive from a stream that is read once.
   *
   * @param name of the source, for messages
   * @param spoolDirectory where the archive is kept meanwhile
   */
  static ArchiveFiles spooled(InputStream in, String name, String kind, Path spoolDirectory)
      throws IOException {
    RandomAccessFile spool = spool(name + ": is sent once", spoolDirectory);
    byte[] buffer = new byte[1 << 16];
    try {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        try {
          spool.write(buffer, 0, n);
        } catch (IOException e) {
          throw new BuildException(
              name + ": cannot be held in " + spoolDirectory + ": " + e.getMessage(),
              "set TMPDIR to a directory with space",
              e);
        }
      }
      spool.seek(0);
    } catch (IOException | RuntimeException e) {
      spool.close();
      throw e;
    }
    return indexed(spool, name, kind);
  }

  private static ArchiveFiles indexed(RandomAccessFile file, String name, String kind)
      throws IOException {
    try {
      return new ArchiveFiles(file, index(file));
    } catch (IOException | RuntimeException e) {
      file.close();
      throw new BuildException(
          name + ": is not " + kind + ": " + MessageText.oneLine(String.valueOf(e.getMessage())),
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
    RandomAccessFile spool = spool(archive + ": is compressed as a whole", spoolDirectory);
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
  private static RandomAccessFile spool(String why, Path directory) throws BuildException {
    try {
      Path file = Files.createTempFile(directory, ".bib-archive-", ".tar");
      try {
        return new RandomAccessFile(file.toFile(), "rw");
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new BuildException(
          why + ", and " + directory + " takes no file to hold it",
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
      Path name = Path.of("/", entry.getName()).normalize();
      if (entry.isSymbolicLink()) {
        Path target = name.resolveSibling(entry.getLinkName()).normalize();
        members.put(key(name), new Member(0, 0, key(target)));
      } else if (entry.isFile() && !entry.isSparse()) {
        members.put(key(name), new Member(entry.getDataOffset(), entry.getSize(), null));
      }
    }
    return members;
  }

  /** What members are found by: the path below the root of the archive. */
  private static String key(Path path) {
    return path.toString().substring(1);
  }

  @Override
  public InputStream open(String path) throws IOException {
    return new MemberStream(member(path));
  }

  /** The size of a file in bytes. */
  long size(String path) throws IOException {
    return member(path).size();
  }

  private Member member(String path) throws IOException {
    String name = key(Path.of("/", path).normalize());
    Member member = members.get(name);
    for (int links = 0; member != null && member.target() != null; links++) {
      member = links < MAX_LINKS ? members.get(member.target()) : null;
    }
    if (member == null) {
      throw new NoSuchFileException(name);
    }
    return member;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }

  /**
   * One member. Streams share the file, and its position under a lock: a channel, which could read
   * at a position, would be closed for all of them when one reader's thread is interrupted.
   */
  private final class MemberStream extends BulkInputStream {
    private long position;
    private long left;

    MemberStream(Member member) {
      this.position = member.offset();
      this.left = member.size();
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
