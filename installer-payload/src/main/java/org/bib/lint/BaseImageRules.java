package org.bib.lint;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.bib.failure.BuildException;
import org.bib.ostree.ImagePath;
import org.bib.ostree.PrepareRoot;
import org.bib.tree.DirectoryNode;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;

/** What the tree of a base image looks like (bootc, "Standard image content"). */
final class BaseImageRules {
  private static final String ROOT = "baseimage-root";
  private static final String COMPOSEFS = "baseimage-composefs";
  private static final List<String> API_DIRECTORIES =
      List.of("dev", "proc", "sys", "run", "tmp", "var");
  // A copy of what the root should be, in images that carry bootc's documentation.
  private static final String REFERENCE = "usr/share/doc/bootc/baseimage/base";
  private static final String PREPARE_ROOT = "ostree/prepare-root.conf";

  private BaseImageRules() {}

  /** Mount points, and {@code /var}. */
  static void apiDirectories(Image image, Findings findings) {
    for (String name : API_DIRECTORIES) {
      Node node = image.root().child(name);
      if (node == null) {
        findings.fatal("api-base-directories", "no directory /" + name);
      } else if (!(node instanceof DirectoryNode)) {
        findings.fatal("api-base-directories", "/" + name + " is not a directory");
      }
    }
  }

  /** {@code /sysroot}, and {@code /ostree} that leads into it. */
  static void root(Image image, Findings findings) {
    root(image.root(), "", findings);
    reference(image).ifPresent(copy -> root(copy, "/" + REFERENCE, findings));
  }

  private static void root(DirectoryNode root, String at, Findings findings) {
    Node sysroot = root.child("sysroot");
    if (sysroot == null) {
      findings.fatal(ROOT, "no directory " + at + "/sysroot");
    } else if (!(sysroot instanceof DirectoryNode)) {
      findings.fatal(ROOT, at + "/sysroot is not a directory");
    }
    Node ostree = root.child("ostree");
    if (ostree == null) {
      findings.fatal(ROOT, "no link " + at + "/ostree -> sysroot/ostree");
    } else if (!(ostree instanceof SymlinkNode link)) {
      findings.fatal(ROOT, at + "/ostree is not a symbolic link, it should lead to sysroot/ostree");
    } else if (!link.target().equals("sysroot/ostree")) {
      findings.fatal(ROOT, at + "/ostree leads to " + link.target() + ", not to sysroot/ostree");
    }
  }

  private static Optional<DirectoryNode> reference(Image image) {
    return ImagePath.resolve(image.root(), REFERENCE)
        .filter(DirectoryNode.class::isInstance)
        .map(DirectoryNode.class::cast);
  }

  /** bootc install stops without it, and so does the boot. */
  static void prepareRoot(Image image, Findings findings) throws IOException {
    if (!PrepareRoot.isConfigured(image.root())) {
      findings.fatal("prepare-root", "no " + PREPARE_ROOT + " in /usr/lib or /etc");
    }
    try {
      PrepareRoot.hasOverlay(image.root());
    } catch (BuildException e) {
      findings.fatal("prepare-root", e.problem());
    }
  }

  /** Without composefs, {@code /usr} is kept from writes by its mount only. */
  static void composefs(Image image, Findings findings) throws IOException {
    if (PrepareRoot.isConfigured(image.root()) && !mayHaveOverlay(image.root())) {
      findings.warning(COMPOSEFS, PREPARE_ROOT + " does not enable composefs");
    }
    Optional<DirectoryNode> copy = reference(image);
    if (copy.isPresent() && !mayHaveOverlay(copy.get())) {
      findings.warning(COMPOSEFS, "/" + REFERENCE + " does not enable composefs");
    }
  }

  private static boolean mayHaveOverlay(DirectoryNode root) throws IOException {
    try {
      return PrepareRoot.hasOverlay(root);
    } catch (BuildException e) {
      return true; // a file that is worse than that, which is told of elsewhere
    }
  }

  /** Anything but a link shadows {@code /run}. */
  static void varRun(Image image, Findings findings) {
    Optional<Node> run = image.root().find("var/run");
    if (run.isPresent() && !(run.get() instanceof SymlinkNode)) {
      findings.fatal("var-run", "/var/run is not a symbolic link");
    }
  }

  /** {@code /usr/etc} is where ostree keeps the {@code /etc} of the image. */
  static void usrEtc(Image image, Findings findings) {
    if (image.root().child("etc") != null && image.root().find("usr/etc").isPresent()) {
      findings.fatal(
          "etc-usretc", "there are both /etc and /usr/etc, where ostree keeps the former");
    }
  }
}
