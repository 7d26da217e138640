package org.bib.composefs;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.bib.disk.Content;
import org.bib.failure.BuildException;
import org.bib.tree.DirectoryNode;

/**
 * Makes composefs images. Layout: a header of composefs (libcomposefs, lcfs-erofs.h), the
 * superblock of EROFS at 1024 (struct erofs_super_block, fs/erofs/erofs_fs.h), inodes, shared
 * attributes, blocks of data. All numbers are little-endian.
 */
public final class ComposefsImage {
  private static final int HEADER_MAGIC = 0xd078629a; // LCFS_EROFS_MAGIC
  private static final int HEADER_VERSION = 1; // LCFS_EROFS_VERSION
  private static final int HAS_ACL = 1; // LCFS_EROFS_FLAGS_HAS_ACL

  private static final int SUPERBLOCK = 1024;
  private static final int SUPERBLOCK_SIZE = 128;
  private static final int MAGIC = 0xE0F5E1E2; // EROFS_SUPER_MAGIC_V1
  private static final int FEATURES = 6; // EROFS_FEATURE_COMPAT_MTIME, _XATTR_FILTER
  private static final int P_MAGIC = 0;
  private static final int P_FEATURE_COMPAT = 8;
  private static final int P_BLKSZBITS = 12;
  private static final int P_ROOT_NID = 14;
  private static final int P_INOS = 16;
  private static final int P_BLOCKS = 36;
  private static final int P_XATTR_BLKADDR = 44;

  private final List<Inode> inodes;
  private final SharedXattrs shared;
  private final long inodesEnd;
  private final long dataStart;
  private final long size;

  private ComposefsImage(List<Inode> inodes) {
    this.inodes = inodes;
    this.shared = SharedXattrs.of(inodes);
    long end = SUPERBLOCK + SUPERBLOCK_SIZE;
    long blocks = 0;
    for (Inode inode : inodes) {
      end = inode.place(end, shared);
      blocks += inode.blocks();
    }
    inodesEnd = Inode.roundUp(end, Inode.SLOT);
    dataStart = Inode.roundUp(inodesEnd + shared.size(), Inode.BLOCK);
    size = dataStart + blocks * Inode.BLOCK;
  }

  /**
   * Makes the image of a tree. It is held in memory, at 100 to 200 bytes for most inodes.
   *
   * @param root what is mounted; times are not kept
   * @param payloads where the contents of its files are
   * @throws BuildException if a file or an attribute is larger than composefs has room for
   */
  public static Content of(DirectoryNode root, Payloads payloads) throws BuildException {
    ComposefsImage image = new ComposefsImage(OverlayTree.inodes(root, payloads));
    if (image.size > Integer.MAX_VALUE - Inode.BLOCK) {
      throw new BuildException(
          "the composefs image of the tree would have " + image.size + " bytes, more than 2 GiB",
          "remove files or extended attributes from the image");
    }
    return Content.of(image.bytes());
  }

  private byte[] bytes() {
    byte[] bytes = new byte[Math.toIntExact(size)];
    ByteBuffer image = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    putHeader(image);
    int data = Math.toIntExact(dataStart);
    int sharedStart = Math.toIntExact(inodesEnd % Inode.BLOCK);
    for (int number = 0; number < inodes.size(); number++) {
      Inode inode = inodes.get(number);
      inode.put(image, number, data / Inode.BLOCK, shared, sharedStart);
      inode.putData(image, data);
      data += inode.blocks() * Inode.BLOCK;
    }
    shared.put(image, Math.toIntExact(inodesEnd));
    return bytes;
  }

  private void putHeader(ByteBuffer image) {
    boolean acl = inodes.stream().flatMap(inode -> inode.xattrs().stream()).anyMatch(Xattr::isAcl);
    image.putInt(0, HEADER_MAGIC);
    image.putInt(4, HEADER_VERSION);
    image.putInt(8, acl ? HAS_ACL : 0);
    image.putInt(SUPERBLOCK + P_MAGIC, MAGIC);
    image.putInt(SUPERBLOCK + P_FEATURE_COMPAT, FEATURES);
    image.put(SUPERBLOCK + P_BLKSZBITS, (byte) Integer.numberOfTrailingZeros(Inode.BLOCK));
    image.putShort(SUPERBLOCK + P_ROOT_NID, (short) inodes.get(0).nid());
    image.putLong(SUPERBLOCK + P_INOS, inodes.size());
    image.putInt(SUPERBLOCK + P_BLOCKS, (int) (size / Inode.BLOCK));
    image.putInt(SUPERBLOCK + P_XATTR_BLKADDR, (int) (inodesEnd / Inode.BLOCK));
  }
}
