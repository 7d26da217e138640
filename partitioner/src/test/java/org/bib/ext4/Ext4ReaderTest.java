package org.bib.ext4;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.bib.TestTools.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.bib.TreeListing;
import org.bib.disk.ByteSize;
import org.bib.disk.Content;
import org.bib.disk.DiskImage;
import org.bib.disk.MalformedDiskException;
import org.bib.disk.RawDisk;
import org.bib.disk.ReadableDisk;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.SymlinkNode;
import org.bib.tree.Xattrs;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** mke2fs makes what is read here, of a directory of this machine; debugfs makes the oddities. */
class Ext4ReaderTest {
  @TempDir Path dir;
  private final List<String> damages = new ArrayList<>();

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-t ext4",
        "-t ext2",
        "-t ext3",
        "-t ext4 -b 1024",
        "-t ext4 -b 2048 -I 512",
        "-t ext4 -I 128",
        "-t ext4 -O inline_data",
        "-t ext4 -O bigalloc -C 65536",
        "-t ext4 -O ^metadata_csum",
        "-t ext4 -O metadata_csum,metadata_csum_seed",
        "-t ext4 -O metadata_csum,^64bit",
        "-t ext4 -O casefold,large_dir,mmp",
        "-t ext4 -O ^extent,^64bit",
        "-t ext4 -O ^filetype,^dir_index -E packed_meta_blocks=1",
        "-t ext4 -g 1024"
      })
  void readsWhatMke2fsMade(String options) throws IOException, InterruptedException {
    Path source = sourceTree();
    Path image = dir.resolve("image");
    List<String> command = new ArrayList<>(List.of("mke2fs", "-q", "-F"));
    command.addAll(List.of(options.split(" ", -1)));
    command.addAll(List.of("-d", source.toString(), image.toString(), "60M"));
    run(command.toArray(String[]::new));
    run("e2fsck", "-fn", image.toString());
    try (RawDisk disk = RawDisk.open(image)) {
      Ext4Reader reader = Ext4Reader.open(disk);
      reader.checkGroups(this::note);
      DirectoryNode root = reader.tree(this::note);
      assertThat(damages).isEmpty();
      Map<String, String> read = TreeListing.of(root);
      assertThat(read.remove("/lost+found")).contains("directory");
      Map<String, String> expected = listing(source);
      // mke2fs 1.47 takes over whole seconds only.
      expected.replaceAll((path, line) -> line.replaceFirst("\\.\\d+Z", "Z"));
      read.replaceAll((path, line) -> line.replaceFirst("\\.\\d+Z", "Z"));
      read.remove("/"); // mke2fs gives the root a time of its own
      expected.remove("/");
      assertThat(read).isEqualTo(expected);
      assertThat(root.find("hard/link").orElseThrow()).isSameAs(root.find("file").orElseThrow());
    }
  }

  @Test
  void readsNamesAndUuidAndAttributesThatDebugfsSets() throws IOException, InterruptedException {
    Path image = dir.resolve("image");
    String uuid = "01234567-89ab-4def-8123-456789abcdef";
    run(
        "mke2fs",
        "-qF",
        "-t",
        "ext4",
        "-O",
        "ea_inode",
        "-L",
        "a label",
        "-U",
        uuid,
        image.toString(),
        "20M");
    Path value = dir.resolve("value");
    byte[] large = new byte[1024]; // does not fit a block of that size
    new Random(1).nextBytes(large);
    Files.write(value, large);
    debugfs(image, "write " + value + " file");
    debugfs(image, "ea_set -f " + value + " file user.large");
    debugfs(image, "ea_set file security.selinux system_u:object_r:etc_t:s0");
    debugfs(image, "symlink link target");
    debugfs(image, "mknod pipe p");
    try (RawDisk disk = RawDisk.open(image)) {
      Ext4Reader reader = Ext4Reader.open(disk);
      assertThat(reader.label()).isEqualTo("a label");
      assertThat(reader.uuid()).hasToString(uuid);
      DirectoryNode root = reader.tree(this::note);
      Map<String, ByteBuffer> xattrs = root.find("file").orElseThrow().metadata().xattrs().values();
      assertThat(xattrs.get("user.large")).isEqualTo(ByteBuffer.wrap(large));
      assertThat(xattrs.get("security.selinux"))
          .isEqualTo(StandardCharsets.UTF_8.encode("system_u:object_r:etc_t:s0"));
      assertThat(((SymlinkNode) root.find("link").orElseThrow()).target()).isEqualTo("target");
      assertThat(damages)
          .singleElement()
          .asString()
          .startsWith("/pipe: it is neither file, directory nor link");
    }
  }

  @Test
  void readsBackWhatWasWritten() throws IOException, InterruptedException {
    Path file = writeOurs();
    try (RawDisk disk = RawDisk.open(file)) {
      Ext4Reader reader = Ext4Reader.open(disk);
      DirectoryNode root = reader.tree(this::note);
      assertThat(damages).isEmpty();
      Map<String, String> expected = TreeListing.of(ours());
      Map<String, String> read = TreeListing.of(root);
      read.remove("/lost+found");
      assertThat(read).isEqualTo(expected);
    }
  }

  /**
   * Whatever byte changes: it is told, or shows as another content of one file or link, or belongs
   * to nothing that is read. Nothing else comes of it, and it ends.
   */
  @Test
  void noFlippedByteOfMetadataGoesUnnoticed() throws IOException, InterruptedException {
    Path file = writeOurs();
    Map<String, String> good;
    try (RawDisk disk = RawDisk.open(file)) {
      good = TreeListing.of(Ext4Reader.open(disk).tree(this::note));
    }
    byte[] used = Files.readAllBytes(file);
    List<Integer> places = new ArrayList<>();
    for (int at = 0; at < used.length; at++) {
      if (used[at] != 0) {
        places.add(at);
      }
    }
    Random random = new Random(5);
    int told = 0;
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      for (int i = 0; i < 1500; i++) {
        int at = places.get(random.nextInt(places.size()));
        put(channel, at, (byte) (used[at] ^ 1 << random.nextInt(8)));
        damages.clear();
        try (RawDisk disk = RawDisk.open(file)) {
          Ext4Reader reader = Ext4Reader.open(disk);
          reader.checkGroups(this::note);
          Map<String, String> read = TreeListing.of(reader.tree(this::note));
          if (damages.isEmpty()) {
            assertThat(withoutContent(read)).as("byte " + at).isEqualTo(withoutContent(good));
            assertThat(read.entrySet().stream().filter(e -> !good.entrySet().contains(e)).count())
                .as("byte " + at)
                .isLessThanOrEqualTo(2); // a file with two names
          } else {
            told++;
          }
        } catch (MalformedDiskException e) {
          told++;
        }
        put(channel, at, used[at]);
      }
    }
    assertThat(told).isGreaterThan(300);
  }

  /** Without checksums hostile numbers reach the parsers. */
  @ParameterizedTest
  @ValueSource(strings = {"-t ext4 -O ^metadata_csum,inline_data", "-t ext2"})
  void hostileBytesEndInAMessage(String options) throws IOException, InterruptedException {
    Path source = sourceTree();
    Path file = dir.resolve("image");
    List<String> command = new ArrayList<>(List.of("mke2fs", "-q", "-F"));
    command.addAll(List.of(options.split(" ", -1)));
    command.addAll(List.of("-d", source.toString(), file.toString(), "24M"));
    run(command.toArray(String[]::new));
    byte[] used = Files.readAllBytes(file);
    Random random = new Random(6);
    List<Integer> blocks = new ArrayList<>(List.of(0, 1, 2));
    for (int at = 0; at < used.length; at += 1024) {
      byte[] block = Arrays.copyOfRange(used, at, at + 1024);
      if (!Arrays.equals(block, new byte[1024]) && !Arrays.equals(block, noise(1024))) {
        blocks.add(at / 1024);
      }
    }
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      for (int i = 0; i < 400; i++) {
        int start = blocks.get(random.nextInt(blocks.size())) * 1024;
        int flips = 1 + random.nextInt(6);
        for (int j = 0; j < flips; j++) {
          int at = start + random.nextInt(1024);
          put(channel, at, random.nextBoolean() ? (byte) 0xFF : (byte) random.nextInt(256));
        }
        try (RawDisk disk = RawDisk.open(file)) {
          Ext4Reader reader = Ext4Reader.open(disk);
          reader.checkGroups(this::note);
          DirectoryNode root = reader.tree(this::note);
          assertThat(root.metadata()).isNotNull();
        } catch (MalformedDiskException e) {
          assertThat(e.getMessage()).isNotBlank();
        }
        channel.write(ByteBuffer.wrap(used, start, 1024), start);
      }
    }
  }

  @Test
  void aTruncatedFilesystemIsRefused() throws IOException, InterruptedException {
    Path file = writeOurs();
    try (RawDisk disk = RawDisk.open(file);
        ReadableDisk part = disk.slice(0, 1 << 20)) {
      assertThatThrownBy(() -> Ext4Reader.open(part))
          .isInstanceOf(MalformedDiskException.class)
          .hasMessageContaining("which its partition of 1048576 bytes does not have");
    }
  }

  private static DirectoryNode ours() {
    DirectoryNode root = new DirectoryNode(Metadata.root(0755));
    Instant time = Instant.ofEpochSecond(1_234_567_890_123L % (1L << 33), 5);
    Xattrs few = Xattrs.of(Map.of("security.selinux", "a:b:c".getBytes(StandardCharsets.UTF_8)));
    Xattrs many = few.with("user.many", new byte[2000]).with("trusted.x", new byte[] {1});
    FileNode file =
        new FileNode(new Metadata(04755, 4_000_000_000L, 7, time, few), Content.of(noise(50_000)));
    root.put("file", file);
    DirectoryNode below = new DirectoryNode(new Metadata(01777, 1, 2, time, few));
    below.setImmutable(true);
    below.put("hard", file);
    below.put("many", new FileNode(new Metadata(0600, 0, 0, time, many), Content.EMPTY));
    below.put("verity", new FileNode(Metadata.root(0644), Content.of(noise(9000))).withVerity());
    below.put("link", new SymlinkNode(new Metadata(0777, 0, 0, time, few), "../file"));
    below.put("long", new SymlinkNode(Metadata.root(0777), "x/".repeat(300)));
    root.put("below", below);
    DirectoryNode flat = new DirectoryNode(Metadata.root(0755));
    for (int i = 0; i < 400; i++) {
      flat.put("a name of some length, number " + i, new SymlinkNode(Metadata.root(0777), "" + i));
    }
    root.put("flat", flat);
    return root;
  }

  private Path writeOurs() throws IOException, InterruptedException {
    Path file = dir.resolve("ours");
    ByteSize size = ByteSize.mebibytes(24);
    try (DiskImage image = DiskImage.create(file, size)) {
      Ext4Options options =
          new Ext4Options(new UUID(1, 2), new UUID(3, 4), "root", Instant.ofEpochSecond(1));
      Ext4Writer.write(image, 0, size, options, ours());
      image.materialize();
    }
    return file;
  }

  private Path sourceTree() throws IOException {
    Path top = Files.createDirectories(dir.resolve("source"));
    Files.write(top.resolve("file"), noise(100_000));
    Files.writeString(top.resolve("small"), "hello");
    Files.write(top.resolve("medium"), noise(110));
    Files.createFile(top.resolve("empty"));
    Files.createDirectories(top.resolve("hard"));
    Files.createLink(top.resolve("hard/link"), top.resolve("file"));
    Files.createSymbolicLink(top.resolve("short"), Path.of("hard/link"));
    Files.createSymbolicLink(top.resolve("long"), Path.of("/" + "abcdefghi/".repeat(20)));
    try (FileChannel sparse =
        FileChannel.open(
            top.resolve("sparse"),
            StandardOpenOption.CREATE,
            StandardOpenOption.SPARSE,
            StandardOpenOption.WRITE)) {
      for (int i = 0; i < 6; i++) {
        sparse.write(ByteBuffer.wrap(noise(5000)), i * 3_000_000L);
      }
      sparse.write(ByteBuffer.wrap(new byte[] {1}), 20_000_000L);
    }
    Path flat = Files.createDirectories(top.resolve("flat"));
    for (int i = 0; i < 300; i++) {
      Files.writeString(flat.resolve("a file with a long name, number " + i), "" + i);
    }
    Files.setAttribute(top.resolve("small"), "user:note", ByteBuffer.wrap(noise(40)));
    Files.setAttribute(top.resolve("medium"), "user:note", ByteBuffer.wrap(noise(300)));
    Files.setPosixFilePermissions(
        top.resolve("small"), PosixFilePermissions.fromString("rwxr-x--x"));
    Files.setLastModifiedTime(
        top.resolve("small"), FileTime.from(Instant.ofEpochSecond(1_600_000_000)));
    return top;
  }

  /** The same listing made by the JDK of the directory. */
  private static Map<String, String> listing(Path top) throws IOException {
    return TreeListing.of(directory(top));
  }

  private static DirectoryNode directory(Path top) throws IOException {
    DirectoryNode node = new DirectoryNode(metadata(top));
    try (Stream<Path> children = Files.list(top)) {
      for (Path child : children.toList()) {
        String name = String.valueOf(child.getFileName());
        if (Files.isSymbolicLink(child)) {
          String target = Files.readSymbolicLink(child).toString();
          node.put(name, new SymlinkNode(metadata(child), target));
        } else if (Files.isDirectory(child)) {
          node.put(name, directory(child));
        } else {
          Content content = Content.of(Files.readAllBytes(child));
          node.put(name, new FileNode(metadata(child), content));
        }
      }
    }
    return node;
  }

  private static Metadata metadata(Path path) throws IOException {
    Xattrs xattrs = Xattrs.NONE;
    if (path.endsWith("small") || path.endsWith("medium")) {
      xattrs = Xattrs.of(Map.of("user.note", (byte[]) Files.getAttribute(path, "user:note")));
    }
    return new Metadata(
        unix(path, "mode") & 07777,
        unix(path, "uid"),
        unix(path, "gid"),
        Files.getLastModifiedTime(path, LinkOption.NOFOLLOW_LINKS).toInstant(),
        xattrs);
  }

  private static int unix(Path path, String attribute) throws IOException {
    return (Integer) Files.getAttribute(path, "unix:" + attribute, LinkOption.NOFOLLOW_LINKS);
  }

  private static Map<String, String> withoutContent(Map<String, String> listing) {
    Map<String, String> without = new TreeMap<>(listing);
    without.replaceAll((path, line) -> line.replaceFirst("(\\||->).*", ""));
    return without;
  }

  private static byte[] noise(int length) {
    byte[] bytes = new byte[length];
    new Random(2).nextBytes(bytes);
    return bytes;
  }

  private static void put(FileChannel channel, int at, byte value) throws IOException {
    channel.write(ByteBuffer.wrap(new byte[] {value}), at);
  }

  private static void debugfs(Path image, String request) throws IOException, InterruptedException {
    run("debugfs", "-w", "-R", request, image.toString());
  }

  private void note(String where, String what) {
    damages.add(where + ": " + what);
  }
}
