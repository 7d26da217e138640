package org.bib.ext4;

import static org.assertj.core.api.Assertions.assertThat;
import static org.bib.TestTools.run;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import org.bib.disk.ByteRange;
import org.bib.disk.Content;
import org.bib.disk.DiskImage;
import org.bib.disk.SpooledContent;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** fs-verity in ext4 against e2fsprogs, which knows the flags, and fsverity-utils, the metadata. */
class Ext4VerityTest {
  private static final List<Integer> SIZES =
      List.of(0, 1, 4096, 4097, 65535, 65536, 65537, 524288, 600_000, 68_000_000);

  @TempDir Path dir;
  private final Map<String, Path> contents = new TreeMap<>();
  private final DirectoryNode root = new DirectoryNode(Metadata.root(0755));

  @Test
  void metadataPastTheEndIsThatOfFsverityUtils() throws IOException, InterruptedException {
    for (int size : SIZES) {
      byte[] bytes = new byte[size];
      new Random(size).nextBytes(bytes);
      add("file" + size, Content.of(bytes), bytes);
    }
    try (FileChannel spool =
        FileChannel.open(Files.write(dir.resolve("spool"), new byte[1 << 20]))) {
      // Seven extents of data, and one more for the metadata.
      List<ByteRange> ranges = new ArrayList<>();
      for (int i = 0; i < 7; i++) {
        ranges.add(new ByteRange(i * 131072L, 4096));
      }
      add("holes", new SpooledContent(spool, 0, 1 << 20, ranges), new byte[1 << 20]);
      Path disk = write();
      run("e2fsck", "-fn", disk.toString());
      assertThat(run("dumpe2fs", "-h", disk.toString())).containsPattern("features:.* verity");
      for (var content : contents.entrySet()) {
        assertThat(debugfs(disk, "stat /" + content.getKey())).contains("Flags: 0x180000");
        assertThat(pastTheEnd(disk, content.getKey())).isEqualTo(expected(content.getValue()));
      }
    }
  }

  @Test
  void filesystemsWithoutSuchFilesCanBeWrittenByKernelsWithoutVerity()
      throws IOException, InterruptedException {
    root.put("file", new FileNode(Metadata.root(0644), Content.EMPTY));
    assertThat(run("dumpe2fs", "-h", write().toString())).doesNotContain("verity");
  }

  private void add(String name, Content content, byte[] bytes) throws IOException {
    contents.put(name, Files.write(dir.resolve(name), bytes));
    root.put(name, new FileNode(Metadata.root(0644), content).withVerity());
  }

  private Path write() throws IOException, InterruptedException {
    Path disk = dir.resolve("disk");
    try (DiskImage image = DiskImage.create(disk, Ext4Size.minimum(root))) {
      Ext4Writer.write(
          image,
          0,
          Ext4Size.minimum(root),
          new Ext4Options(new UUID(1, 2), new UUID(3, 4), "root", Instant.EPOCH),
          root);
      image.materialize();
    }
    return disk;
  }

  /** What the file holds from the next multiple of 64 KiB on, once it is told to be longer. */
  private byte[] pastTheEnd(Path disk, String name) throws IOException, InterruptedException {
    long size = Files.size(contents.get(name));
    long start = (size + 65535) / 65536 * 65536;
    debugfs(disk, "-w", "set_inode_field /" + name + " size " + (start + (1 << 20)));
    Path dump = dir.resolve("dump");
    debugfs(disk, "dump /" + name + " " + dump);
    try (RandomAccessFile file = new RandomAccessFile(dump.toFile(), "r")) {
      byte[] bytes = new byte[1 << 20];
      file.seek(start);
      file.readFully(bytes);
      return bytes;
    }
  }

  /** Merkle tree, descriptor, its length at the end of its block, nothing more. */
  private byte[] expected(Path content) throws IOException, InterruptedException {
    Path tree = dir.resolve("tree");
    Path descriptor = dir.resolve("descriptor");
    run(
        "fsverity",
        "digest",
        content.toString(),
        "--out-merkle-tree=" + tree,
        "--out-descriptor=" + descriptor);
    byte[] expected = Arrays.copyOf(Files.readAllBytes(tree), 1 << 20);
    int at = Math.toIntExact(Files.size(tree));
    System.arraycopy(Files.readAllBytes(descriptor), 0, expected, at, 256);
    expected[at + 4093] = 1; // 256, little-endian
    return expected;
  }

  private static String debugfs(Path disk, String request)
      throws IOException, InterruptedException {
    return run("debugfs", "-R", request, disk.toString());
  }

  private static void debugfs(Path disk, String option, String request)
      throws IOException, InterruptedException {
    run("debugfs", option, "-R", request, disk.toString());
  }
}
