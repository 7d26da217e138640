package org.bib.lint;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.bib.ostree.ImagePath;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.NameOrder;

/**
 * Accounts that stand in {@code /etc} only: once a machine has changed the file, an update brings
 * it no more. What sysusers.d(5) names is made at every boot.
 */
final class Sysusers {
  private static final String RULE = "sysusers";
  private static final String DIRECTORY = "usr/lib/sysusers.d";

  private Sysusers() {}

  /** The rule. */
  static void check(Image image, Findings findings) throws IOException {
    Set<String> users = names(image.root(), "etc/passwd");
    Set<String> groups = names(image.root(), "etc/group");
    for (FileNode file : ImagePath.files(image.root(), DIRECTORY, ".conf").values()) {
      for (String line : SmallText.lines(file)) {
        List<String> words = Words.of(line, 2); // type, name
        if (words.size() < 2) {
          continue;
        }
        if (words.get(0).startsWith("u")) {
          users.remove(words.get(1));
          groups.remove(words.get(1)); // a user brings a group of its name
        } else if (words.get(0).equals("g")) {
          groups.remove(words.get(1));
        }
      }
    }
    tell(users, "users", findings);
    tell(groups, "groups", findings);
  }

  private static Set<String> names(DirectoryNode root, String path) throws IOException {
    Set<String> names = new TreeSet<>(NameOrder.INSTANCE);
    for (String line : SmallText.lines(root, path)) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        names.add(line.substring(0, colon));
      }
    }
    return names;
  }

  private static void tell(Set<String> names, String what, Findings findings) {
    Samples samples = new Samples();
    names.forEach(samples::add);
    if (!samples.isEmpty()) {
      findings.warning(RULE, what + " that sysusers.d does not name: " + samples);
    }
  }
}
