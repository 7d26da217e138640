package org.bib.selinux;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.bib.failure.BuildException;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.bib.tree.Xattrs;

/**
 * Writes the labels of a policy into trees, as the extended attribute {@code security.selinux}
 * (libostree, ostree-sepolicy.c). What the policy has no label for stays as it is.
 *
 * <p>Directories are changed, files and links replaced. A node that was met before gets the same
 * replacement for the same label, so that hard links stay such where their labels are equal.
 */
public final class Labels {
  private static final String ATTRIBUTE = "security.selinux";

  private final FileContexts contexts;
  private final Map<String, Xattrs> alone = new HashMap<>(); // by label: it and nothing else
  private final Map<String, IdentityHashMap<Node, Node>> replacements =
      new HashMap<>(); // by label, then node

  /** Labels of a policy. */
  public Labels(FileContexts contexts) {
    this.contexts = contexts;
  }

  /**
   * Labels a directory and all below it.
   *
   * @param path where the running system has the directory
   */
  public void label(DirectoryNode directory, String path) throws BuildException {
    label(directory, path, node -> false, unused -> false);
  }

  /**
   * Labels what has no label yet.
   *
   * @param path where the running system has the directory
   * @param settled which paths stay as they are, with all below them
   */
  public void complete(DirectoryNode directory, String path, Predicate<String> settled)
      throws BuildException {
    label(directory, path, Labels::isLabelled, settled);
  }

  /**
   * Labels the entry {@code name} of a directory, and nothing below it, as if it were at {@code
   * path}.
   */
  public void labelEntry(DirectoryNode directory, String name, String path) throws BuildException {
    Node node = directory.child(name);
    if (node instanceof DirectoryNode below) {
      below.setMetadata(labelled(below.metadata(), label(path, FileKind.DIRECTORY)));
    } else if (node != null) {
      directory.put(name, labelled(node, path));
    }
  }

  private void label(
      DirectoryNode directory, String path, Predicate<Node> keeps, Predicate<String> settled)
      throws BuildException {
    if (settled.test(path)) {
      return;
    }
    if (!keeps.test(directory)) {
      directory.setMetadata(labelled(directory.metadata(), label(path, FileKind.DIRECTORY)));
    }
    for (Map.Entry<String, Node> entry : List.copyOf(directory.children().entrySet())) {
      String below = path.equals("/") ? "/" + entry.getKey() : path + "/" + entry.getKey();
      if (entry.getValue() instanceof DirectoryNode child) {
        label(child, below, keeps, settled);
      } else if (!keeps.test(entry.getValue()) && !settled.test(below)) {
        directory.put(entry.getKey(), labelled(entry.getValue(), below));
      }
    }
  }

  private static boolean isLabelled(Node node) {
    return node.metadata().xattrs().values().containsKey(ATTRIBUTE);
  }

  private Node labelled(Node node, String path) throws BuildException {
    Optional<String> label =
        label(path, node instanceof FileNode ? FileKind.REGULAR : FileKind.SYMLINK);
    if (label.isEmpty()) {
      return node;
    }
    return replacements
        .computeIfAbsent(label.get(), unused -> new IdentityHashMap<>())
        .computeIfAbsent(
            node,
            unused -> {
              Metadata metadata = labelled(node.metadata(), label);
              return node instanceof FileNode file
                  ? file.withMetadata(metadata)
                  : new SymlinkNode(metadata, ((SymlinkNode) node).target());
            });
  }

  private Metadata labelled(Metadata metadata, Optional<String> label) {
    if (label.isEmpty()) {
      return metadata;
    }
    Xattrs xattrs = alone.computeIfAbsent(label.get(), text -> withLabel(Xattrs.NONE, text));
    return metadata.withXattrs(
        metadata.xattrs().isEmpty() ? xattrs : withLabel(metadata.xattrs(), label.get()));
  }

  /** The value has a NUL at its end, as setfilecon(3) writes it. */
  private static Xattrs withLabel(Xattrs xattrs, String label) {
    return xattrs.with(ATTRIBUTE, (label + "\0").getBytes(StandardCharsets.US_ASCII));
  }

  private Optional<String> label(String path, FileKind kind) throws BuildException {
    Optional<String> label = contexts.lookup(path, kind);
    // Some policies have none for what is mounted there; this is for the directory below it
    // (bootc).
    return label.isEmpty() && path.equals("/proc") ? contexts.lookup("/mnt", kind) : label;
  }
}
