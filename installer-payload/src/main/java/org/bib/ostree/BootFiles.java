package org.bib.ostree;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.bib.disk.Content;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;

/**
 * Kernel, initramfs and their kin as ostree places them on the boot filesystem, and the boot loader
 * entry for them (libostree, ostree-sysroot-deploy.c: {@code get_kernel_layout}, {@code
 * install_deployment_kernel}). Paths in the entry start with {@code /boot}, which a link on the
 * filesystem makes right ({@code bootprefix}).
 */
final class BootFiles {
  private static final Metadata DIRECTORY = Metadata.root(0755);

  private final BootableImage image;
  private final String checksum;
  private final String directory;

  BootFiles(BootableImage image, String stateroot) throws IOException {
    this.image = image;
    this.checksum = checksum(image);
    this.directory = "ostree/" + stateroot + "-" + checksum;
  }

  /** SHA-256 over kernel, initramfs and device trees, in hexadecimal. */
  String checksum() {
    return checksum;
  }

  /** Where kernel and initramfs are, relative to the root of the boot filesystem. */
  String directory() {
    return directory;
  }

  String kernelPath() {
    return path("vmlinuz-" + image.kernelVersion());
  }

  String initramfsPath() {
    return path("initramfs-" + image.kernelVersion() + ".img");
  }

  private String path(String name) {
    return "/boot/" + directory + "/" + name;
  }

  /** The tree of the boot filesystem. */
  DirectoryNode tree(String title, String options) {
    DirectoryNode boot = new DirectoryNode(DIRECTORY);
    boot.put("boot", new SymlinkNode(Metadata.root(0777), "."));
    boot.put("efi", new DirectoryNode(DIRECTORY));
    boot.put("loader", new SymlinkNode(Metadata.root(0777), "loader.1"));
    NodeTree.directory(boot, "loader.1/entries")
        .put("ostree-1.conf", ObjectStore.textFile(entry(title, options)));
    String version = image.kernelVersion();
    DirectoryNode files = NodeTree.directory(boot, directory);
    files.put("vmlinuz-" + version, copy(image.kernel()));
    files.put("initramfs-" + version + ".img", copy(image.initramfs()));
    image.hmac().ifPresent(hmac -> files.put(".vmlinuz-" + version + ".hmac", copy(hmac)));
    image.deviceTree().ifPresent(tree -> files.put(deviceTreeName(tree), copy(tree)));
    return boot;
  }

  private String entry(String title, String options) {
    StringBuilder entry = new StringBuilder();
    line(entry, "title", title);
    line(entry, "version", "1");
    line(entry, "options", options);
    image
        .deviceTree()
        .filter(FileNode.class::isInstance)
        .ifPresent(tree -> line(entry, "devicetree", path(deviceTreeName(tree))));
    line(entry, "linux", kernelPath());
    line(entry, "initrd", initramfsPath());
    image
        .deviceTree()
        .filter(DirectoryNode.class::isInstance)
        .ifPresent(tree -> line(entry, "fdtdir", path(deviceTreeName(tree))));
    return entry.toString();
  }

  private static void line(StringBuilder entry, String key, String value) {
    entry.append(key).append(' ').append(value).append('\n');
  }

  private String deviceTreeName(Node tree) {
    return tree instanceof DirectoryNode ? "dtb" : "devicetree-" + image.kernelVersion();
  }

  private static Node copy(Node node) {
    return NodeTree.copy(node, Instant.EPOCH);
  }

  private static String checksum(BootableImage image) throws IOException {
    List<Content> contents = new ArrayList<>();
    contents.add(image.kernel().content());
    contents.add(image.initramfs().content());
    image.deviceTree().ifPresent(tree -> collect(tree, contents));
    MessageDigest digest = Checksum.newDigest();
    ByteBuffer buffer = ByteBuffer.allocate(ObjectStore.BUFFER);
    for (Content content : contents) {
      content.readAll(buffer, digest::update);
    }
    return Checksum.of(digest).hex();
  }

  private static void collect(Node node, List<Content> contents) {
    if (node instanceof FileNode file) {
      contents.add(file.content());
    } else if (node instanceof DirectoryNode directory) {
      directory.children().values().forEach(child -> collect(child, contents));
    }
  }
}
