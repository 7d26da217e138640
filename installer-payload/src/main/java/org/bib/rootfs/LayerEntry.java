package org.bib.rootfs;

import java.util.List;
import org.bib.tree.Metadata;
import org.bib.tree.Node;

/** What a layer says of one path. */
sealed interface LayerEntry {
  /** The components of the path; empty for the root directory. */
  List<String> path();

  /** The same at another path. */
  LayerEntry at(List<String> other);

  /** A file or symbolic link to put there. */
  record Put(List<String> path, Node node) implements LayerEntry {
    @Override
    public LayerEntry at(List<String> other) {
      return new Put(other, node);
    }
  }

  /** A directory with this metadata; children of a directory that is there already stay. */
  record MakeDirectory(List<String> path, Metadata metadata) implements LayerEntry {
    @Override
    public LayerEntry at(List<String> other) {
      return new MakeDirectory(other, metadata);
    }
  }

  /** A hard link to {@code target}. */
  record Link(List<String> path, List<String> target) implements LayerEntry {
    public Link {
      target = List.copyOf(target);
    }

    @Override
    public LayerEntry at(List<String> other) {
      return new Link(other, target);
    }
  }

  /** Removes what lower layers have at this path ({@code .wh.NAME}). */
  record Whiteout(List<String> path) implements LayerEntry {
    @Override
    public LayerEntry at(List<String> other) {
      return new Whiteout(other);
    }
  }

  /** Removes what lower layers have in this directory ({@code .wh..wh..opq}). */
  record Opaque(List<String> path) implements LayerEntry {
    @Override
    public LayerEntry at(List<String> other) {
      return new Opaque(other);
    }
  }
}
