package org.bib.ostree;

import java.util.List;
import java.util.Optional;
import org.bib.composefs.ComposefsImage;
import org.bib.composefs.Payload;
import org.bib.composefs.Payloads;
import org.bib.failure.BuildException;
import org.bib.fsverity.VerityDigest;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;

/**
 * The composefs image of a commit, as libostree makes it when it deploys (libostree,
 * ostree-repo-composefs.c): contents are objects of the repository, and the directories that a
 * system is mounted together in are there.
 */
final class CommitImage {
  /** Its name in a deployment (libostree, otcore.h: OSTREE_COMPOSEFS_NAME). */
  static final String NAME = ".ostree.cfs";

  private static final List<String> MOUNT_POINTS = List.of("usr", "etc", "boot", "var", "sysroot");

  private CommitImage() {}

  /**
   * Makes the image of a tree.
   *
   * @param tree that was added to {@code store}
   */
  static FileNode of(DirectoryNode tree, ObjectStore store) throws BuildException {
    return of(
        tree,
        file -> {
          Checksum checksum = store.checksum(file);
          return payload(checksum, store.digest(checksum));
        });
  }

  /**
   * Makes the image of a tree.
   *
   * @param payloads what {@link #payload} makes of each file
   */
  static FileNode of(DirectoryNode tree, Payloads payloads) throws BuildException {
    DirectoryNode root = new DirectoryNode(tree.metadata());
    tree.children().forEach(root::put);
    for (String name : MOUNT_POINTS) {
      if (root.child(name) == null) {
        root.put(name, new DirectoryNode(Metadata.root(0755)));
      }
    }
    return new FileNode(Metadata.root(0644), ComposefsImage.of(root, payloads));
  }

  /** Where the content of a file is: the object of that name, with its fs-verity digest. */
  static Payload payload(Checksum checksum, Optional<VerityDigest> digest) {
    String hex = checksum.hex();
    return new Payload(hex.substring(0, 2) + "/" + hex.substring(2) + ".file", digest);
  }
}
