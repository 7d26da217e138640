package org.bib.rootfs;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.bib.ostree.BaseCommit;
import org.bib.ostree.EncapsulatedLayer;
import org.bib.ostree.ImportFilter;
import org.bib.tree.NameOrder;
import org.bib.tree.Node;

/**
 * What ostree takes of the layers on top of a base commit (ostree-ext, tar/write.rs), given one
 * after the other, lowest first.
 *
 * <ul>
 *   <li>{@link ImportFilter#takes} decides by path;
 *   <li>{@code /usr/etc} is but another name of {@code /etc};
 *   <li>a hard link to an object becomes the file itself, in the last form that a layer gave it;
 *   <li>all else that is in the repository is passed over.
 * </ul>
 */
final class DerivedLayers {
  private final BaseCommit base;
  private final boolean outsideSystem;
  private final Map<String, Node> replaced = new HashMap<>(); // objects by name
  private final SortedMap<String, Integer> leftOut = new TreeMap<>(NameOrder.INSTANCE);

  DerivedLayers(BaseCommit base) throws IOException {
    this.base = base;
    this.outsideSystem = base.hasOverlayRoot();
  }

  /** The entries of the next layer that are taken. */
  List<LayerEntry> filter(List<LayerEntry> layer) {
    List<LayerEntry> taken = new ArrayList<>();
    for (LayerEntry entry : layer) {
      List<String> path = pathInLayer(entry);
      if (EncapsulatedLayer.isInRepository(path)) {
        replaceObject(entry);
      } else if (ImportFilter.takes(path, outsideSystem)) {
        taken.add(taken(entry));
      } else if (ImportFilter.takes(path, true)) {
        leftOut.merge(path.get(0), 1, Integer::sum);
      }
    }
    return taken;
  }

  /**
   * How many entries of the layers so far were left out in which top-level directory because the
   * root of the running system is no overlay.
   */
  SortedMap<String, Integer> leftOut() {
    return leftOut;
  }

  private void replaceObject(LayerEntry entry) {
    String object = EncapsulatedLayer.fileObject(entry.path());
    if (object != null && entry instanceof LayerEntry.Put put) {
      replaced.put(object, put.node());
    }
  }

  private LayerEntry taken(LayerEntry entry) {
    List<String> path = etc(entry.path());
    if (entry instanceof LayerEntry.Link link) {
      String object = EncapsulatedLayer.fileObject(link.target());
      Node node = object == null ? null : replaced.getOrDefault(object, base.objects().get(object));
      return node == null
          ? new LayerEntry.Link(path, etc(link.target()))
          : new LayerEntry.Put(path, node);
    }
    return entry.at(path);
  }

  private static List<String> etc(List<String> path) {
    return path.size() > 1 && path.get(0).equals("usr") && path.get(1).equals("etc")
        ? path.subList(1, path.size())
        : path;
  }

  /** The path under which an entry stands in its layer: whiteouts are files there. */
  private static List<String> pathInLayer(LayerEntry entry) {
    if (!(entry instanceof LayerEntry.Whiteout) && !(entry instanceof LayerEntry.Opaque)) {
      return entry.path();
    }
    List<String> path = new ArrayList<>(entry.path());
    if (entry instanceof LayerEntry.Opaque) {
      path.add(LayerReader.OPAQUE);
    } else {
      path.add(LayerReader.WHITEOUT + path.remove(path.size() - 1));
    }
    return path;
  }
}
