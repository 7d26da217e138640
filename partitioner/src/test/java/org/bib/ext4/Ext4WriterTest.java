package org.bib.ext4;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.bib.TestTools.run;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.bib.disk.ByteRange;
import org.bib.disk.ByteSize;
import org.bib.disk.Content;
import org.bib.disk.DiskImage;
import org.bib.disk.SpooledContent;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.SymlinkNode;
import org.bib.tree.Xattrs;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Ext4WriterTest {
  private static final long OFFSET = 1 << 20;
  private static final Ext4Options OPTIONS =
      new Ext4Options(new UUID(1, 2), new UUID(3, 4), "root", Instant.ofEpochSecond(1_700_000_000));

  @TempDir Path dir;

  @Test
  void e2fsckHasNothingToSayAboutATreeOfEverything() throws IOException, InterruptedException {
    Path disk = write("everything", everything(), ByteSize.gibibytes(1));
    assertThat(run("e2fsck", "-fn", at(disk))).contains("0.0% non-contiguous");
  }

  @Test
  void debugfsReadsBackWhatWasWritten() throws IOException, InterruptedException {
    Path disk = write("debugfs", everything(), ByteSize.gibibytes(1));
    assertThat(debugfs(disk, "cat /etc/motd")).isEqualTo("hello\n");
    assertThat(debugfs(disk, "stat /bin/su")).contains("Mode:  04755").contains("Links: 2");
    // debugfs prints ids as signed numbers: 4000000000.
    assertThat(debugfs(disk, "stat /bin/owned"))
        .contains("User: -294967296")
        .contains("Group:     7");
    assertThat(debugfs(disk, "ea_get -x /bin/su security.capability")).contains("01 00 00 02");
    assertThat(debugfs(disk, "ea_get /bin/many user.n11")).contains("value");
    assertThat(debugfs(disk, "stat /long")).contains("Size: 3000");
    assertThat(debugfs(disk, "stat /")).contains("Flags: 0x80010");
    assertThat(debugfs(disk, "stat /etc/motd")).contains("mtime: 0x").contains("1d6f3455");
    assertThat(debugfs(disk, "htree_dump /flat")).contains("Hash Version: 1");
    assertThat(debugfs(disk, "ls /flat")).contains("file19999");
  }

  @Test
  void hashTreeOfTwoLevelsIsSound() throws IOException, InterruptedException {
    DirectoryNode root = new DirectoryNode(Metadata.root(0755));
    FileNode file = new FileNode(Metadata.root(0644), Content.EMPTY);
    String tail = "x".repeat(200);
    for (int i = 0; i < 20_000; i++) {
      root.put("name" + i + tail, i % 2 == 0 ? file : new SymlinkNode(Metadata.root(0777), "t"));
    }
    Path disk = write("deep", root, ByteSize.mebibytes(300));
    run("e2fsck", "-fn", at(disk));
    assertThat(debugfs(disk, "htree_dump /")).contains("Indirect levels: 1");
  }

  @Test
  void theSameTreeGivesTheSameBytes()
      throws IOException, InterruptedException, NoSuchAlgorithmException {
    String first = sha256(write("a", everything(), ByteSize.gibibytes(1)));
    assertThat(sha256(write("b", everything(), ByteSize.gibibytes(1)))).isEqualTo(first);
  }

  @Test
  void aMachineWithUnsignedCharactersGivesTheSameBytes()
      throws IOException, InterruptedException, NoSuchAlgorithmException {
    ByteSize size = ByteSize.gibibytes(1);
    Path file = dir.resolve("unsigned.raw");
    try (DiskImage image = DiskImage.create(file, new ByteSize(OFFSET).plus(size))) {
      MakeFilesystem.run(file, OFFSET, size.bytes() / 4096, size.bytes() / 16384, OPTIONS, false);
      hashUnsignedCharacters(file);
      assertThat(run("dumpe2fs", "-h", at(file))).contains("unsigned_directory_hash");
      Ext4Writer.fill(image, OFFSET, OPTIONS, everything());
      image.materialize();
    }
    assertThat(run("dumpe2fs", "-h", at(file))).contains(" signed_directory_hash");
    run("e2fsck", "-fn", at(file));
    assertThat(sha256(file)).isEqualTo(sha256(write("signed", everything(), size)));
  }

  @Test
  void moreNamesThanAnInodeCanHaveGetASecondInode() throws IOException, InterruptedException {
    DirectoryNode root = new DirectoryNode(Metadata.root(0755));
    FileNode file =
        new FileNode(Metadata.root(0644), Content.of("x".getBytes(StandardCharsets.UTF_8)));
    for (int i = 0; i < 65_100; i++) {
      root.put("n" + i, file);
    }
    run("e2fsck", "-fn", at(write("links", root, ByteSize.mebibytes(200))));
  }

  @Test
  void minimumIsEnough() throws IOException, InterruptedException {
    DirectoryNode root = everything();
    run("e2fsck", "-fn", at(write("minimum", root, Ext4Size.minimum(root))));
  }

  @Test
  void lostAndFoundOfTheTreeHasTheBlocksForE2fsck() throws IOException, InterruptedException {
    DirectoryNode root = new DirectoryNode(Metadata.root(0755));
    root.put("lost+found", new DirectoryNode(labelled(Metadata.root(0700))));
    Path disk = write("lost", root, ByteSize.mebibytes(64));
    run("e2fsck", "-fn", at(disk));
    assertThat(debugfs(disk, "stat /lost+found"))
        .contains("Inode: 11 ", "Mode:  0700", "Links: 2", "Size: 16384")
        .contains("system_u:object_r:lost_found_t:s0");
  }

  @Test
  void lostAndFoundOfTheTreeMayHoldSomething() throws IOException, InterruptedException {
    for (int count : List.of(3, 3_000)) {
      DirectoryNode root = new DirectoryNode(Metadata.root(0755));
      DirectoryNode lostFound = root.directory("lost+found", Metadata.root(0700));
      for (int i = 0; i < count; i++) {
        lostFound.put("#" + i, new FileNode(Metadata.root(0644), Content.EMPTY));
      }
      Path disk = write("found" + count, root, ByteSize.mebibytes(64));
      run("e2fsck", "-fn", at(disk));
      assertThat(debugfs(disk, "ls /lost+found")).contains("#" + (count - 1));
    }
  }

  @Test
  void refusesALostAndFoundThatIsNoDirectory() {
    DirectoryNode root = new DirectoryNode(Metadata.root(0755));
    root.put("lost+found", new FileNode(Metadata.root(0644), Content.EMPTY));
    assertThatThrownBy(() -> write("file", root, ByteSize.mebibytes(64)))
        .hasMessageStartingWith("ext4 keeps a directory lost+found");
  }

  @Test
  void attributesInTheInodeTakeNoRoom() {
    DirectoryNode plain = new DirectoryNode(Metadata.root(0755));
    DirectoryNode labelled = new DirectoryNode(labelled(Metadata.root(0755)));
    DirectoryNode large = new DirectoryNode(Metadata.root(0755));
    Xattrs two = labelled(Metadata.root(0644)).xattrs().with("user.a", new byte[40]);
    for (int i = 0; i < 10_000; i++) {
      plain.put("f" + i, new FileNode(Metadata.root(0644), Content.EMPTY));
      labelled.put("f" + i, new FileNode(labelled(Metadata.root(0644)), Content.EMPTY));
      large.put("f" + i, new FileNode(Metadata.root(0644).withXattrs(two), Content.EMPTY));
    }
    assertThat(Ext4Size.minimum(labelled)).isEqualTo(Ext4Size.minimum(plain));
    assertThat(Ext4Size.minimum(large).bytes() - Ext4Size.minimum(plain).bytes())
        .isGreaterThan(10_000 * 4096);
  }

  private static Metadata labelled(Metadata metadata) {
    byte[] label = "system_u:object_r:lost_found_t:s0\0".getBytes(StandardCharsets.UTF_8);
    return metadata.withXattrs(Xattrs.NONE.with("security.selinux", label));
  }

  @Test
  void tooSmallSaysHowMuchIsNeeded() {
    assertThatThrownBy(() -> write("small", everything(), ByteSize.mebibytes(20)))
        .hasMessageMatching(
            "the filesystem \"root\" has 20 MiB, its content needs \\d+ MiB; raise its size .*");
  }

  @Test
  void structuresStaySparse() throws IOException, InterruptedException {
    DirectoryNode root = new DirectoryNode(Metadata.root(0755));
    Path disk = write("sparse", root, ByteSize.gibibytes(8));
    String blocks = run("stat", "-c", "%b", disk.toString()).strip();
    assertThat(Long.parseLong(blocks) * 512).isLessThan(8 << 20);
  }

  @Test
  void theKernelReadsTheSameTree() throws IOException, InterruptedException {
    assertThat(run("id", "-u").strip()).as("the kernel's driver is asked as root").isEqualTo("0");
    Path disk = write("kernel", everything(), ByteSize.gibibytes(1));
    Path mount = Files.createDirectory(dir.resolve("mnt"));
    run(
        "mount",
        "-t",
        "ext4",
        "-o",
        "loop,ro,noload,offset=" + OFFSET,
        disk.toString(),
        mount.toString());
    try {
      assertThat(Files.readString(mount.resolve("etc/motd"))).isEqualTo("hello\n");
      try (var names = Files.list(mount.resolve("flat"))) {
        assertThat(names.count()).isEqualTo(20_000);
      }
      assertThat(Files.exists(mount.resolve("flat/file777"))).isTrue();
      byte[] holes = Files.readAllBytes(mount.resolve("holes"));
      assertThat(holes).hasSize(64 << 20);
      assertThat(holes[0]).isEqualTo((byte) 1);
      assertThat(holes[(1 << 20) + 7]).isZero();
      assertThat(holes[63 << 20]).isEqualTo((byte) 1);
      assertThat(
              run(
                  "getfattr",
                  "--absolute-names",
                  "-n",
                  "user.n11",
                  "--only-values",
                  mount.resolve("bin/many").toString()))
          .isEqualTo("value".repeat(30));
    } finally {
      run("umount", mount.toString());
    }
  }

  /** Makes of the 8 groups of 128 MiB in 1 GiB what mke2fs leaves on ARM. */
  private static void hashUnsignedCharacters(Path file) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      for (int group : List.of(0, 1, 3, 5, 7)) {
        long at = OFFSET + (group == 0 ? 1024 : group * (128L << 20));
        ByteBuffer superblock = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
        channel.read(superblock, at);
        assertThat(superblock.getShort(0x38)).as("s_magic").isEqualTo((short) 0xEF53);
        superblock.putInt(0x160, 2);
        CRC32C checksum = new CRC32C();
        checksum.update(superblock.flip().limit(0x3FC));
        superblock.limit(1024).putInt(0x3FC, ~(int) checksum.getValue());
        channel.write(superblock.position(0), at);
      }
    }
  }

  private DirectoryNode everything() throws IOException {
    DirectoryNode root = new DirectoryNode(Metadata.root(0755));
    root.setImmutable(true);
    DirectoryNode etc = root.directory("etc", Metadata.root(0755));
    etc.put(
        "motd",
        new FileNode(
            Metadata.root(0644).withMtime(Instant.ofEpochSecond(5_000_000_000L, 123_456_789)),
            Content.of("hello\n".getBytes(StandardCharsets.UTF_8))));
    DirectoryNode bin = root.directory("bin", Metadata.root(01777));
    byte[] capability = HexFormat.of().parseHex("0100000200200000000000000000000000000000");
    FileNode su =
        new FileNode(
            Metadata.root(04755).withXattrs(Xattrs.of(Map.of("security.capability", capability))),
            Content.of(new byte[100]));
    bin.put("su", su);
    bin.put("su2", su);
    bin.put("owned", new FileNode(Metadata.root(0600).withOwner(4_000_000_000L, 7), Content.EMPTY));
    Xattrs many = Xattrs.NONE;
    for (int i = 0; i < 15; i++) {
      many = many.with("user.n" + i, "value".repeat(30).getBytes(StandardCharsets.UTF_8));
    }
    bin.put("many", new FileNode(Metadata.root(0644).withXattrs(many), Content.EMPTY));
    SymlinkNode link = new SymlinkNode(Metadata.root(0777), "short");
    root.put("link", link);
    root.put("link2", link);
    root.put("long", new SymlinkNode(Metadata.root(0777), "t".repeat(3000)));
    root.put("sixty", new SymlinkNode(Metadata.root(0777), "t".repeat(60)));
    DirectoryNode flat = root.directory("flat", Metadata.root(0755));
    for (int i = 0; i < 20_000; i++) {
      flat.put("file" + i, new FileNode(Metadata.root(0644), Content.of(new byte[] {(byte) i})));
    }
    DirectoryNode wide = root.directory("wide", Metadata.root(0755));
    for (int i = 0; i < 3000; i++) {
      wide.directory("directory-ü-" + i, Metadata.root(0700));
    }
    root.put("holes", new FileNode(Metadata.root(0644), holes()));
    byte[] big = new byte[5 << 20];
    new Random(1).nextBytes(big);
    root.put("big", new FileNode(Metadata.root(0644), Content.of(big)));
    return root;
  }

  /** 64 MiB with a byte every MiB: an extent each, so a tree of extents. */
  private Content holes() throws IOException {
    Path file = dir.resolve("spool");
    byte[] block = new byte[4096];
    block[0] = 1;
    List<ByteRange> ranges = new ArrayList<>();
    FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    for (long at = 0; at < 64 << 20; at += 1 << 20) {
      channel.write(ByteBuffer.wrap(block), at);
      ranges.add(new ByteRange(at, 4096));
    }
    return new SpooledContent(channel, 0, 64 << 20, ranges);
  }

  private Path write(String name, DirectoryNode root, ByteSize size)
      throws IOException, InterruptedException {
    Path file = dir.resolve(name + ".raw");
    try (DiskImage image = DiskImage.create(file, new ByteSize(OFFSET).plus(size))) {
      Ext4Writer.write(image, OFFSET, size, OPTIONS, root);
      image.materialize();
    }
    return file;
  }

  private static String at(Path disk) {
    return disk + "?offset=" + OFFSET;
  }

  private static String debugfs(Path disk, String request)
      throws IOException, InterruptedException {
    return run("debugfs", "-R", request, at(disk)).replaceFirst("debugfs .*\n", "");
  }

  private static String sha256(Path file) throws IOException, NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    try (InputStream in = Files.newInputStream(file)) {
      byte[] buffer = new byte[1 << 20];
      for (int n = in.read(buffer); n > 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
