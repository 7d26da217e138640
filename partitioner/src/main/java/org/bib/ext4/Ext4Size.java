package org.bib.ext4;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.bib.disk.ByteRange;
import org.bib.disk.ByteSize;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;

/** How large an ext4 filesystem must be for a tree: an upper bound, by counting. */
public final class Ext4Size {
  private static final long BLOCK = Ext4Writer.BLOCK_SIZE;

  private long inodes;
  private long blocks;
  private boolean verity;
  private final Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());

  private Ext4Size() {}

  /** The number of inodes that {@code root} needs, with some to spare. */
  public static long inodes(DirectoryNode root) {
    return 1024 + count(root).inodes * 5 / 4;
  }

  /** Whether fs-verity protects a file in {@code root}. */
  static boolean hasVerity(DirectoryNode root) {
    return count(root).verity;
  }

  /** A size in which {@code root} certainly fits, with 5 percent to spare. */
  public static ByteSize minimum(DirectoryNode root) {
    Ext4Size size = count(root);
    long inodeTables = (1024 + size.inodes * 5 / 4) * InodeImage.SIZE / BLOCK;
    // Default inode density of mke2fs: one for 16 KiB.
    long content = size.blocks + inodeTables;
    long total = content + content / 64;
    // Journal as mke2fs chooses it by the number of blocks (ext2fs_default_journal_size).
    total += total < 32768 ? 1024 : total < 262144 ? 8192 : total < 524288 ? 16384 : 65536;
    // Superblock copies, descriptors and their reserve, bitmaps.
    total += 2048 + total / 256;
    return new ByteSize(total * BLOCK).plus(new ByteSize(total * BLOCK / 20)).roundUpTo(1L << 20);
  }

  private static Ext4Size count(DirectoryNode root) {
    Ext4Size size = new Ext4Size();
    size.add(root);
    return size;
  }

  private void add(DirectoryNode directory) {
    inodes++;
    long bytes = 24;
    for (var child : directory.children().entrySet()) {
      bytes += 8 + child.getKey().length() * 3L + 3;
      Node node = child.getValue();
      if (node instanceof DirectoryNode below) {
        add(below);
      } else if (seen.add(node)) {
        inodes++;
        if (node instanceof FileNode file) {
          addFile(file);
        } else if (node instanceof SymlinkNode) {
          blocks++;
        }
        blocks += ExtendedAttributes.fitInode(node.metadata().xattrs()) ? 0 : 1;
      }
    }
    blocks += 2 + bytes * 5 / 4 / BLOCK;
    blocks += ExtendedAttributes.fitInode(directory.metadata().xattrs()) ? 0 : 1;
  }

  private void addFile(FileNode file) {
    for (ByteRange range : file.content().dataRanges()) {
      blocks += range.length() / BLOCK + 2;
    }
    if (file.verity()) {
      verity = true;
      blocks += new VerityMetadata(file.content().size()).blocks() + 1;
    }
    blocks +=
        file.content().dataRanges().size() > 4 ? file.content().dataRanges().size() / 300 + 2 : 0;
  }
}
