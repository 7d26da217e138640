package org.bib.composefs;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.bib.failure.BuildException;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.NameOrder;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.bib.tree.Xattrs;
import org.jspecify.annotations.Nullable;

/**
 * The inodes of a tree with what overlayfs wants of them (libcomposefs, lcfs-writer-erofs.c,
 * rewrite_tree_for_erofs): files refer to their contents, attributes of an overlayfs within are
 * escaped, and the root hides the directory of contents, which some kernels merge with it.
 */
final class OverlayTree {
  private static final String OVERLAY = "trusted.overlay.";
  private static final String ESCAPED = OVERLAY + "overlay.";
  private static final String METACOPY = OVERLAY + "metacopy";
  private static final String REDIRECT = OVERLAY + "redirect";
  private static final String OPAQUE = OVERLAY + "opaque";
  private static final String SELINUX = "security.selinux";
  private static final byte SHA256 = 1; // FS_VERITY_HASH_ALG_SHA256
  private static final ByteBuffer EMPTY = ByteBuffer.allocate(0).asReadOnlyBuffer();

  // What libcomposefs takes from outside (lcfs-writer.c, lcfs_node_set_xattr_internal).
  private static final int MAX_XATTR_NAME = 255;
  private static final int MAX_XATTRS = 0xFFFF / 2;
  private static final int XATTR_HEADER = 12;
  private static final int XATTR_OVERHEAD = 7; // the worst with alignment

  /** The names of the directories that hold contents. */
  private static final List<String> CONTENT_DIRECTORIES =
      IntStream.range(0, 256).mapToObj(i -> HexFormat.of().toHexDigits((byte) i)).toList();

  private final Payloads payloads;
  private final List<Inode> inodes = new ArrayList<>();
  private final List<Place> places = new ArrayList<>(); // of the same inodes

  /** Where an inode is: its name, its parent's place, and its children, if it has any. */
  private record Place(String name, int parent, @Nullable DirectoryNode directory) {}

  private OverlayTree(Payloads payloads) {
    this.payloads = payloads;
  }

  /** All inodes in their order in the image, breadth first. */
  static List<Inode> inodes(DirectoryNode root, Payloads payloads) throws BuildException {
    OverlayTree tree = new OverlayTree(payloads);
    tree.add("", 0, root);
    for (int i = 0; i < tree.inodes.size(); i++) {
      DirectoryNode directory = tree.places.get(i).directory();
      if (directory != null) {
        tree.addChildren(i, directory);
      }
    }
    return tree.inodes;
  }

  private void addChildren(int number, DirectoryNode directory) throws BuildException {
    TreeSet<String> names = new TreeSet<>(NameOrder.INSTANCE);
    names.addAll(directory.children().keySet());
    if (number == 0) {
      names.addAll(CONTENT_DIRECTORIES);
    }
    TreeMap<String, Inode> entries = new TreeMap<>(NameOrder.INSTANCE);
    for (String name : names) {
      entries.put(name, add(name, number, directory.child(name)));
    }
    entries.put(".", inodes.get(number));
    entries.put("..", inodes.get(places.get(number).parent()));
    inodes.get(number).setEntries(entries);
  }

  /** Adds an inode of {@code node}, or a whiteout like the root where there is none. */
  private Inode add(String name, int parent, @Nullable Node node) throws BuildException {
    DirectoryNode directory = node instanceof DirectoryNode found ? found : null;
    places.add(new Place(name, parent, directory));
    Inode inode = node == null ? whiteout() : inode(node);
    inodes.add(inode);
    return inode;
  }

  private Inode whiteout() {
    Metadata root = Objects.requireNonNull(places.get(0).directory()).metadata();
    ByteBuffer label = root.xattrs().values().get(SELINUX);
    return Inode.of(
        Inode.Type.CHARACTER_DEVICE,
        root.withPermissions(0644),
        label == null ? List.of() : List.of(new Xattr(SELINUX, label)),
        0);
  }

  private Inode inode(Node node) throws BuildException {
    Metadata metadata = node.metadata();
    SortedMap<String, ByteBuffer> xattrs = escape(metadata.xattrs());
    if (node instanceof SymlinkNode symlink) {
      return Inode.symlink(metadata, list(xattrs), symlink.target());
    }
    if (node instanceof DirectoryNode) {
      if (inodes.isEmpty()) {
        xattrs.put(OPAQUE, ByteBuffer.wrap(new byte[] {'y'}));
      }
      return Inode.of(Inode.Type.DIRECTORY, metadata, list(xattrs), 0);
    }
    FileNode file = (FileNode) node;
    long size = file.content().size();
    if (size > Inode.MAX_FILE_SIZE) {
      throw new BuildException(
          path() + " has " + size + " bytes, composefs files have at most " + Inode.MAX_FILE_SIZE,
          "make the file smaller in the image");
    }
    if (size > 0) {
      Payload payload = payloads.of(file);
      xattrs.put(METACOPY, metacopy(payload));
      xattrs.put(
          REDIRECT, ByteBuffer.wrap(("/" + payload.path()).getBytes(StandardCharsets.UTF_8)));
    }
    return Inode.of(Inode.Type.REGULAR, metadata, list(xattrs), size);
  }

  /** The attributes of the image, none of which overlayfs takes for its own. */
  private SortedMap<String, ByteBuffer> escape(Xattrs xattrs) throws BuildException {
    SortedMap<String, ByteBuffer> escaped = new TreeMap<>(NameOrder.INSTANCE);
    int size = XATTR_HEADER;
    for (Map.Entry<String, ByteBuffer> entry : xattrs.values().entrySet()) {
      String name = entry.getKey();
      if (name.startsWith(OVERLAY)) {
        name = ESCAPED + name.substring(OVERLAY.length());
      }
      int length = name.getBytes(StandardCharsets.UTF_8).length;
      size += XATTR_OVERHEAD + length + entry.getValue().remaining();
      if (size > MAX_XATTRS || length > MAX_XATTR_NAME) {
        throw new BuildException(
            path() + " has more extended attributes than libcomposefs takes",
            "remove some of them in the image");
      }
      escaped.put(name, entry.getValue());
    }
    return escaped;
  }

  /** struct ovl_metacopy (fs/overlayfs/overlayfs.h): version, length, flags, algorithm, digest. */
  private static ByteBuffer metacopy(Payload payload) {
    if (payload.digest().isEmpty()) {
      return EMPTY;
    }
    byte[] digest = payload.digest().get().bytes();
    int length = 4 + digest.length;
    return ByteBuffer.allocate(length)
        .put(new byte[] {0, (byte) length, 0, SHA256})
        .put(digest)
        .flip();
  }

  private static List<Xattr> list(SortedMap<String, ByteBuffer> xattrs) {
    return xattrs.entrySet().stream()
        .map(entry -> new Xattr(entry.getKey(), entry.getValue()))
        .toList();
  }

  /** The path of the inode that is being added. */
  private String path() {
    StringBuilder path = new StringBuilder();
    for (int i = places.size() - 1; i > 0; i = places.get(i).parent()) {
      path.insert(0, "/" + places.get(i).name());
    }
    return path.isEmpty() ? "/" : path.toString();
  }
}
