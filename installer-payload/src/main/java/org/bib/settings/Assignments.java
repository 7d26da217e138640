package org.bib.settings;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bib.failure.ConfigException;
import org.bib.secrets.SystemTree;

/** A file of lines {@code KEY=value}, as the shell reads them: locale.conf(5), vconsole.conf(5). */
final class Assignments {
  private Assignments() {}

  /**
   * Sets keys of a file, which is made if it is not there; other lines stay.
   *
   * @param values ASCII that needs no quotes
   */
  static void set(SystemTree system, String path, Map<String, String> values)
      throws ConfigException, IOException {
    List<String> lines =
        new ArrayList<>(system.readText(path).map(text -> text.lines().toList()).orElse(List.of()));
    for (Map.Entry<String, String> value : values.entrySet()) {
      String line = value.getKey() + "=" + value.getValue();
      int at = -1;
      for (int i = lines.size() - 1; i >= 0; i--) {
        if (lines.get(i).strip().startsWith(value.getKey() + "=")) {
          if (at >= 0) {
            lines.remove(at);
          }
          at = i;
        }
      }
      if (at < 0) {
        lines.add(line);
      } else {
        lines.set(at, line);
      }
    }
    system.writeText(path, String.join("\n", lines) + "\n", system.metadata(0644, 0, 0));
  }
}
