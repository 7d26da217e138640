package org.bib.rootfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.bib.ostree.BaseCommit;
import org.bib.tree.DirectoryNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.bib.tree.Xattrs;
import org.jspecify.annotations.Nullable;

/**
 * Applies layers to a tree, lowest first. The top entry wins; whiteouts reach lower layers only,
 * wherever in the archive they stand; symbolic links in the middle of a path are followed within
 * the tree, as an extraction into a root directory would.
 */
final class LayerMerger {
  private static final int MAX_SYMLINKS = 40; // as the kernel has it, path_resolution(7)
  private static final int MAX_DEPTH = 1024; // whoever walks the tree needs stack for each level

  private final DirectoryNode root;
  private final boolean hiddenXattrs;

  /** Starts from nothing. */
  LayerMerger() {
    this.root = new DirectoryNode(Metadata.root(0755));
    this.hiddenXattrs = false;
  }

  /**
   * Starts from the tree of a base commit. Containers do not show the extended attributes that its
   * directories have, so layers do not repeat them: they stay.
   */
  LayerMerger(BaseCommit base) {
    this.root = base.container();
    this.hiddenXattrs = true;
  }

  /** The tree so far. */
  DirectoryNode root() {
    return root;
  }

  /** Applies one layer. */
  void apply(List<LayerEntry> layer) throws IOException {
    for (LayerEntry entry : layer) {
      if (entry instanceof LayerEntry.Whiteout whiteout) {
        List<String> path = whiteout.path();
        DirectoryNode parent = existing(path.subList(0, path.size() - 1));
        if (parent != null) {
          parent.remove(path.get(path.size() - 1));
        }
      } else if (entry instanceof LayerEntry.Opaque opaque) {
        DirectoryNode directory = existing(opaque.path());
        if (directory != null) {
          directory.clear();
        }
      }
    }
    for (LayerEntry entry : layer) {
      if (entry instanceof LayerEntry.Put put) {
        put(put.path(), put.node());
      } else if (entry instanceof LayerEntry.MakeDirectory directory) {
        makeDirectory(directory);
      } else if (entry instanceof LayerEntry.Link link) {
        put(link.path(), linked(link));
      }
    }
  }

  private void put(List<String> path, Node node) throws IOException {
    parent(path).put(path.get(path.size() - 1), node);
  }

  private void makeDirectory(LayerEntry.MakeDirectory entry) throws IOException {
    List<String> path = entry.path();
    if (path.isEmpty()) {
      setMetadata(root, entry.metadata());
      return;
    }
    DirectoryNode parent = parent(path);
    String name = path.get(path.size() - 1);
    if (parent.child(name) instanceof DirectoryNode existing) {
      setMetadata(existing, entry.metadata());
    } else {
      parent.put(name, new DirectoryNode(entry.metadata()));
    }
  }

  private void setMetadata(DirectoryNode directory, Metadata metadata) {
    Xattrs xattrs = metadata.xattrs();
    if (hiddenXattrs) {
      xattrs = directory.metadata().xattrs();
      for (Map.Entry<String, ByteBuffer> set : metadata.xattrs().values().entrySet()) {
        xattrs = xattrs.with(set.getKey(), Xattrs.bytes(set.getValue()));
      }
    }
    directory.setMetadata(metadata.withXattrs(xattrs));
  }

  private Node linked(LayerEntry.Link link) throws IOException {
    List<String> target = link.target();
    DirectoryNode parent = target.isEmpty() ? null : existing(target.subList(0, target.size() - 1));
    Node node = parent == null ? null : parent.child(target.get(target.size() - 1));
    String name = String.join("/", link.path());
    if (node == null) {
      throw new IOException(
          name + " is a hard link to " + String.join("/", target) + ", which is not there");
    }
    if (node instanceof DirectoryNode) {
      throw new IOException(name + " is a hard link to a directory");
    }
    return node;
  }

  /** The directory that is to hold {@code path}; missing ones are made 0755 root:root. */
  private DirectoryNode parent(List<String> path) throws IOException {
    DirectoryNode directory = walk(path.subList(0, path.size() - 1), true);
    if (directory == null) {
      throw new IOException(String.join("/", path) + ": its parent is no directory");
    }
    return directory;
  }

  private @Nullable DirectoryNode existing(List<String> path) throws IOException {
    return walk(path, false);
  }

  private @Nullable DirectoryNode walk(List<String> path, boolean make) throws IOException {
    List<DirectoryNode> trail = new ArrayList<>(List.of(root));
    Deque<String> rest = new ArrayDeque<>(path);
    int symlinks = 0;
    while (!rest.isEmpty()) {
      String name = rest.pop();
      DirectoryNode here = trail.get(trail.size() - 1);
      if (name.isEmpty() || name.equals(".")) {
        continue;
      }
      if (name.equals("..")) {
        if (trail.size() > 1) {
          trail.remove(trail.size() - 1);
        }
        continue;
      }
      Node node = here.child(name);
      if (node instanceof DirectoryNode directory) {
        trail.add(directory);
      } else if (node instanceof SymlinkNode symlink) {
        if (++symlinks > MAX_SYMLINKS) {
          throw new IOException(String.join("/", path) + ": too many symbolic links");
        }
        if (symlink.target().startsWith("/")) {
          trail.subList(1, trail.size()).clear();
        }
        String[] target = symlink.target().split("/", -1);
        for (int i = target.length - 1; i >= 0; i--) {
          rest.push(target[i]);
        }
      } else if (make) {
        DirectoryNode made = new DirectoryNode(Metadata.root(0755));
        here.put(name, made);
        trail.add(made);
      } else {
        return null;
      }
    }
    if (trail.size() > MAX_DEPTH) {
      throw new IOException(
          String.join("/", path) + ": more than " + MAX_DEPTH + " directories deep");
    }
    return trail.get(trail.size() - 1);
  }

  /**
   * The tree of the lowest layer alone, as ostree imports it. What it hides is nothing, for there
   * is nothing below it.
   */
  static DirectoryNode alone(List<LayerEntry> layer) throws IOException {
    LayerMerger merger = new LayerMerger();
    merger.apply(layer);
    return merger.root();
  }
}
