package org.bib.lint;

import java.io.IOException;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.bib.ostree.ImagePath;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;

/**
 * Content of {@code /var} reaches a machine when it is installed and never again: an update does
 * not touch {@code /var}. What tmpfiles.d(5) names is made at every boot. As bootc has it, an entry
 * is compared by the directory it leads to, so that {@code /root/.ssh} counts for {@code
 * /var/roothome/.ssh} where the former is a link (bootc, path_resolution.rs).
 */
final class VarTmpfiles {
  private static final String RULE = "var-tmpfiles";
  private static final List<String> DIRECTORIES = List.of("usr/lib/tmpfiles.d", "etc/tmpfiles.d");

  private final DirectoryNode root;
  private final IdentityHashMap<DirectoryNode, Set<String>> entries = new IdentityHashMap<>();

  private VarTmpfiles(DirectoryNode root) {
    this.root = root;
  }

  /** The rule. */
  static void check(Image image, Findings findings) throws IOException {
    VarTmpfiles tmpfiles = new VarTmpfiles(image.root());
    for (String directory : DIRECTORIES) {
      for (FileNode file : ImagePath.files(image.root(), directory, ".conf").values()) {
        for (String line : SmallText.lines(file)) {
          List<String> words = Words.of(line, 2); // type, path
          if (words.size() == 2) {
            tmpfiles.add(words.get(1));
          }
        }
      }
    }
    if (image.root().child("var") instanceof DirectoryNode var) {
      tmpfiles.compare(var, findings);
    }
  }

  private void add(String path) {
    String clean = path.replaceAll("/+$", "");
    int slash = clean.lastIndexOf('/');
    if (slash >= 0
        && ImagePath.resolve(root, clean.substring(0, slash)).orElse(null)
            instanceof DirectoryNode parent) {
      String name = clean.substring(slash + 1);
      if (parent.child(name) != null) {
        entries.computeIfAbsent(parent, key -> new HashSet<>()).add(name);
      }
    }
  }

  private void compare(DirectoryNode var, Findings findings) {
    Samples directories = new Samples();
    Samples files = new Samples();
    Walk.below(
        var,
        "/var",
        place -> {
          if (!entries.getOrDefault(place.parent(), Set.of()).contains(place.name())) {
            (place.node() instanceof FileNode ? files : directories).add(place::path);
          }
        });
    if (!directories.isEmpty()) {
      findings.warning(RULE, "updates will not make what tmpfiles.d does not name: " + directories);
    }
    if (!files.isEmpty()) {
      findings.warning(RULE, "updates will not touch files in /var: " + files);
    }
  }
}
