package org.bib.ostree;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.bib.disk.Content;
import org.bib.failure.BuildException;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;

/**
 * The commit that the lowest layers of an image encapsulate. It is the parent of the commit that is
 * deployed and stays as it is, with all of its objects, whatever layers above remove or replace:
 * {@code bootc upgrade} takes it for these layers.
 */
public final class BaseCommit {
  private static final String REMEDY = "build or push the image again";

  private final Checksum checksum;
  private final DirectoryNode tree;
  private final SortedMap<String, Node> objects;

  private BaseCommit(Checksum checksum, DirectoryNode tree, SortedMap<String, Node> objects) {
    this.checksum = checksum;
    this.tree = tree;
    this.objects = Collections.unmodifiableSortedMap(objects);
  }

  /**
   * Finds the one commit and its tree. Objects of the repository's metadata are verified here,
   * those of files where they are hashed, see {@link ObjectStore#add(BaseCommit)}.
   *
   * @param layers what {@link EncapsulatedLayer#objects} found in each of them
   * @throws BuildException naming the object that is missing or damaged
   */
  public static BaseCommit of(List<Map<String, Node>> layers) throws IOException {
    Map<String, Node> found = new TreeMap<>();
    layers.forEach(layer -> layer.forEach(found::putIfAbsent));
    List<String> commits = found.keySet().stream().filter(n -> n.endsWith(".commit")).toList();
    if (commits.size() != 1) {
      throw new BuildException(
          "the layers up to ostree.final-diffid have "
              + (commits.isEmpty() ? "no ostree commit" : commits.size() + " ostree commits"),
          REMEDY);
    }
    return new Reader(found).read(new Checksum(commits.get(0).replace(".commit", "")));
  }

  /** The name of the commit. */
  public Checksum checksum() {
    return checksum;
  }

  /** The tree as a container has it, {@code /etc} in its place: the caller's own, files shared. */
  public DirectoryNode container() {
    DirectoryNode root = ImportFilter.copy(tree);
    if (root.child("etc") == null
        && root.child("usr") instanceof DirectoryNode usr
        && usr.child("etc") instanceof DirectoryNode etc) {
      usr.remove("etc");
      root.put("etc", etc);
    }
    return root;
  }

  /**
   * Whether the root of the running system is an overlay, so that layers may bring more than {@code
   * /usr}, {@code /etc} and {@code /var} (ostree-ext, ostree_prepareroot.rs).
   */
  public boolean hasOverlayRoot() throws IOException {
    return PrepareRoot.hasOverlay(tree);
  }

  /** All objects of the commit by name, such as {@code <checksum>.file}. */
  public SortedMap<String, Node> objects() {
    return objects;
  }

  static BuildException damaged(String object) {
    return new BuildException("object " + object + " of the base commit is damaged", REMEDY);
  }

  /** Follows the commit to all of its objects. */
  private static final class Reader {
    // libostree, OSTREE_MAX_RECURSION
    private static final int MAX_DEPTH = 256;
    // Directories may be shared, so that few objects can make a tree that no memory holds.
    private static final int MAX_ENTRIES = 1 << 20;
    private static final int NAME_MAX = 255;
    private static final long MAX_METADATA = 10 << 20; // ostree-ext, tar/import.rs

    private final Map<String, Node> found;
    private final SortedMap<String, Node> reached = new TreeMap<>();
    private final Map<Checksum, Metadata> directoryMetadata = new HashMap<>();
    private int entries;

    Reader(Map<String, Node> found) {
      this.found = found;
      // The exporter leaves the tree of /sysroot out, which is empty.
      byte[] empty =
          ObjectEncoder.directoryTree(Collections.emptySortedMap(), Collections.emptySortedMap());
      found.putIfAbsent(
          Checksum.of(empty) + ".dirtree", ObjectStore.metadataObject(Content.of(empty)));
    }

    BaseCommit read(Checksum commit) throws IOException {
      ObjectEncoder.TreeChecksums root = decode(commit + ".commit", "", ObjectDecoder::commitRoot);
      // Signatures and the like; its name is not the checksum of its content.
      if (found.get(commit + ".commitmeta") instanceof FileNode detached) {
        reached.put(commit + ".commitmeta", ObjectStore.metadataObject(detached.content()));
      }
      return new BaseCommit(commit, directory(root, "", 0), reached);
    }

    private DirectoryNode directory(ObjectEncoder.TreeChecksums checksums, String path, int depth)
        throws IOException {
      if (depth > MAX_DEPTH) {
        throw new BuildException("the base commit has directories too deep: " + path, REMEDY);
      }
      Metadata metadata = directoryMetadata.get(checksums.meta());
      if (metadata == null) {
        metadata = decode(checksums.meta() + ".dirmeta", path, ObjectDecoder::directoryMetadata);
        directoryMetadata.put(checksums.meta(), metadata);
      }
      String object = checksums.tree() + ".dirtree";
      ObjectDecoder.DirectoryTree listed = decode(object, path, ObjectDecoder::directoryTree);
      DirectoryNode directory = new DirectoryNode(metadata);
      for (Map.Entry<String, Checksum> file : listed.files().entrySet()) {
        String name = file.getKey();
        put(directory, name, file(file.getValue(), path + "/" + name), object);
      }
      for (Map.Entry<String, ObjectEncoder.TreeChecksums> below : listed.directories().entrySet()) {
        String name = below.getKey();
        put(directory, name, directory(below.getValue(), path + "/" + name, depth + 1), object);
      }
      return directory;
    }

    private void put(DirectoryNode directory, String name, Node node, String object)
        throws BuildException {
      int length = name.getBytes(StandardCharsets.UTF_8).length;
      boolean sound = !name.equals(".") && !name.equals("..") && name.indexOf('/') < 0;
      if (!sound || length == 0 || length > NAME_MAX || directory.child(name) != null) {
        throw strange(object, new IOException("it has a name that cannot be"));
      }
      if (++entries > MAX_ENTRIES) {
        throw new BuildException("the base commit has more than 2^20 files", REMEDY);
      }
      directory.put(name, node);
    }

    private Node file(Checksum checksum, String path) throws BuildException {
      String object = checksum + ".file";
      Node node = found.get(object);
      if (node == null) {
        throw missing(object, path);
      }
      reached.put(object, node);
      return node;
    }

    private <T> T decode(String object, String path, Decoding<T> decoding) throws IOException {
      if (!(found.get(object) instanceof FileNode file)) {
        throw missing(object, path);
      }
      byte[] bytes = ObjectStore.bytes(file.content(), MAX_METADATA, object);
      if (!object.startsWith(Checksum.of(bytes).hex())) {
        throw damaged(object);
      }
      try {
        T decoded = decoding.decode(bytes);
        reached.putIfAbsent(object, ObjectStore.metadataObject(file.content()));
        return decoded;
      } catch (IOException e) {
        throw strange(object, e);
      }
    }

    private static BuildException strange(String object, IOException cause) {
      return new BuildException(
          "object " + object + " of the base commit: " + cause.getMessage(), REMEDY, cause);
    }

    private static BuildException missing(String object, String path) {
      return new BuildException(
          "object "
              + object
              + " of the base commit, "
              + (path.isEmpty() ? "/" : path)
              + ", is in none of its layers",
          REMEDY);
    }

    /** Makes something of an object's bytes, or says why it cannot. */
    private interface Decoding<T> {
      T decode(byte[] object) throws IOException;
    }
  }
}
