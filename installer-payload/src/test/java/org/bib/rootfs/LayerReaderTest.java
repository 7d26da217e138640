package org.bib.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.bib.disk.Content;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.bib.tree.Xattrs;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LayerReaderTest {
  @TempDir Path dir;

  @Test
  void whiteoutsReachLowerLayersOnlyWhereverTheyStand() throws IOException {
    byte[] lower = new Archive().file("a/x", "1").file("a/y", "2").file("b/z", "3").bytes();
    byte[] upper = new Archive().file("a/x", "new").file("a/.wh.x", "").file("a/.wh.y", "").bytes();
    DirectoryNode root = merge(lower, upper);
    assertThat(text(root, "a/x")).isEqualTo("new");
    assertThat(root.find("a/y")).isEmpty();
    assertThat(text(root, "b/z")).isEqualTo("3");
  }

  @Test
  void opaqueDirectoryLosesLowerContentAndKeepsItsOwn() throws IOException {
    byte[] lower = new Archive().file("d/old", "1").bytes();
    byte[] upper = new Archive().file("d/new", "2").file("d/.wh..wh..opq", "").bytes();
    DirectoryNode root = merge(lower, upper);
    assertThat(root.find("d/old")).isEmpty();
    assertThat(text(root, "d/new")).isEqualTo("2");
  }

  @Test
  void hardLinkToALowerLayerIsTheSameInode() throws IOException {
    DirectoryNode root =
        merge(new Archive().file("a", "1").bytes(), new Archive().hardLink("b", "a").bytes());
    assertThat(node(root, "b")).isSameAs(node(root, "a"));
  }

  @Test
  void directoryOverFileAndFileOverDirectoryReplace() throws IOException {
    byte[] lower = new Archive().file("a", "1").file("d/x", "2").bytes();
    byte[] upper = new Archive().directory("a", 0750).file("d", "3").bytes();
    DirectoryNode root = merge(lower, upper);
    assertThat(node(root, "a")).isInstanceOf(DirectoryNode.class);
    assertThat(text(root, "d")).isEqualTo("3");
  }

  @Test
  void reenteredDirectoryTakesTheTopMetadataAndKeepsItsChildren() throws IOException {
    byte[] lower = new Archive().directory("d", 0755).file("d/x", "1").bytes();
    DirectoryNode root = merge(lower, new Archive().directory("d", 01777).bytes());
    assertThat(node(root, "d").metadata().permissions()).isEqualTo(01777);
    assertThat(text(root, "d/x")).isEqualTo("1");
  }

  @Test
  void pathsThroughSymbolicLinksStayInsideTheTree() throws IOException {
    byte[] lower = new Archive().directory("usr/lib", 0755).symlink("lib", "../../usr/lib").bytes();
    DirectoryNode root = merge(lower, new Archive().file("lib/so", "1").bytes());
    assertThat(text(root, "usr/lib/so")).isEqualTo("1");
    assertThat(node(root, "lib")).isInstanceOf(SymlinkNode.class);
  }

  @Test
  void binaryAttributesLargeIdsAndLongNamesSurvive() throws IOException {
    String name = "n".repeat(200) + "/" + "ü".repeat(120) + "😀";
    DirectoryNode root = merge(gnuTar(name));
    Node file = node(root, name);
    assertThat(file.metadata().uid()).isEqualTo(4_000_000_000L);
    assertThat(file.metadata().permissions()).isEqualTo(04755);
    assertThat(file.metadata().xattrs().values()).containsOnlyKeys("user.b");
    assertThat(Xattrs.bytes(file.metadata().xattrs().values().values().iterator().next()))
        .containsExactly(0, 0xFF, 0xC0, 0x0A, '=', 0x80);
  }

  /** GNU tar is the independent writer: PAX with a binary attribute and ids past octal fields. */
  private byte[] gnuTar(String name) throws IOException {
    Path tree = dir.resolve("tree");
    Path file = tree.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, "content");
    run(tree, "setfattr", "-n", "user.b", "-v", "0x00ffc00a3d80", name);
    Path tar = dir.resolve("gnu.tar");
    run(
        tree,
        "tar",
        "--format=pax",
        "--xattrs",
        "--owner=4000000000",
        "--group=7",
        "--mode=4755",
        "-cf",
        tar.toString(),
        ".");
    return Files.readAllBytes(tar);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--format=gnu",
        "--format=pax --sparse-version=0.0",
        "--format=pax --sparse-version=0.1",
        "--format=pax --sparse-version=1.0"
      })
  void sparseMembersOfEveryFormatKeepTheirBytesAndHoles(String format) throws IOException {
    byte[] expected = new byte[3_000_000];
    Path file = dir.resolve("sparse");
    try (var out =
        java.nio.channels.FileChannel.open(
            file,
            java.nio.file.StandardOpenOption.CREATE_NEW,
            java.nio.file.StandardOpenOption.WRITE)) {
      for (int at = 70_000; at < expected.length; at += 400_000) {
        Arrays.fill(expected, at, at + 5000, (byte) at);
        out.write(ByteBuffer.wrap(expected, at, 5000), at);
      }
      out.write(ByteBuffer.allocate(1), expected.length - 1);
    }
    Path tar = dir.resolve("sparse.tar");
    List<String> command = new ArrayList<>(List.of("tar", "--sparse"));
    command.addAll(List.of(format.split(" ")));
    command.addAll(List.of("-cf", tar.toString(), "sparse"));
    run(dir, command.toArray(String[]::new));
    Content content = ((FileNode) node(merge(Files.readAllBytes(tar)), "sparse")).content();
    assertThat(bytes(content)).isEqualTo(expected);
    assertThat(content.dataRanges()).hasSizeGreaterThan(5);
    assertThat(content.dataRanges()).allMatch(range -> range.offset() % 4096 == 0);
  }

  @Test
  void zerosBecomeHoles() throws IOException {
    byte[] data = new byte[1 << 20];
    data[700_000] = 1;
    DirectoryNode root = merge(new Archive().file("f", data).bytes());
    Content content = ((FileNode) node(root, "f")).content();
    assertThat(content.dataRanges()).hasSize(1);
    assertThat(content.dataRanges().get(0).length()).isEqualTo(1 << 16);
    assertThat(bytes(content)).isEqualTo(data);
  }

  @ParameterizedTest
  @ValueSource(strings = {"../x", "a/../../x", "/.."})
  void pathsThatLeaveTheTreeAreRefused(String path) throws IOException {
    byte[] tar = new Archive().file(path, "1").bytes();
    assertThatThrownBy(() -> merge(tar)).hasMessageContaining("leaves the tree");
  }

  @Test
  void hardLinkToNothingIsRefused() throws IOException {
    byte[] tar = new Archive().hardLink("b", "missing").bytes();
    assertThatThrownBy(() -> merge(tar)).hasMessageContaining("which is not there");
  }

  @Test
  void deviceOutsideDevIsRefused() throws IOException {
    byte[] tar = new Archive().fifo("run/pipe").bytes();
    assertThatThrownBy(() -> merge(tar)).hasMessageContaining("run/pipe is a device or FIFO");
    assertThat(merge(new Archive().fifo("dev/pipe").bytes()).find("dev/pipe")).isEmpty();
  }

  @Test
  void namesThatAreNotUtf8AreRefused() throws IOException {
    byte[] tar = new Archive().file("bad", "1").bytes();
    tar[1] = (byte) 0xFF;
    fixChecksum(tar);
    assertThatThrownBy(() -> merge(tar)).hasMessageContaining("not UTF-8");
  }

  @Test
  void damagedArchivesEndInIoExceptionsOnly() throws IOException {
    byte[] tar = gnuTar("some/file");
    java.util.Random random = new java.util.Random(7);
    for (int i = 0; i < 400; i++) {
      byte[] damaged = tar.clone();
      for (int k = 0; k < 3; k++) {
        damaged[random.nextInt(tar.length)] = (byte) random.nextInt();
      }
      byte[] cut = i % 2 == 0 ? damaged : Arrays.copyOf(damaged, random.nextInt(tar.length));
      try {
        merge(cut);
      } catch (IOException expected) {
        assertThat(expected).hasMessageNotContaining("java.");
      }
    }
  }

  private int spools;

  private DirectoryNode merge(byte[]... layers) throws IOException {
    LayerMerger merger = new LayerMerger();
    for (byte[] layer : layers) {
      Spool spool = Spool.create(dir.resolve("spool" + spools++));
      merger.apply(LayerReader.read(new ByteArrayInputStream(layer), spool));
    }
    return merger.root();
  }

  private static Node node(DirectoryNode root, String path) {
    return root.find(path).orElseThrow();
  }

  private static String text(DirectoryNode root, String path) throws IOException {
    return new String(bytes(((FileNode) node(root, path)).content()), StandardCharsets.UTF_8);
  }

  private static byte[] bytes(Content content) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(Math.toIntExact(content.size()));
    content.read(0, buffer);
    return buffer.array();
  }

  private static void fixChecksum(byte[] tar) {
    Arrays.fill(tar, 148, 156, (byte) ' ');
    int sum = 0;
    for (int i = 0; i < 512; i++) {
      sum += tar[i] & 0xFF;
    }
    byte[] text = String.format("%06o\0 ", sum).getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(text, 0, tar, 148, 8);
  }

  private static void run(Path directory, String... command) throws IOException {
    Process process =
        new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      assertThat(process.waitFor()).as(output).isZero();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  private static final class Archive {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, "UTF-8");

    Archive() {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
    }

    Archive file(String path, String text) throws IOException {
      return file(path, text.getBytes(StandardCharsets.UTF_8));
    }

    Archive file(String path, byte[] data) throws IOException {
      TarArchiveEntry entry = new TarArchiveEntry(path, true);
      entry.setSize(data.length);
      tar.putArchiveEntry(entry);
      tar.write(data);
      tar.closeArchiveEntry();
      return this;
    }

    Archive directory(String path, int mode) throws IOException {
      TarArchiveEntry entry = new TarArchiveEntry(path + "/");
      entry.setMode(mode);
      return add(entry);
    }

    Archive hardLink(String path, String target) throws IOException {
      TarArchiveEntry entry = new TarArchiveEntry(path, TarConstants.LF_LINK);
      entry.setLinkName(target);
      return add(entry);
    }

    Archive symlink(String path, String target) throws IOException {
      TarArchiveEntry entry = new TarArchiveEntry(path, TarConstants.LF_SYMLINK);
      entry.setLinkName(target);
      return add(entry);
    }

    Archive fifo(String path) throws IOException {
      return add(new TarArchiveEntry(path, TarConstants.LF_FIFO));
    }

    private Archive add(TarArchiveEntry entry) throws IOException {
      tar.putArchiveEntry(entry);
      tar.closeArchiveEntry();
      return this;
    }

    byte[] bytes() throws IOException {
      tar.close();
      return bytes.toByteArray();
    }
  }
}
