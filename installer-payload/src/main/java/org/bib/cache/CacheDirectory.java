package org.bib.cache;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bib.disk.ByteSize;
import org.bib.oci.Digest;
import org.bib.scratch.DirectoryLock;
import org.bib.scratch.ScratchDirectory;

/** The cache on the disk; see the package for what is where. Any number of processes may use it. */
public final class CacheDirectory {
  private static final String TAR = ".tar";
  private static final String FROM = ".from";
  private static final Pattern NAME =
      Pattern.compile("(sha256-[0-9a-f]{64}|sha512-[0-9a-f]{128})(\\.tar|\\.from)");
  private static final int MAX_REFERENCE = 4096;

  // Cache Directory Tagging Specification 0.6: backups leave such a directory out.
  private static final String TAG_FILE = "CACHEDIR.TAG";
  private static final String TAG = "Signature: 8a477f597d28d172789f06886806bc55\n";

  private static final Comparator<CacheEntry> NEWEST_FIRST =
      Comparator.comparing(CacheEntry::lastUse)
          .reversed()
          .thenComparing(entry -> entry.diffId().toString());

  private final Path layers;

  private CacheDirectory(Path layers) {
    this.layers = layers;
  }

  /** The cache at {@code directory}, which need not be there. */
  public static CacheDirectory at(Path directory) {
    return new CacheDirectory(directory.resolve("layers"));
  }

