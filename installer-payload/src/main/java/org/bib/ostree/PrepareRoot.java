package org.bib.ostree;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;

/**
 * What {@code prepare-root.conf} says of the root of the running system, ostree-prepare-root(1).
 */
final class PrepareRoot {
  private static final List<String> PATHS =
      List.of("etc/ostree/prepare-root.conf", "usr/lib/ostree/prepare-root.conf");
  // ostree-ext, ostree_prepareroot.rs: all but "no" and what nobody knows.
  private static final Set<String> COMPOSEFS =
      Set.of("yes", "true", "1", "maybe", "signed", "verity");
  private static final Set<String> TRUE = Set.of("true", "1");

  private PrepareRoot() {}

  /**
   * Whether the root is an overlay: composefs, or transient. The first file that is there decides.
   *
   * @param root as the commit has it
   */
  static boolean hasOverlayRoot(DirectoryNode root) throws IOException {
    for (String path : PATHS) {
      Optional<FileNode> file = ImagePath.file(root, path);
      if (file.isPresent()) {
        Map<String, String> values = values(BootableImage.text("/" + path, file.get().content()));
        return COMPOSEFS.contains(values.getOrDefault("composefs.enabled", ""))
            || TRUE.contains(values.getOrDefault("root.transient", ""));
      }
    }
    return false;
  }

  /** The values of a key file (GLib, GKeyFile) by group and key, the last of each. */
  private static Map<String, String> values(String text) {
    Map<String, String> values = new TreeMap<>();
    String group = "";
    for (String untrimmed : text.split("\n", -1)) {
      String line = untrimmed.strip();
      int equals = line.indexOf('=');
      if (line.startsWith("[") && line.endsWith("]")) {
        group = line.substring(1, line.length() - 1);
      } else if (!line.startsWith("#") && equals > 0) {
        values.put(
            group + "." + line.substring(0, equals).strip(), line.substring(equals + 1).strip());
      }
    }
    return values;
  }
}
