package org.bib.ostree;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bib.failure.BuildException;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;

/**
 * What ostree keeps of a container's tree (ostree-ext, tar/write.rs): {@code /etc} becomes {@code
 * /usr/etc}, and directories that the running system fills stay empty.
 */
public final class ImportFilter {
  private static final Set<String> API_DIRECTORIES = Set.of("run", "tmp", "proc", "sys", "dev");
  private static final Set<String> SYSTEM = Set.of("usr", "etc", "var");

  private ImportFilter() {}

  /**
   * Whether a layer on top of a base commit may bring what it has at {@code path}.
   *
   * @param path components as they stand in the layer, whiteouts under the names of their markers
   * @param outsideSystem whether that may be more than {@code /usr}, {@code /etc} and {@code /var},
   *     see {@link BaseCommit#hasOverlayRoot}
   */
  public static boolean takes(List<String> path, boolean outsideSystem) {
    String top = path.isEmpty() ? "" : path.get(0);
    if (API_DIRECTORIES.contains(top)) {
      return path.size() == 1;
    }
    return top.isEmpty() || outsideSystem || SYSTEM.contains(top);
  }

  /**
   * The tree to commit for a container's tree that was merged upon a base commit: what the layers
   * bring was filtered before, by {@link #takes}, and what the base has stays.
   */
  static DirectoryNode filterMerged(DirectoryNode container) throws BuildException {
    DirectoryNode root = copy(container);
    if (root.remove("etc") instanceof DirectoryNode etc) {
      moveEtc(root, etc);
    }
    finish(root);
    return root;
  }

  /**
   * The tree to commit for a container's merged tree, which stays as it is; files are shared.
   *
   * @throws BuildException if the tree has both {@code /etc} and {@code /usr/etc}
   */
  static DirectoryNode filter(DirectoryNode container) throws BuildException {
    DirectoryNode root = new DirectoryNode(container.metadata());
    for (Map.Entry<String, Node> entry : container.children().entrySet()) {
      String name = entry.getKey();
      Node node = entry.getValue();
      if (API_DIRECTORIES.contains(name) && node instanceof DirectoryNode directory) {
        root.put(name, new DirectoryNode(directory.metadata()));
      } else if (!name.equals("etc")) {
        root.put(name, node instanceof DirectoryNode directory ? copy(directory) : node);
      }
    }
    if (container.child("etc") instanceof DirectoryNode etc) {
      moveEtc(root, copy(etc));
    }
    finish(root);
    return root;
  }

  private static void finish(DirectoryNode root) {
    if (root.find("usr/etc").orElse(null) instanceof DirectoryNode etc) {
      removeMountPoints(etc);
    }
    removeEncapsulatedRepository(root);
  }

  private static void moveEtc(DirectoryNode root, DirectoryNode etc) throws BuildException {
    // A layer may bring /etc alone.
    DirectoryNode usr = root.directory("usr", Metadata.root(0755));
    if (usr.child("etc") != null) {
      throw new BuildException(
          "the image has both /etc and /usr/etc, which is where ostree keeps the former",
          "remove /usr/etc from the image");
    }
    usr.put("etc", etc);
  }

  private static void removeMountPoints(DirectoryNode etc) {
    // Container builders leave these behind, empty, where they were mounted over.
    for (String name : List.of("hostname", "resolv.conf")) {
      if (etc.child(name) instanceof FileNode file && file.content().size() == 0) {
        etc.remove(name);
      }
    }
  }

  /**
   * Takes out the repository that layers of encapsulated commits carry (ostree-ext, tar/export.rs):
   * what it holds stands under its real names, too.
   */
  private static void removeEncapsulatedRepository(DirectoryNode root) {
    if (root.child("sysroot") instanceof DirectoryNode sysroot
        && sysroot.child("ostree") instanceof DirectoryNode ostree
        && ostree.remove("repo") != null
        && ostree.children().isEmpty()) {
      sysroot.remove("ostree");
    }
  }

  /** A copy with directories of its own; files are shared. */
  static DirectoryNode copy(DirectoryNode directory) {
    DirectoryNode copy = new DirectoryNode(directory.metadata());
    directory
        .children()
        .forEach(
            (name, node) ->
                copy.put(name, node instanceof DirectoryNode below ? copy(below) : node));
    return copy;
  }
}
