package org.bib.ostree;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bib.disk.ByteRange;
import org.bib.disk.Content;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.NameOrder;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;

/**
 * The objects of a repository of mode {@code bare}. There is one node an object; where deployments
 * refer to it they are hard links. Modification times are the epoch, as libostree sets them. One
 * thread adds trees; hashing within is parallel and its order never shows.
 */
public final class ObjectStore {
  static final int BUFFER = 1 << 18;
  private static final int CHUNK_FILES = 64;

  private final int threads;
  private final TreeMap<String, Node> objects = new TreeMap<>(); // "<hex>.file" and its kin
  private final IdentityHashMap<Node, Checksum> checksums = new IdentityHashMap<>();

  /**
   * An empty store.
   *
   * @param threads how many threads hash contents
   */
  public ObjectStore(int threads) {
    this.threads = threads;
  }

  /**
   * Adds all of a tree.
   *
   * @return the checksums of its root
   */
  ObjectEncoder.TreeChecksums add(DirectoryNode root) throws IOException, InterruptedException {
    List<Node> files = new ArrayList<>();
    collect(root, Collections.newSetFromMap(new IdentityHashMap<>()), files);
    addFiles(files);
    return addDirectory(root);
  }

  /**
   * Adds all objects of a base commit as they are.
   *
   * @return the checksum of the commit
   * @throws org.bib.failure.BuildException naming a file whose object is not what its name says
   */
  Checksum add(BaseCommit base) throws IOException, InterruptedException {
    List<Node> files = new ArrayList<>();
    base.objects()
        .forEach(
            (name, node) -> {
              if (name.endsWith(".file")) {
                files.add(node);
              } else {
                objects.put(name, node);
              }
            });
    addFiles(files);
    for (Map.Entry<String, Node> object : base.objects().entrySet()) {
      Checksum actual = checksums.get(object.getValue());
      if (actual != null && !object.getKey().equals(actual + ".file")) {
        throw BaseCommit.damaged(object.getKey());
      }
    }
    return base.checksum();
  }

  /** Adds a commit object. */
  Checksum addCommit(byte[] commit) {
    return addMetadata(commit, "commit");
  }

  /**
   * What a deployment has in place of {@code node} of a tree that was added: the object itself, but
   * a file of its own where it is empty, for libostree does not link those.
   */
  Node checkout(Node node) {
    Checksum checksum = checksums.get(node);
    Node object = checksum == null ? null : objects.get(checksum + ".file");
    if (object == null) {
      throw new IllegalArgumentException("the node was not added");
    }
    return object instanceof FileNode file && file.content().size() == 0
        ? new FileNode(file.metadata(), Content.EMPTY)
        : object;
  }

  /** A deployment of {@code root}, which was added: directories anew, files as hard links. */
  DirectoryNode checkout(DirectoryNode root) {
    DirectoryNode copy = new DirectoryNode(root.metadata().withMtime(Instant.EPOCH));
    root.children()
        .forEach(
            (name, child) ->
                copy.put(
                    name,
                    child instanceof DirectoryNode below ? checkout(below) : checkout(child)));
    return copy;
  }

  /** The directory {@code objects} of the repository. */
  DirectoryNode objects() {
    DirectoryNode directory = new DirectoryNode(Metadata.root(0755));
    objects.forEach(
        (name, node) ->
            directory
                .directory(name.substring(0, 2), Metadata.root(0755))
                .put(name.substring(2), node));
    return directory;
  }

  /** Hashes files and symbolic links and adds their objects. */
  private void addFiles(List<Node> nodes) throws IOException, InterruptedException {
    ConcurrentHashMap<Integer, Checksum> results = new ConcurrentHashMap<>();
    ExecutorService executor = Executors.newFixedThreadPool(threads);
    try {
      List<Future<?>> futures = new ArrayList<>();
      for (int from = 0; from < nodes.size(); from += CHUNK_FILES) {
        int first = from;
        int end = Math.min(nodes.size(), from + CHUNK_FILES);
        futures.add(
            executor.submit(
                () -> {
                  ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
                  for (int i = first; i < end; i++) {
                    results.put(i, checksum(nodes.get(i), buffer));
                  }
                  return null;
                }));
      }
      for (Future<?> future : futures) {
        future.get();
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException io) {
        throw io;
      }
      if (e.getCause() instanceof RuntimeException runtime) {
        throw runtime;
      }
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw new IOException(e.getCause());
    } finally {
      executor.shutdownNow();
    }
    for (int i = 0; i < nodes.size(); i++) {
      Node node = nodes.get(i);
      Checksum checksum = results.get(i);
      if (checksum == null) {
        throw new IllegalStateException("a file was not hashed");
      }
      checksums.put(node, checksum);
      objects.computeIfAbsent(checksum + ".file", name -> object(node));
    }
  }

