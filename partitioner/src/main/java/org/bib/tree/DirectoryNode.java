package org.bib.tree;

import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A directory: names to nodes, in {@link NameOrder}. Mutable while a tree is made. */
public final class DirectoryNode implements Node {
  private Metadata metadata;
  private boolean immutable;
  private final TreeMap<String, Node> children = new TreeMap<>(NameOrder.INSTANCE);

  /** An empty directory. */
  public DirectoryNode(Metadata metadata) {
    this.metadata = metadata;
  }

  @Override
  public Metadata metadata() {
    return metadata;
  }

  /** Gives the directory other metadata. */
  public void setMetadata(Metadata other) {
    metadata = other;
  }

  /** Whether the filesystem writer sets the immutable flag ({@code chattr +i}) on it. */
  public boolean immutable() {
    return immutable;
  }

  /** Sets or clears the immutable flag. */
  public void setImmutable(boolean value) {
    immutable = value;
  }

  /** The entries, a live unmodifiable view. */
  public SortedMap<String, Node> children() {
    return Collections.unmodifiableSortedMap(children);
  }

  /** The entry of that name, or null. */
  public @Nullable Node child(String name) {
    return children.get(name);
  }

  /** Adds or replaces an entry. */
  public void put(String name, Node node) {
    if (name.isEmpty() || name.equals(".") || name.equals("..") || name.indexOf('/') >= 0) {
      throw new IllegalArgumentException("no file name: \"" + name + "\"");
    }
    children.put(name, node);
  }

  /** Removes an entry, if it is there, and returns it. */
  public @Nullable Node remove(String name) {
    return children.remove(name);
  }

  /** Removes all entries. */
  public void clear() {
    children.clear();
  }

  /**
   * The directory of that name; made with {@code ifAbsent} where nothing has that name.
   *
   * @throws IllegalArgumentException if the entry is no directory
   */
  public DirectoryNode directory(String name, Metadata ifAbsent) {
    Node node = children.get(name);
    if (node == null) {
      DirectoryNode made = new DirectoryNode(ifAbsent);
      put(name, made);
      return made;
    }
    if (node instanceof DirectoryNode directory) {
      return directory;
    }
    throw new IllegalArgumentException(name + " is not a directory");
  }

  /**
   * The node at a relative path such as {@code usr/lib/os-release}, symbolic links not followed;
   * the empty path is this directory.
   */
  public Optional<Node> find(String path) {
    Node node = this;
    for (String name : path.split("/", -1)) {
      if (name.isEmpty()) {
        continue;
      }
      if (!(node instanceof DirectoryNode directory)) {
        return Optional.empty();
      }
      Node next = directory.child(name);
      if (next == null) {
        return Optional.empty();
      }
      node = next;
    }
    return Optional.of(node);
  }
}
