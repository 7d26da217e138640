package org.bib.lint;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.bib.tree.FileNode;

/** A file of groups, keys and values, as GLib's GKeyFile and systemd.syntax(7) have them. */
final class KeyFile {
  private final Map<String, String> values = new HashMap<>();

  private KeyFile() {}

  /** Reads a file; lines that say nothing are passed over, the last of equal keys counts. */
  static KeyFile read(FileNode file) throws IOException {
    KeyFile keys = new KeyFile();
    String group = "";
    for (String line : SmallText.lines(file)) {
      int equals = line.indexOf('=');
      if (line.startsWith("[") && line.endsWith("]")) {
        group = line.substring(1, line.length() - 1);
      } else if (equals > 0 && !line.startsWith(";")) {
        keys.values.put(
            name(group, line.substring(0, equals).strip()), line.substring(equals + 1).strip());
      }
    }
    return keys;
  }

  Optional<String> value(String group, String key) {
    return Optional.ofNullable(values.get(name(group, key)));
  }

  private static String name(String group, String key) {
    return group + "\n" + key;
  }
}
