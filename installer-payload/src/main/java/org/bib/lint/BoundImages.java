package org.bib.lint;

import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import org.bib.ostree.ImagePath;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;

/**
 * Logically bound images: container images that bootc pulls before it deploys an image, named by
 * links to {@code .container} and {@code .image} units (bootc, boundimage.rs). They are not put on
 * the disk; bootc refuses the image if it cannot understand one.
 */
final class BoundImages {
  private static final String RULE = "bound-images";
  private static final String DIRECTORY = "usr/lib/bootc/bound-images.d";

  private BoundImages() {}

  /** The rule. */
  static void check(Image image, Findings findings) throws IOException {
    if (ImagePath.resolve(image.root(), DIRECTORY).orElse(null) instanceof DirectoryNode bound) {
      for (Map.Entry<String, Node> entry : bound.children().entrySet()) {
        check(image.root(), entry.getKey(), entry.getValue(), findings);
      }
    }
  }

  private static void check(DirectoryNode root, String name, Node node, Findings findings)
      throws IOException {
    String path = "/" + DIRECTORY + "/" + name;
    boolean isImage = name.endsWith(".image");
    Optional<FileNode> unit = ImagePath.file(root, DIRECTORY + "/" + name);
    if (!(node instanceof SymlinkNode)) {
      findings.fatal(RULE, path + " is not a symbolic link");
    } else if (!isImage && !name.endsWith(".container")) {
      findings.fatal(RULE, path + " ends neither in .image nor in .container");
    } else if (unit.isEmpty()) {
      findings.fatal(RULE, path + " leads to no file");
    } else {
      KeyFile keys = KeyFile.read(unit.get());
      Optional<String> value = keys.value(isImage ? "Image" : "Container", "Image");
      if (value.isEmpty()) {
        findings.fatal(RULE, path + " names no Image=");
      } else if (isImage && keys.value("Image", "AuthFile").isPresent()) {
        findings.fatal(RULE, path + " has an AuthFile=, which bootc does not support");
      } else if (value.get().replace("%%", "").contains("%")) {
        findings.fatal(RULE, path + " has a specifier in Image=, which bootc does not support");
      } else {
        findings.warning(
            RULE,
            value.get().replace("%%", "%")
                + " will be missing at first boot: bib does not pull logically bound images, bootc"
                + " does at its next upgrade");
      }
    }
  }
}
