package org.bib.ostree;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bib.tree.FileNode;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.bib.tree.Xattrs;
import org.jspecify.annotations.Nullable;

/**
 * The objects of one layer of an encapsulated commit (ostree-ext, tar/export.rs and tar/import.rs).
 * Such a layer has a repository of mode {@code bare-split-xattrs}; what it has besides are hard
 * links to the objects under their real names, which nobody needs who has the commit.
 *
 * <p>The extended attributes of a file stand before its object, in one of three forms:
 *
 * <ul>
 *   <li>{@code objects/xx/….file-xattrs-link} holds them;
 *   <li>it is a hard link to {@code objects/yy/….file-xattrs}, named by the checksum of its
 *       content;
 *   <li>{@code objects/xx/….file.xattrs}, as the first version of the format had it, is a hard link
 *       to {@code xattrs/<checksum>}.
 * </ul>
 *
 * <p>Not thread-safe. Contents are not read before {@link #objects()}.
 */
public final class EncapsulatedLayer {
  /** Where in the layer the repository is. */
  public static final List<String> REPOSITORY = List.of("sysroot", "ostree", "repo");

  private static final Pattern OBJECT =
      Pattern.compile(
          "([0-9a-f]{2})/([0-9a-f]{62})\\."
              + "(commit|commitmeta|dirtree|dirmeta|file|file-xattrs|file-xattrs-link|file\\.xattrs)");
  private static final Pattern CHECKSUM = Pattern.compile("[0-9a-f]{64}");
  private static final long MAX_XATTRS = 1 << 20; // as tar/import.rs has it
  private static final long MAX_ALL_XATTRS = 64 << 20; // they stay in memory

  private final Map<String, Node> metadata = new TreeMap<>();
  private final List<FileObject> files = new ArrayList<>();
  private final Map<String, FileNode> sharedXattrs = new HashMap<>();
  private @Nullable XattrsOf next;

  /** Attributes of the file object that comes next: their own file or the name of a shared one. */
  private record XattrsOf(String object, @Nullable FileNode own, String shared) {}

  private record FileObject(String checksum, Node node, XattrsOf xattrs) {}

  /**
   * Whether a path of a layer lies in the repository, and so is of no use to a tree.
   *
   * @param path components, from the root on
   */
  public static boolean isInRepository(List<String> path) {
    return path.size() > REPOSITORY.size() && path.subList(0, REPOSITORY.size()).equals(REPOSITORY);
  }

  /**
   * The name by which {@link BaseCommit} knows the file object at a path of a layer, such as {@code
   * <checksum>.file}; null if there is none.
   */
  public static @Nullable String fileObject(List<String> path) {
    Matcher object = OBJECT.matcher(objectPath(path));
    return object.matches() && object.group(3).equals("file")
        ? object.group(1) + object.group(2) + ".file"
        : null;
  }

  /** Takes a file or symbolic link; what is not in the repository is passed over. */
  public void put(List<String> path, Node node) throws IOException {
    List<String> below = below(path);
    if (below.size() == 2 && below.get(0).equals("xattrs")) {
      putXattrs(below.get(1), node);
    }
    if (below.isEmpty() || !below.get(0).equals("objects")) {
      return;
    }
    Matcher object = object(path);
    String checksum = object.group(1) + object.group(2);
    switch (object.group(3)) {
      case "file" -> {
        if (next == null || !next.object().equals(checksum)) {
          throw new IOException(
              "the object " + checksum + ".file does not follow its extended attributes");
        }
        files.add(new FileObject(checksum, node, next));
        next = null;
      }
      case "file-xattrs" -> putXattrs(checksum, node);
      case "file-xattrs-link" -> next = new XattrsOf(checksum, regular(path, node), "");
      case "file.xattrs" -> throw new IOException(String.join("/", path) + " is no hard link");
      default -> metadata.putIfAbsent(checksum + "." + object.group(3), regular(path, node));
    }
  }

  /** Takes a hard link; what is not in the repository is passed over. */
  public void link(List<String> path, List<String> target) throws IOException {
    List<String> below = below(path);
    if (below.isEmpty() || !below.get(0).equals("objects")) {
      return;
    }
    Matcher object = object(path);
    String shared = sharedXattrs(object.group(3), target);
    if (shared == null) {
      throw new IOException(
          String.join("/", path) + " is a hard link to " + String.join("/", target));
    }
    next = new XattrsOf(object.group(1) + object.group(2), null, shared);
  }

