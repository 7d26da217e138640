package org.bib.rootfs;

import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import org.bib.ostree.EncapsulatedLayer;
import org.bib.tree.Node;

/**
 * Reads an uncompressed layer of an encapsulated commit: objects to memory, contents to where they
 * are kept.
 */
final class ChunkReader {
  private ChunkReader() {}

  /**
   * Reads {@code stream} to its end.
   *
   * @return objects by name, as {@link EncapsulatedLayer#objects} has them
   * @throws IOException if it is no sound tar archive, or an object of it is no such
   */
  static Map<String, Node> read(InputStream stream, Contents contents) throws IOException {
    EncapsulatedLayer layer = new EncapsulatedLayer();
    LayerReader.read(stream, contents, entry -> take(entry, layer));
    return layer.objects();
  }

  private static void take(LayerEntry entry, EncapsulatedLayer layer) throws IOException {
    if (entry instanceof LayerEntry.Put put) {
      layer.put(put.path(), put.node());
    } else if (entry instanceof LayerEntry.Link link) {
      layer.link(link.path(), link.target());
    }
  }
}
