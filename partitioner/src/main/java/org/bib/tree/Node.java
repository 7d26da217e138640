package org.bib.tree;

/**
 * An inode. Two names that refer to the same {@code Node} object are hard links of each other, so
 * nodes compare by identity.
 */
public sealed interface Node permits DirectoryNode, FileNode, SymlinkNode {
  /** Mode, owner, time and attributes. */
  Metadata metadata();
}