  private static @Nullable String sharedXattrs(String kind, List<String> target) {
    String name = target.isEmpty() ? "" : target.get(target.size() - 1);
    if (kind.equals("file.xattrs")) {
      return CHECKSUM.matcher(name).matches() ? name : null;
    }
    String parent = target.size() < 2 ? "" : target.get(target.size() - 2);
    Matcher object = OBJECT.matcher(parent + "/" + name);
    return kind.equals("file-xattrs-link")
            && object.matches()
            && object.group(3).equals("file-xattrs")
        ? object.group(1) + object.group(2)
        : null;
  }

  /**
   * All objects by their names, such as {@code <checksum>.dirtree}; files and symbolic links have
   * their extended attributes, and none of the contents was verified but that of the attributes.
   *
   * @throws IOException naming the object, if its attributes are missing or damaged
   */
  public Map<String, Node> objects() throws IOException {
    Map<String, Node> objects = new TreeMap<>(metadata);
    Map<Checksum, Xattrs> known = new HashMap<>(); // there are few different ones
    long total = 0;
    for (FileObject file : files) {
      XattrsOf reference = file.xattrs();
      FileNode content =
          reference.own() != null ? reference.own() : sharedXattrs.get(reference.shared());
      if (content == null) {
        throw new IOException(
            "the extended attributes of object " + file.checksum() + ".file are missing");
      }
      byte[] bytes = ObjectStore.bytes(content.content(), MAX_XATTRS, "extended attributes");
      Checksum checksum = Checksum.of(bytes);
      if (reference.own() == null && !checksum.hex().equals(reference.shared())) {
        throw new IOException("the object " + reference.shared() + ".file-xattrs is damaged");
      }
      Xattrs xattrs = known.get(checksum);
      if (xattrs == null) {
        total += bytes.length;
        if (total > MAX_ALL_XATTRS) {
          throw new IOException("more than 64 MiB of extended attributes");
        }
        xattrs = xattrs(file, bytes);
        known.put(checksum, xattrs);
      }
      objects.putIfAbsent(file.checksum() + ".file", with(file.node(), xattrs));
    }
    return objects;
  }

  private static Xattrs xattrs(FileObject file, byte[] bytes) throws IOException {
    try {
      return ObjectDecoder.xattrs(bytes);
    } catch (IOException e) {
      throw new IOException(
          "the extended attributes of object " + file.checksum() + ".file: " + e.getMessage(), e);
    }
  }

  private static Node with(Node node, Xattrs xattrs) {
    return node instanceof FileNode file
        ? new FileNode(file.metadata().withXattrs(xattrs), file.content())
        : new SymlinkNode(node.metadata().withXattrs(xattrs), ((SymlinkNode) node).target());
  }

  private void putXattrs(String checksum, Node node) throws IOException {
    if (!CHECKSUM.matcher(checksum).matches()) {
      throw new IOException("xattrs/" + checksum + " is not named by a checksum");
    }
    sharedXattrs.putIfAbsent(checksum, regular(List.of(checksum), node));
  }

  private static FileNode regular(List<String> path, Node node) throws IOException {
    if (node instanceof FileNode file) {
      return file;
    }
    throw new IOException(String.join("/", path) + " is no regular file");
  }

  private static Matcher object(List<String> path) throws IOException {
    Matcher object = OBJECT.matcher(objectPath(path));
    if (!object.matches()) {
      throw new IOException(String.join("/", path) + " is no object of an encapsulated commit");
    }
    return object;
  }

  /** What follows {@code sysroot/ostree/repo/objects/}. */
  private static String objectPath(List<String> path) {
    List<String> below = below(path);
    return below.isEmpty() || !below.get(0).equals("objects")
        ? ""
        : String.join("/", below.subList(1, below.size()));
  }

  private static List<String> below(List<String> path) {
    return isInRepository(path) ? path.subList(REPOSITORY.size(), path.size()) : List.of();
  }
}
