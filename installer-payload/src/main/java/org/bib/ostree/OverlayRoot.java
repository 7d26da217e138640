package org.bib.ostree;

import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;

/**
 * What tools for containers take out of {@code prepare-root.conf}: whether the root of the running
 * system is an overlay, of composefs or a transient one (ostree-ext, ostree_prepareroot.rs).
 */
public final class OverlayRoot {
  private static final String NAME = "ostree/prepare-root.conf";
  // All but "no" and what nobody knows.
  private static final Set<String> COMPOSEFS =
      Set.of("yes", "true", "1", "maybe", "signed", "verity");
  private static final Set<String> TRUE = Set.of("true", "1");

  private OverlayRoot() {}

  /** The configuration: the first file that is there, and no other. */
  public static Optional<FileNode> configuration(DirectoryNode root) {
    return ImagePath.file(root, "etc/" + NAME).or(() -> ImagePath.file(root, "usr/lib/" + NAME));
  }

  /** Whether that file is there and says so. */
  public static boolean isEnabled(DirectoryNode root) throws IOException {
    Optional<FileNode> file = configuration(root);
    if (file.isEmpty()) {
      return false;
    }
    Map<String, String> values = values(BootableImage.text(NAME, file.get().content()));
    return COMPOSEFS.contains(values.getOrDefault("composefs.enabled", ""))
        || TRUE.contains(values.getOrDefault("root.transient", ""));
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