  /** Makes what is missing of the cache at {@code directory}, for its owner alone. */
  static CacheDirectory make(Path directory) throws IOException {
    CacheDirectory cache = at(directory);
    Files.createDirectories(
        cache.layers,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Path tag = directory.resolve(TAG_FILE);
    if (Files.notExists(tag, LinkOption.NOFOLLOW_LINKS)) {
      try {
        Files.writeString(tag, TAG, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      } catch (FileAlreadyExistsException e) {
        // Another build was faster.
      }
    }
    return cache;
  }

  /**
   * Whether others than the owner may write there. What is read is verified first, but must not
   * change between that and its use.
   */
  boolean isOpenToOthers() throws IOException {
    for (Path directory : List.of(layers, layers.resolveSibling("."))) {
      Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(directory);
      if (permissions.contains(PosixFilePermission.GROUP_WRITE)
          || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
        return true;
      }
    }
    return false;
  }

  /** A place for what is not finished; what killed builds left of theirs goes. */
  ScratchDirectory scratch() throws IOException {
    ScratchDirectory.deleteAbandoned(layers);
    try {
      return ScratchDirectory.make(layers);
    } catch (NoSuchFileException e) {
      return ScratchDirectory.make(layers); // Another build thought that it was abandoned.
    }
  }

  /** What is kept, last used first; nothing if there is no cache. */
  public List<CacheEntry> entries() throws IOException {
    List<CacheEntry> entries = new ArrayList<>();
    for (Path file : files(TAR)) {
      try {
        BasicFileAttributes attributes =
            Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (attributes.isRegularFile()) {
          Digest diffId = digest(file);
          entries.add(
              new CacheEntry(
                  diffId,
                  new ByteSize(attributes.size()),
                  attributes.lastModifiedTime().toInstant(),
                  reference(diffId)));
        }
      } catch (NoSuchFileException e) {
        // Another build just made room.
      }
    }
    entries.sort(NEWEST_FIRST);
    return entries;
  }

  /** The files with names of ours that end in {@code suffix}. */
  private List<Path> files(String suffix) throws IOException {
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(layers)) {
      for (Path file : all) {
        Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
        if (name.matches() && suffix.equals(name.group(2))) {
          files.add(file);
        }
      }
    } catch (NoSuchFileException e) {
      return List.of();
    }
    return files;
  }

  private static Digest digest(Path file) {
    String name = String.valueOf(file.getFileName());
    return Digest.parse(name.substring(0, name.lastIndexOf('.')).replace('-', ':'));
  }

  private Path file(Digest diffId, String suffix) {
    return layers.resolve(diffId.algorithm() + "-" + diffId.hex() + suffix);
  }

  private Optional<String> reference(Digest diffId) {
    try {
      Path file = file(diffId, FROM);
      return Files.size(file) > MAX_REFERENCE
          ? Optional.empty()
          : Optional.of(Files.readString(file).strip()).filter(text -> !text.isEmpty());
    } catch (IOException e) {
      return Optional.empty(); // It is only told, never used.
    }
  }

  /** Opens an entry, if it is there and can be opened. */
  Optional<LayerTar> open(Digest diffId) {
    Path file = file(diffId, TAR);
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new CachedTar(
              FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS), diffId));
    } catch (IOException e) {
      return Optional.empty(); // It just went, or is another user's.
    }
  }

  /** Notes that an entry is used now. */
  void touch(Digest diffId) {
    try {
      Files.setLastModifiedTime(file(diffId, TAR), FileTime.from(Instant.now()));
    } catch (IOException e) {
      // It just went, or the cache is read-only and will not evict it.
    }
  }

  /**
   * Makes a verified tar an entry, if the bound leaves room for it.
   *
   * @param tar a file in a {@linkplain #scratch scratch directory} of this cache; it is moved
   * @param size of the tar, in bytes
   * @param held entries that must stay
   * @param limit for all entries together, in bytes
   * @param reference of the image that has the layer
   * @return whether it was kept
   */
  boolean publish(
      Digest diffId, Path tar, long size, Set<Digest> held, long limit, String reference)
      throws IOException {
    return locked(
        () -> {
          List<CacheEntry> others =
              entries().stream().filter(entry -> !entry.diffId().equals(diffId)).toList();
          long mustStay =
              bytes(others.stream().filter(entry -> held.contains(entry.diffId())).toList());
          if (size > limit - mustStay) {
            return false;
          }
          evict(
              others.stream().filter(entry -> !held.contains(entry.diffId())).toList(),
              limit - mustStay - size);
          Path from = file(diffId, FROM);
          if (Files.notExists(from) && reference.length() < MAX_REFERENCE / 4) {
            Files.writeString(from, reference + "\n");
          }
          Files.move(tar, file(diffId, TAR), StandardCopyOption.ATOMIC_MOVE);
          return true;
        });
  }

  /**
   * Removes what was not used for the longest time, until no more than {@code limit} is left, and
   * what killed builds left.
   *
   * @return what was removed, last used first
   * @throws IOException if there is something that cannot be removed
   */
  public List<CacheEntry> prune(ByteSize limit) throws IOException {
    if (!Files.isDirectory(layers)) {
      return List.of();
    }
    ScratchDirectory.deleteAbandoned(layers);
    return locked(
        () -> {
          List<CacheEntry> removed = evict(entries(), limit.bytes());
          for (Path from : files(FROM)) {
            if (Files.notExists(file(digest(from), TAR), LinkOption.NOFOLLOW_LINKS)) {
              Files.deleteIfExists(from);
            }
          }
          return removed;
        });
  }

  /** Removes from the end of {@code entries} what is beyond {@code limit} bytes. */
  private List<CacheEntry> evict(List<CacheEntry> entries, long limit) throws IOException {
    long total = bytes(entries);
    int end = entries.size();
    while (end > 0 && total > limit) {
      end--;
      total -= entries.get(end).size().bytes();
      remove(entries.get(end).diffId());
    }
    return List.copyOf(entries.subList(end, entries.size()));
  }

  /** Removes an entry, if it is there. */
  void remove(Digest diffId) throws IOException {
    Files.deleteIfExists(file(diffId, TAR));
    Files.deleteIfExists(file(diffId, FROM));
  }

  /**
   * Reads all entries, and removes those that are not what their names say.
   *
   * @return what was removed
   * @throws IOException if there is something that cannot be opened or removed
   */
  public List<CacheEntry> verify() throws IOException {
    List<CacheEntry> damaged = new ArrayList<>();
    for (CacheEntry entry : entries()) {
      try (FileChannel channel =
              FileChannel.open(
                  file(entry.diffId(), TAR), StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
          LayerTar tar = new CachedTar(channel, entry.diffId())) {
        tar.transferTo(OutputStream.nullOutputStream());
      } catch (DamagedEntryException e) {
        remove(entry.diffId());
        damaged.add(entry);
      } catch (NoSuchFileException e) {
        // A build just made room.
      }
    }
    return damaged;
  }

  private static long bytes(Collection<CacheEntry> entries) {
    long sum = 0;
    for (CacheEntry entry : entries) {
      sum = Math.addExact(sum, entry.size().bytes());
    }
    return sum;
  }

  private interface Change<T> {
    T make() throws IOException;
  }

  /** Changes what is kept while nobody else does, as far as the filesystem has locks. */
  private <T> T locked(Change<T> change) throws IOException {
    DirectoryLock lock;
    try {
      lock = DirectoryLock.await(layers);
    } catch (IOException e) {
      return change.make(); // No locks here: two builds at a time may keep too much for a while.
    }
    try {
      return change.make();
    } finally {
      lock.close();
    }
  }
}
