package org.bib.ostree;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.IdentityHashMap;
import java.util.Map;
import org.bib.disk.Content;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.bib.tree.Xattrs;

/** Makes trees in memory and writes them to a directory, hard links by identity of nodes. */
public final class TestTree {
  private final IdentityHashMap<Node, Path> written = new IdentityHashMap<>();

  private TestTree() {}

  /** A file of root, 0644. */
  public static FileNode file(String text) {
    return file(0644, text);
  }

  static FileNode file(int permissions, String text) {
    return new FileNode(
        Metadata.root(permissions), Content.of(text.getBytes(StandardCharsets.UTF_8)));
  }

  /** Puts a node at a path, and the directories above it. */
  public static void put(DirectoryNode root, String path, Node node) {
    int slash = path.lastIndexOf('/');
    (slash < 0 ? root : NodeTree.directory(root, path.substring(0, slash)))
        .put(path.substring(slash + 1), node);
  }

  static DirectoryNode directory(DirectoryNode root, String path) {
    return (DirectoryNode) root.find(path).orElseThrow();
  }

  /** Takes a node off its place. */
  static Node take(DirectoryNode directory, String name) {
    Node node = directory.find(name).orElseThrow();
    directory.remove(name);
    return node;
  }

  static String text(DirectoryNode root, String path) throws IOException {
    return BootableImage.text(path, ((FileNode) root.find(path).orElseThrow()).content());
  }

  /** The tree of a container that can be deployed. */
  static DirectoryNode container() {
    DirectoryNode root = new DirectoryNode(Metadata.root(0755));
    for (String name : new String[] {"dev", "proc", "sys", "run", "var", "sysroot", "boot"}) {
      root.put(name, new DirectoryNode(Metadata.root(0755)));
    }
    root.put("tmp", new DirectoryNode(Metadata.root(01777)));
    root.put("ostree", new SymlinkNode(Metadata.root(0777), "sysroot/ostree"));
    put(root, "usr/lib/modules/6.1.0-test/vmlinuz", file("KERNELDATA"));
    put(root, "usr/lib/modules/6.1.0-test/initramfs.img", file("INITRAMFS"));
    put(root, "usr/lib/os-release", file("PRETTY_NAME=\"Test OS 1\"\nID=test\n"));
    put(root, "usr/lib/ostree/prepare-root.conf", file("[composefs]\nenabled = no\n"));
    put(root, "etc/passwd", file("root:x:0:0:root:/root:/bin/sh\n"));
    put(root, "etc/shadow", file(0600, "root:*:1::::::\n"));
    put(root, "etc/os-release", new SymlinkNode(Metadata.root(0777), "../usr/lib/os-release"));
    put(root, "etc/hostname", file(""));
    put(root, "var/lib/state", file("state\n"));
    FileNode shared =
        new FileNode(
            Metadata.root(0755)
                .withXattrs(Xattrs.of(Map.of("user.note", "it".getBytes(StandardCharsets.UTF_8)))),
            Content.of("shared\n".getBytes(StandardCharsets.UTF_8)));
    put(root, "usr/bin/one", shared);
    put(root, "usr/bin/two", shared);
    put(root, "usr/bin/su", file(04755, "su\n"));
    put(root, "usr/bin/link", new SymlinkNode(Metadata.root(0777), "one"));
    put(root, "usr/share/empty", file(""));
    put(root, "usr/share/\u00fcml\u00e4ut \ud83d\ude00", file("name\n"));
    put(root, "usr/share/\uffee", file("sorts before what is beyond the first plane\n"));
    put(root, "tmp/dropped", file("dropped\n"));
    return root;
  }

  static void write(DirectoryNode root, Path target) throws IOException {
    new TestTree().writeDirectory(root, target);
  }

  private void writeDirectory(DirectoryNode directory, Path target) throws IOException {
    Files.createDirectory(target);
    for (Map.Entry<String, Node> child : directory.children().entrySet()) {
      Path path = target.resolve(child.getKey());
      Path already = written.putIfAbsent(child.getValue(), path);
      if (already != null) {
        Files.createLink(path, already);
      } else if (child.getValue() instanceof DirectoryNode below) {
        writeDirectory(below, path);
      } else {
        if (child.getValue() instanceof SymlinkNode symlink) {
          Files.createSymbolicLink(path, Path.of(symlink.target()));
        } else {
          Files.write(path, bytes(((FileNode) child.getValue()).content()));
        }
        setMetadata(child.getValue(), path);
      }
    }
    setMetadata(directory, target);
  }

  private static byte[] bytes(Content content) throws IOException {
    byte[] bytes = new byte[Math.toIntExact(content.size())];
    content.read(0, ByteBuffer.wrap(bytes));
    return bytes;
  }

  private static void setMetadata(Node node, Path path) throws IOException {
    Metadata metadata = node.metadata();
    Files.setAttribute(
        path, "unix:uid", Math.toIntExact(metadata.uid()), LinkOption.NOFOLLOW_LINKS);
    Files.setAttribute(
        path, "unix:gid", Math.toIntExact(metadata.gid()), LinkOption.NOFOLLOW_LINKS);
    if (node instanceof SymlinkNode) {
      return;
    }
    Files.setAttribute(path, "unix:mode", metadata.permissions());
    UserDefinedFileAttributeView view =
        Files.getFileAttributeView(path, UserDefinedFileAttributeView.class);
    for (Map.Entry<String, ByteBuffer> xattr : metadata.xattrs().values().entrySet()) {
      view.write(xattr.getKey().substring("user.".length()), xattr.getValue().duplicate());
    }
    Files.setLastModifiedTime(path, FileTime.from(metadata.mtime()));
  }
}
