package org.bib.lint;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.bib.ostree.ImagePath;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Node;

/** What a build leaves where the running system has something else. */
final class StrayContentRules {
  private static final List<String> INJECTED = List.of("etc/hostname", "etc/resolv.conf");
  // Below /run; podman and buildah mount a file over it, for which they make the directories.
  private static final List<String> MOUNTED_OVER =
      List.of("systemd", "resolve", "stub-resolv.conf");

  private StrayContentRules() {}

  /** Empty files that a container engine made. */
  static void injected(Image image, Findings findings) {
    for (String path : INJECTED) {
      if (image.root().find(path).orElse(null) instanceof FileNode file
          && file.content().size() == 0) {
        findings.warning(
            "buildah-injected", "/" + path + " is empty, as a container engine leaves it");
      }
    }
  }

  /** Logs of the build. */
  static void varLog(Image image, Findings findings) {
    Samples logs = new Samples();
    if (ImagePath.resolve(image.root(), "var/log").orElse(null) instanceof DirectoryNode log) {
      Walk.below(
          log,
          "/var/log",
          place -> {
            if (place.node() instanceof FileNode file && file.content().size() > 0) {
              logs.add(place::path);
            }
          });
    }
    if (!logs.isEmpty()) {
      findings.warning("var-log", "log files of the build: " + logs);
    }
  }

  /** {@code /boot} is a filesystem of its own. */
  static void boot(Image image, Findings findings) {
    if (!(ImagePath.resolve(image.root(), "boot").orElse(null) instanceof DirectoryNode boot)) {
      findings.warning("nonempty-boot", "no directory /boot");
      return;
    }
    Samples names = new Samples();
    for (String name : boot.children().keySet()) {
      if (!name.equals("EFI")) {
        names.add("/boot/" + name);
      }
    }
    if (!names.isEmpty()) {
      findings.warning("nonempty-boot", "hidden once /boot is mounted: " + names);
    }
  }

  /** {@code /run} and {@code /tmp} are filesystems in memory. */
  static void runAndTmp(Image image, Findings findings) {
    Samples names = new Samples();
    for (String top : List.of("run", "tmp")) {
      if (image.root().child(top) instanceof DirectoryNode directory) {
        Set<Node> known = top.equals("run") ? ofTheEngine(directory) : Set.of();
        Walk.below(
            directory,
            "/" + top,
            place -> {
              if (!known.contains(place.node())) {
                names.add(place::path);
              }
            });
      }
    }
    if (!names.isEmpty()) {
      findings.warning("nonempty-run-tmp", "dropped, for /run and /tmp are mounted over: " + names);
    }
  }

  /** What a container engine left, and the directories that hold nothing else. */
  private static Set<Node> ofTheEngine(DirectoryNode run) {
    Deque<Node> trail = new ArrayDeque<>();
    Node node = run;
    for (String name : MOUNTED_OVER) {
      node = node instanceof DirectoryNode directory ? directory.child(name) : null;
      if (node == null) {
        break;
      }
      trail.push(node);
    }
    Set<Node> known = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Node left : trail) {
      if (left instanceof DirectoryNode directory
          && !known.containsAll(directory.children().values())) {
        break;
      }
      known.add(left);
    }
    return known;
  }
}