  private void collect(DirectoryNode directory, Set<Node> seen, List<Node> nodes) {
    for (Node child : directory.children().values()) {
      if (child instanceof DirectoryNode below) {
        collect(below, seen, nodes);
      } else if (!checksums.containsKey(child) && seen.add(child)) {
        nodes.add(child);
      }
    }
  }

  private static Node object(Node node) {
    Metadata metadata = node.metadata().withMtime(Instant.EPOCH);
    if (node instanceof FileNode file) {
      return new FileNode(metadata, file.content());
    }
    return new SymlinkNode(metadata, ((SymlinkNode) node).target());
  }

  private static Checksum checksum(Node node, ByteBuffer buffer) throws IOException {
    MessageDigest digest = Checksum.newDigest();
    if (node instanceof SymlinkNode symlink) {
      digest.update(
          ObjectEncoder.fileHeader(symlink.metadata(), ObjectEncoder.S_IFLNK, symlink.target()));
    } else if (node instanceof FileNode file) {
      digest.update(ObjectEncoder.fileHeader(file.metadata(), ObjectEncoder.S_IFREG, ""));
      update(digest, file.content(), buffer);
    }
    return Checksum.of(digest);
  }

  /** Hashes a content; its holes are hashed from memory, not read. */
  static void update(MessageDigest digest, Content content, ByteBuffer buffer) throws IOException {
    long at = 0;
    for (ByteRange range : content.dataRanges()) {
      updateZeros(digest, range.offset() - at, buffer);
      long position = range.offset();
      while (position < range.end()) {
        buffer.clear().limit((int) Math.min(BUFFER, range.end() - position));
        content.read(position, buffer);
        position += buffer.position();
        digest.update(buffer.flip());
      }
      at = range.end();
    }
    updateZeros(digest, content.size() - at, buffer);
  }

  private static void updateZeros(MessageDigest digest, long count, ByteBuffer buffer) {
    if (count == 0) {
      return;
    }
    buffer.clear();
    buffer.put(new byte[BUFFER]);
    for (long left = count; left > 0; left -= Math.min(BUFFER, left)) {
      digest.update(buffer.position(0).limit((int) Math.min(BUFFER, left)));
    }
  }

  private ObjectEncoder.TreeChecksums addDirectory(DirectoryNode directory) {
    SortedMap<String, Checksum> files = new TreeMap<>(NameOrder.INSTANCE);
    SortedMap<String, ObjectEncoder.TreeChecksums> directories = new TreeMap<>(NameOrder.INSTANCE);
    directory
        .children()
        .forEach(
            (name, child) -> {
              if (child instanceof DirectoryNode below) {
                directories.put(name, addDirectory(below));
              } else {
                Checksum checksum = checksums.get(child);
                if (checksum == null) {
                  throw new IllegalStateException(name + " was not hashed");
                }
                files.put(name, checksum);
              }
            });
    return new ObjectEncoder.TreeChecksums(
        addMetadata(ObjectEncoder.directoryTree(files, directories), "dirtree"),
        addMetadata(ObjectEncoder.directoryMetadata(directory.metadata()), "dirmeta"));
  }

  private Checksum addMetadata(byte[] bytes, String kind) {
    Checksum checksum = Checksum.of(bytes);
    objects.computeIfAbsent(checksum + "." + kind, name -> metadataObject(Content.of(bytes)));
    return checksum;
  }

  /** An object that is no file of the tree: its file in the repository. */
  static FileNode metadataObject(Content content) {
    return new FileNode(Metadata.root(0644), content);
  }

  /**
   * All bytes of a content.
   *
   * @param limit how many there may be
   * @param name for the message if there are more
   */
  static byte[] bytes(Content content, long limit, String name) throws IOException {
    if (content.size() > limit) {
      throw new IOException(name + " is larger than " + limit + " bytes");
    }
    byte[] bytes = new byte[Math.toIntExact(content.size())];
    content.read(0, ByteBuffer.wrap(bytes));
    return bytes;
  }

  /** A file of a repository that is no object: a ref, the configuration. */
  static FileNode textFile(String text) {
    return new FileNode(Metadata.root(0644), Content.of(text.getBytes(StandardCharsets.UTF_8)));
  }
}
