package org.bib.secrets;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.bib.disk.Content;
import org.bib.failure.ConfigException;
import org.bib.tree.FileNode;

/** A file in {@code /etc/sudoers.d} that lets users do all without a password (sudoers(5)). */
final class Sudoers {
  private static final String DIRECTORY = "/etc/sudoers.d";

  /** sudo passes over names with a dot. */
  private static final String FILE = DIRECTORY + "/90-bib-nopasswd";

  /** "#includedir" and "@includedir" mean the same. */
  private static final Pattern INCLUDE =
      Pattern.compile("(?m)^[#@]includedir\\s+\"?" + DIRECTORY + "\"?\\s*$");

  private static final String KEY = "customizations.sudo-nopasswd";

  private final SystemTree system;
  private final AccountDatabase accounts;

  Sudoers(SystemTree system, AccountDatabase accounts) {
    this.system = system;
    this.accounts = accounts;
  }

  /**
   * Writes the file.
   *
   * @param names of users, of groups after a {@code %}
   * @return what the image cannot honour
   * @throws ConfigException if there is no such user or group
   */
  List<String> allow(List<String> names) throws ConfigException, IOException {
    List<String> warnings = new ArrayList<>();
    if (names.isEmpty()) {
      return warnings;
    }
    StringBuilder text = new StringBuilder();
    for (String name : names) {
      boolean group = name.startsWith("%");
      String account = group ? name.substring(1) : name;
      if (group ? accounts.group(account).isEmpty() : accounts.user(account).isEmpty()) {
        String kind = group ? "group" : "user";
        throw new ConfigException(
            KEY, "there is no " + kind + " \"" + account + "\"; add it to customizations." + kind);
      }
      text.append(name).append("\tALL=(ALL:ALL)\tNOPASSWD: ALL\n");
    }
    if (!(system.resolve("/usr/bin/sudo").node() instanceof FileNode)) {
      warnings.add(KEY + " has no effect: the image has no /usr/bin/sudo");
    } else if (!INCLUDE.matcher(system.readText("/etc/sudoers").orElse("")).find()) {
      warnings.add(KEY + " has no effect: /etc/sudoers of the image does not include " + DIRECTORY);
    }
    SystemTree.Place place = system.resolveParent(FILE);
    system.put(
        place,
        new FileNode(
            system.metadata(0440, 0, 0),
            Content.of(text.toString().getBytes(StandardCharsets.US_ASCII))));
    return warnings;
  }
}
