package org.bib.selinux;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A directory up to three levels deep that specifications are for. Those of deeper ones are asked
 * first, and theirs that say {@code <<none>>} are not overruled by any of those above
 * (label_file.h: {@code insert_spec}; label_file.c: {@code lookup_check_node}).
 */
final class SpecNode {
  private static final int MAX_DEPTH = 3; // SPEC_NODE_MAX_DEPTH

  private final @Nullable SpecNode parent;
  private final Map<String, SpecNode> children = new HashMap<>();

  private SpecNode(@Nullable SpecNode parent) {
    this.parent = parent;
  }

  static SpecNode root() {
    return new SpecNode(null);
  }

  /** The node above; null above the root. */
  @Nullable SpecNode parent() {
    return parent;
  }

  /** The node that a regular expression belongs to by its text, made if there is none yet. */
  SpecNode nodeFor(String regex) {
    SpecNode node = this;
    int depth = 0;
    int at = 0;
    while (depth < MAX_DEPTH) {
      int slash = regex.indexOf('/', at + 1);
      if (slash < 0) {
        break;
      }
      if (slash > at + 1) {
        String stem = Literal.of(regex.substring(at + 1, slash));
        if (stem == null) {
          break;
        }
        SpecNode above = node;
        node = node.children.computeIfAbsent(stem, unused -> new SpecNode(above));
        depth++;
      }
      at = slash;
    }
    return node;
  }

  /** The deepest node that is for {@code path}. */
  SpecNode deepest(String path) {
    SpecNode node = this;
    int at = 0;
    while (path.startsWith("/", at)) {
      int slash = path.indexOf('/', at + 1);
      if (slash < 0) {
        break;
      }
      if (slash > at + 1) {
        SpecNode child = node.children.get(path.substring(at + 1, slash));
        if (child == null) {
          break;
        }
        node = child;
      }
      at = slash;
    }
    return node;
  }
}
