package org.bib.ostree;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.bib.disk.Content;
import org.bib.fsverity.FsVerity;
import org.bib.fsverity.VerityDigest;
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

  private final int threads;
  private final boolean verity;
  private final TreeMap<String, Node> objects = new TreeMap<>(); // "<hex>.file" and its kin
  private final IdentityHashMap<Node, Checksum> checksums = new IdentityHashMap<>();
  private final Map<Checksum, VerityDigest> digests = new HashMap<>();

  /** What one reading of a file tells. */
  private record Hashes(Checksum checksum, Optional<VerityDigest> digest) {}

  /** An empty store of objects that nothing protects; {@code threads} hash contents. */
  ObjectStore(int threads) {
    this(threads, false);
  }

  /**
   * An empty store.
   *
   * @param threads how many threads hash contents
   * @param verity whether the filesystem has to protect all objects by fs-verity, as libostree has
   *     it do for a repository that demands that
   */
  public ObjectStore(int threads, boolean verity) {
    this.threads = threads;
    this.verity = verity;
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
                objects.put(name, guarded(node));
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

  private Node guarded(Node object) {
    return verity && object instanceof FileNode file ? file.withVerity() : object;
  }

  /** The fs-verity digest of the object of a file that is not empty, if objects are protected. */
  Optional<VerityDigest> digest(Checksum checksum) {
    return Optional.ofNullable(digests.get(checksum));
  }

  /** The name of the object of {@code node} of a tree that was added. */
  Checksum checksum(Node node) {
    Checksum checksum = checksums.get(node);
    if (checksum == null) {
      throw new IllegalArgumentException("the node was not added");
    }
    return checksum;
  }

  /**
   * What a deployment has in place of {@code node} of a tree that was added: the object itself, but
   * a file of its own where it is empty, for libostree does not link those.
   */
  Node checkout(Node node) {
    Node object = Objects.requireNonNull(objects.get(checksum(node) + ".file"));
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
    List<Hashes> results = ParallelHash.all(nodes, threads, this::hash);
    for (int i = 0; i < nodes.size(); i++) {
      Node node = nodes.get(i);
      Checksum checksum = results.get(i).checksum();
      checksums.put(node, checksum);
      results.get(i).digest().ifPresent(digest -> digests.put(checksum, digest));
      objects.computeIfAbsent(checksum + ".file", name -> guarded(object(node)));
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

  private Hashes hash(Node node, ByteBuffer buffer) throws IOException {
    MessageDigest digest = Checksum.newDigest();
    if (node instanceof SymlinkNode symlink) {
      digest.update(
          ObjectEncoder.fileHeader(symlink.metadata(), ObjectEncoder.S_IFLNK, symlink.target()));
      return new Hashes(Checksum.of(digest), Optional.empty());
    }
    FileNode file = (FileNode) node;
    digest.update(ObjectEncoder.fileHeader(file.metadata(), ObjectEncoder.S_IFREG, ""));
    if (!verity || file.content().size() == 0) {
      file.content().readAll(buffer, digest::update);
      return new Hashes(Checksum.of(digest), Optional.empty());
    }
    FsVerity fsVerity = new FsVerity(file.content().size(), FsVerity.TreeSink.NONE);
    file.content()
        .readAll(
            buffer,
            piece -> {
              digest.update(piece.duplicate());
              fsVerity.update(piece);
            });
    return new Hashes(Checksum.of(digest), Optional.of(fsVerity.digest()));
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
                files.put(name, checksum(child));
              }
            });
    return new ObjectEncoder.TreeChecksums(
        addMetadata(ObjectEncoder.directoryTree(files, directories), "dirtree"),
        addMetadata(ObjectEncoder.directoryMetadata(directory.metadata()), "dirmeta"));
  }

  private Checksum addMetadata(byte[] bytes, String kind) {
    Checksum checksum = Checksum.of(bytes);
    objects.computeIfAbsent(
        checksum + "." + kind, name -> guarded(metadataObject(Content.of(bytes))));
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
