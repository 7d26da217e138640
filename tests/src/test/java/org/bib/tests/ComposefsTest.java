package org.bib.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.bib.composefs.ComposefsImage;
import org.bib.composefs.Payload;
import org.bib.disk.Content;
import org.bib.fsverity.VerityDigest;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.bib.tree.Xattrs;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** composefs images against {@code mkcomposefs}, which the example OS brings. */
class ComposefsTest {
  @TempDir Path directory;
  private final IdentityHashMap<FileNode, Payload> payloads = new IdentityHashMap<>();

  @ParameterizedTest
  @ValueSource(
      longs = {
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
        26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40
      })
  void imagesAreThoseOfMkcomposefs(long seed) throws IOException, InterruptedException {
    Path nothing = Files.createFile(directory.resolve("nothing"));
    DirectoryNode root;
    try (FileChannel channel = FileChannel.open(nothing)) {
      root = RandomTree.of(seed, channel);
    }
    Random random = new Random(seed);
    StringBuilder dump = new StringBuilder();
    dump(dump, "/", root, random);
    Path dumpFile = Files.writeString(directory.resolve("dump"), dump);
    Path expected = directory.resolve("expected");
    ExampleOs.run("mkcomposefs", "--from-file", dumpFile.toString(), expected.toString());

    Content image = ComposefsImage.of(root, file -> Objects.requireNonNull(payloads.get(file)));
    ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(image.size()));
    image.read(0, bytes);
    Path ours = Files.write(directory.resolve("ours"), bytes.array());
    assertThat(Files.mismatch(ours, expected)).as("%s bytes", image.size()).isEqualTo(-1);
  }

  /** composefs-dump(5), with an inode for each name. */
  private void dump(StringBuilder dump, String path, Node node, Random random) {
    Metadata metadata = node.metadata();
    long size = node instanceof FileNode file ? file.content().size() : 0;
    String payload = "-";
    String digest = "-";
    int type = 0040000;
    if (node instanceof SymlinkNode symlink) {
      type = 0120000;
      payload = escape(symlink.target());
    } else if (node instanceof FileNode file) {
      type = 0100000;
      if (size > 0) {
        Payload known = payloads.computeIfAbsent(file, key -> payload(random));
        payload = known.path();
        digest = known.digest().map(VerityDigest::hex).orElse("-");
      }
    }
    dump.append(
        "%s %d %o 1 %d %d 0 0.0 %s - %s"
            .formatted(
                escape(path),
                size,
                type | metadata.permissions(),
                metadata.uid(),
                metadata.gid(),
                payload,
                digest));
    metadata
        .xattrs()
        .values()
        .forEach(
            (name, value) ->
                dump.append(' ')
                    .append(escape(name))
                    .append('=')
                    .append(escape(Xattrs.bytes(value))));
    dump.append('\n');
    if (node instanceof DirectoryNode below) {
      below
          .children()
          .forEach(
              (name, child) ->
                  dump(dump, path.equals("/") ? "/" + name : path + "/" + name, child, random));
    }
  }

  private static Payload payload(Random random) {
    byte[] bytes = new byte[32];
    random.nextBytes(bytes);
    String hex = HexFormat.of().formatHex(bytes);
    return new Payload(
        hex.substring(0, 2) + "/" + hex.substring(2) + ".file",
        random.nextBoolean() ? Optional.of(new VerityDigest(hex)) : Optional.empty());
  }

  private static String escape(String text) {
    return escape(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String escape(byte[] bytes) {
    StringBuilder escaped = new StringBuilder();
    for (byte b : bytes) {
      boolean plain = Character.isLetterOrDigit(b) || b == '/' || b == '.';
      escaped.append(plain ? String.valueOf((char) b) : "\\x" + HexFormat.of().toHexDigits(b));
    }
    return escaped.toString();
  }
}
