package org.bib.ostree;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Node;

/**
 * A directory below {@code /usr/lib/modules} with a kernel in it (ostree-ext, bootabletree.rs).
 *
 * @param version its name
 * @param node the directory
 * @param kernel {@code vmlinuz}
 * @param initramfs {@code initramfs.img}, else {@code initramfs}
 */
public record KernelDirectory(
    String version, DirectoryNode node, FileNode kernel, Optional<FileNode> initramfs) {
  private static final String MODULES = "usr/lib/modules";

  /** The kernels of an image, in the order of their names. */
  public static List<KernelDirectory> find(DirectoryNode root) {
    List<KernelDirectory> kernels = new ArrayList<>();
    if (ImagePath.resolve(root, MODULES).orElse(null) instanceof DirectoryNode modules) {
      for (Map.Entry<String, Node> entry : modules.children().entrySet()) {
        if (entry.getValue() instanceof DirectoryNode node
            && node.child("vmlinuz") instanceof FileNode kernel) {
          kernels.add(new KernelDirectory(entry.getKey(), node, kernel, initramfs(node)));
        }
      }
    }
    return kernels;
  }

  private static Optional<FileNode> initramfs(DirectoryNode node) {
    for (String name : List.of("initramfs.img", "initramfs")) {
      if (node.child(name) instanceof FileNode file) {
        return Optional.of(file);
      }
    }
    return Optional.empty();
  }
}
