package org.bib.tests;

import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.bib.disk.SpooledContent;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.bib.tree.Xattrs;

/** A tree that is the same for the same seed, with what a filesystem may find hard to store. */
final class RandomTree {
  private static final List<String> PREFIXES =
      List.of("user.", "trusted.", "trusted.overlay.", "security.", "odd.", "system.posix_acl_");
  private static final List<String> LETTERS =
      List.of("a", "z", "!", "-", "é", "ｆ", "😀", "\\", "=");

  private final Random random;
  private final FileChannel nothing;
  private final List<Xattrs> attributes = new ArrayList<>();
  private final List<Node> files = new ArrayList<>();
  private int left;

  private RandomTree(long seed, FileChannel nothing) {
    this.random = new Random(seed);
    this.nothing = nothing;
    this.left = 1 << random.nextInt(12);
    attributes.add(Xattrs.NONE);
    for (int i = random.nextInt(6); i > 0; i--) {
      attributes.add(xattrs(random.nextInt(4) == 0 ? 200 : 4));
    }
  }

  /**
   * Makes a tree.
   *
   * @param nothing what files are made of; it is never read
   */
  static DirectoryNode of(long seed, FileChannel nothing) {
    RandomTree tree = new RandomTree(seed, nothing);
    DirectoryNode root = new DirectoryNode(tree.metadata());
    tree.fill(root, 0);
    return root;
  }

  private void fill(DirectoryNode directory, int depth) {
    int count = Math.min(left, random.nextInt(4) == 0 ? random.nextInt(700) : random.nextInt(20));
    int length = random.nextInt(4) == 0 ? 240 : random.nextInt(40) + 1;
    left -= count;
    List<DirectoryNode> directories = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Node node = node();
      directory.put(name(random.nextInt(length) + 1), node);
      if (node instanceof DirectoryNode below) {
        directories.add(below);
      }
    }
    if (depth < 60) {
      directories.forEach(below -> fill(below, depth + 1));
    }
  }

  private String name(int bytes) {
    if (random.nextInt(20) == 0) {
      return String.format("%02x", random.nextInt(256)); // as a directory of contents
    }
    StringBuilder name = new StringBuilder(Integer.toString(random.nextInt(1000)));
    if (random.nextBoolean()) {
      name.insert(0, LETTERS.get(random.nextInt(LETTERS.size())));
    }
    while (name.toString().getBytes(StandardCharsets.UTF_8).length < bytes) {
      name.append(LETTERS.get(random.nextInt(LETTERS.size())));
    }
    return name.toString();
  }

  private Node node() {
    int kind = random.nextInt(8);
    if (kind < 3) {
      return new DirectoryNode(metadata());
    }
    if (kind == 3) {
      return new SymlinkNode(metadata(), "t".repeat(1 + random.nextInt(length())));
    }
    if (kind == 4 && !files.isEmpty()) {
      return files.get(random.nextInt(files.size())); // a hard link
    }
    FileNode file = new FileNode(metadata(), new SpooledContent(nothing, 0, size(), List.of()));
    files.add(file);
    return file;
  }

  private int length() {
    return random.nextInt(10) == 0 ? 4095 : 100;
  }

  private long size() {
    int bits = random.nextInt(random.nextInt(5) == 0 ? 44 : 16);
    return bits == 0
        ? 0
        : (1L << (bits - 1))
            + (random.nextBoolean() ? 0 : random.nextInt(1 << Math.min(bits - 1, 30)));
  }

  private Metadata metadata() {
    Xattrs xattrs =
        random.nextInt(10) == 0 ? xattrs(5) : attributes.get(random.nextInt(attributes.size()));
    return new Metadata(
        random.nextInt(010000), id(), id(), Instant.ofEpochSecond(random.nextInt()), xattrs);
  }

  private long id() {
    return random.nextInt(10) == 0 ? random.nextLong(0xFFFF_FFFEL) : random.nextInt(3) * 0xFFFFL;
  }

  private Xattrs xattrs(int most) {
    Map<String, byte[]> xattrs = new TreeMap<>();
    for (int i = random.nextInt(most); i >= 0; i--) {
      String prefix = PREFIXES.get(random.nextInt(PREFIXES.size()));
      String name =
          prefix.endsWith("_")
              ? prefix + (random.nextBoolean() ? "access" : "default")
              : prefix + "x".repeat(random.nextInt(40)) + i;
      // mkcomposefs takes lines of up to 64 KiB, and four characters for a byte.
      byte[] value = new byte[random.nextInt(random.nextInt(5) == 0 ? 6000 / most : 40)];
      random.nextBytes(value);
      xattrs.put(name, value);
    }
    if (random.nextBoolean()) {
      xattrs.put(
          "security.selinux", "system_u:object_r:usr_t:s0\0".getBytes(StandardCharsets.UTF_8));
    }
    return Xattrs.of(xattrs);
  }
}
