package org.bib.ostree;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bib.disk.Content;
import org.bib.failure.BuildException;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;

/**
 * What makes a tree bootable.
 *
 * @param kernelVersion name of the directory below {@code /usr/lib/modules}
 * @param kernel {@code vmlinuz}
 * @param initramfs {@code initramfs.img}
 * @param osRelease variables of os-release(5)
 */
public record BootableImage(
    String kernelVersion, FileNode kernel, FileNode initramfs, Map<String, String> osRelease) {
  private static final List<String> API_DIRECTORIES =
      List.of("dev", "proc", "sys", "run", "tmp", "var");
  private static final long MAX_TEXT = 1 << 20;

  /**
   * Finds kernel and initramfs.
   *
   * @param root the merged tree of the container
   * @throws BuildException naming all that is missing
   */
  public static BootableImage inspect(DirectoryNode root, Map<String, String> labels)
      throws IOException {
    List<String> missing = new ArrayList<>();
    if (!labels.containsKey("containers.bootc") && !labels.containsKey("ostree.bootable")) {
      missing.add("a label containers.bootc or ostree.bootable");
    }
    TreeMap<String, DirectoryNode> kernels = new TreeMap<>();
    if (root.find("usr/lib/modules").orElse(null) instanceof DirectoryNode modules) {
      modules
          .children()
          .forEach(
              (name, node) -> {
                if (node instanceof DirectoryNode directory
                    && directory.child("vmlinuz") instanceof FileNode) {
                  kernels.put(name, directory);
                }
              });
    }
    if (kernels.isEmpty()) {
      missing.add("/usr/lib/modules/*/vmlinuz");
    }
    for (String name : API_DIRECTORIES) {
      if (!(root.child(name) instanceof DirectoryNode)) {
        missing.add("a directory /" + name);
      }
    }
    if (!(root.child("sysroot") instanceof DirectoryNode)) {
      missing.add("a directory /sysroot");
    }
    if (!(root.child("ostree") instanceof SymlinkNode link)
        || !link.target().equals("sysroot/ostree")) {
      missing.add("a link /ostree -> sysroot/ostree");
    }
    if (root.find("usr/lib/ostree/prepare-root.conf").isEmpty()
        && root.find("etc/ostree/prepare-root.conf").isEmpty()) {
      missing.add("ostree/prepare-root.conf in /usr/lib or /etc");
    }
    Node initramfs =
        kernels.isEmpty() ? null : kernels.firstEntry().getValue().child("initramfs.img");
    if (!kernels.isEmpty() && !(initramfs instanceof FileNode)) {
      missing.add("/usr/lib/modules/" + kernels.firstKey() + "/initramfs.img");
    }
    if (!missing.isEmpty()) {
      throw new BuildException(
          "the image is not a bootable container: it has no " + String.join(", no ", missing),
          "name an image made for bootc");
    }
    if (kernels.size() > 1) {
      throw new BuildException(
          "the image has several kernels: " + String.join(", ", kernels.keySet()),
          "remove all but one directory with a vmlinuz from /usr/lib/modules");
    }
    DirectoryNode directory = kernels.firstEntry().getValue();
    if (directory.child("vmlinuz") instanceof FileNode kernel
        && initramfs instanceof FileNode initrd) {
      return new BootableImage(kernels.firstKey(), kernel, initrd, osRelease(root));
    }
    throw new IllegalStateException("kernel and initramfs were there");
  }

  /** The title of a boot loader entry, without what ostree adds. */
  String title() {
    return osRelease.getOrDefault("PRETTY_NAME", osRelease.getOrDefault("ID", "Linux"));
  }

  private static Map<String, String> osRelease(DirectoryNode root) throws IOException {
    Map<String, String> variables = new TreeMap<>();
    Node node = root.find("usr/lib/os-release").or(() -> root.find("etc/os-release")).orElse(null);
    if (node instanceof FileNode file && file.content().size() <= MAX_TEXT) {
      for (String line : text(file.content()).split("\n", -1)) {
        int equals = line.indexOf('=');
        if (equals > 0 && !line.startsWith("#")) {
          variables.put(line.substring(0, equals), unquoted(line.substring(equals + 1).strip()));
        }
      }
    }
    return variables;
  }

  private static String unquoted(String value) {
    boolean quoted =
        value.length() >= 2
            && (value.startsWith("\"") || value.startsWith("'"))
            && value.charAt(value.length() - 1) == value.charAt(0);
    return quoted ? value.substring(1, value.length() - 1) : value;
  }

  /** A small file as text. */
  static String text(Content content) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(Math.toIntExact(content.size()));
    content.read(0, buffer);
    return StandardCharsets.UTF_8.decode(buffer.flip()).toString();
  }
}
