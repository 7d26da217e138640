package org.bib.composefs;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;

/**
 * The entries of a directory in groups of up to a block (struct erofs_dirent, fs/erofs/erofs_fs.h):
 * first the entries, then their names.
 */
final class DirectoryEntries {
  private static final int ENTRY = 12;

  private final List<Entry> entries = new ArrayList<>();
  private final List<Integer> groupStarts = new ArrayList<>(List.of(0)); // indices of entries
  private final int lastGroupSize;
  private final long links;

  private record Entry(String name, Inode inode) {
    byte[] bytes() {
      return name.getBytes(StandardCharsets.UTF_8);
    }
  }

  /** All entries, {@code .} and {@code ..} among them. */
  DirectoryEntries(SortedMap<String, Inode> all) {
    int size = 0;
    long directories = 0; // "." and ".." are as many as the links of a directory without others
    for (var child : all.entrySet()) {
      Entry entry = new Entry(child.getKey(), child.getValue());
      int length = ENTRY + entry.bytes().length;
      if (size + length > Inode.BLOCK) {
        groupStarts.add(entries.size());
        size = 0;
      }
      size += length;
      entries.add(entry);
      directories += entry.inode().isDirectory() ? 1 : 0;
    }
    lastGroupSize = size;
    links = directories;
  }

  /** The directory's number of links: its name, its dot, and one from each directory in it. */
  long links() {
    return links;
  }

  /** How many groups get blocks whatever place the inode gets. */
  int fullBlocks() {
    return groupStarts.size() - (tail() > 0 ? 1 : 0);
  }

  /** Size of the last group, if it may stand behind the inode: libcomposefs allows half a block. */
  int tail() {
    return lastGroupSize > Inode.BLOCK / 2 ? 0 : lastGroupSize;
  }

  void putTail(ByteBuffer image, int at) {
    putGroup(image, at, groupStarts.size() - 1);
  }

  /** Writes the first {@code count} groups, each into a block. */
  void putBlocks(ByteBuffer image, int at, int count) {
    for (int group = 0; group < count; group++) {
      putGroup(image, at + group * Inode.BLOCK, group);
    }
  }

  private void putGroup(ByteBuffer image, int start, int group) {
    int from = groupStarts.get(group);
    int to = group + 1 < groupStarts.size() ? groupStarts.get(group + 1) : entries.size();
    int entry = start;
    int name = ENTRY * (to - from);
    for (Entry child : entries.subList(from, to)) {
      byte[] bytes = child.bytes();
      image.putLong(entry, child.inode().nid());
      image.putShort(entry + 8, (short) name);
      image.put(entry + 10, (byte) child.inode().entryType());
      image.put(start + name, bytes);
      entry += ENTRY;
      name += bytes.length;
    }
  }
}
