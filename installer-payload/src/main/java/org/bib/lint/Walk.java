package org.bib.lint;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.bib.tree.DirectoryNode;
import org.bib.tree.Node;
import org.jspecify.annotations.Nullable;

/** Goes through directories however deep they are, in the order of paths. */
final class Walk {
  private Walk() {}

  /**
   * A node and where it is. Paths are put together only where they are shown: those of a tree that
   * is both deep and wide would not fit into memory.
   */
  record Place(@Nullable Place above, String name, DirectoryNode parent, Node node) {
    String path() {
      Deque<String> names = new ArrayDeque<>();
      for (Place place = this; place != null; place = place.above) {
        names.push(place.name);
      }
      return String.join("/", names);
    }
  }

  /**
   * Visits all below {@code directory}, not itself, directories before what is in them.
   *
   * @param path what to call the directory
   */
  static void below(DirectoryNode directory, String path, Consumer<Place> visitor) {
    Deque<Place> left = new ArrayDeque<>();
    pushChildren(left, new Place(null, path, directory, directory), directory);
    while (!left.isEmpty()) {
      Place place = left.pop();
      visitor.accept(place);
      if (place.node() instanceof DirectoryNode below) {
        pushChildren(left, place, below);
      }
    }
  }

  private static void pushChildren(Deque<Place> left, Place above, DirectoryNode directory) {
    List<Map.Entry<String, Node>> children = new ArrayList<>(directory.children().entrySet());
    for (int i = children.size() - 1; i >= 0; i--) {
      Map.Entry<String, Node> child = children.get(i);
      left.push(new Place(above, child.getKey(), directory, child.getValue()));
    }
  }
}
