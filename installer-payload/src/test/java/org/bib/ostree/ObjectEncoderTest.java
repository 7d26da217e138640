package org.bib.ostree;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bib.disk.Content;
import org.bib.disk.SpooledContent;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.SymlinkNode;
import org.bib.tree.Xattrs;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Vectors made with libostree 2022.7 and later. */
class ObjectEncoderTest {
  private static final String DIRMETA =
      "446a0ef11b7cc167f3b603e585c7eeeeb675faa412d5ec73f62988eb0b6c5488";

  @Test
  void fileHeaderOfARegularFile() {
    assertThat(hex(ObjectEncoder.fileHeader(Metadata.root(0755), ObjectEncoder.S_IFREG, "")))
        .isEqualTo("00000012000000000000000000000000000081ed000000000011");
  }

  @Test
  void checksumsOfFilesLinksAndDirectoriesAreThoseOfLibostree()
      throws IOException, InterruptedException {
    DirectoryNode bin = new DirectoryNode(Metadata.root(0755));
    bin.put("hello", file(Metadata.root(0755), "hello\n"));
    bin.put("hi", new SymlinkNode(Metadata.root(0777), "hello"));
    Xattrs xattrs =
        Xattrs.of(
            Map.of(
                "user.b", "two".getBytes(StandardCharsets.UTF_8),
                "user.a", "one".getBytes(StandardCharsets.UTF_8),
                "security.capability",
                    HexFormat.of().parseHex("0100000200200000000000000000000000000000")));
    bin.put("ping", file(Metadata.root(0755).withXattrs(xattrs), "caps\n"));
    bin.put("su", file(Metadata.root(04755).withOwner(7, 8), "x"));
    DirectoryNode etc = new DirectoryNode(Metadata.root(0755));
    etc.put("empty", file(Metadata.root(0644).withOwner(0, 42), ""));
    DirectoryNode usr = new DirectoryNode(Metadata.root(0755));
    usr.put("bin", bin);
    usr.put("etc", etc);
    DirectoryNode root = new DirectoryNode(Metadata.root(0755));
    root.put("usr", usr);

    ObjectStore store = new ObjectStore(2);
    ObjectEncoder.TreeChecksums checksums = store.add(root);
    assertThat(checksums.meta().hex()).isEqualTo(DIRMETA);
    assertThat(checksums.tree().hex())
        .isEqualTo("6d2885ba2f01b548ed1008b66ea47a7d21a0c16bfedad953a1bf250bf311ae6e");
    for (String object :
        new String[] {
          "d6f58149fd47ec2be3fafef4fe767915f195e7ae67b9a0c090b842b156cd07f3.file",
          "73baaba0102e9154b8522687d33eedb8ed1bc78eadb82428b2616144ec502934.file",
          "4089a6855d5011e186ebe89adb0c9cd0da895a1a37e43c1d8dc8e3fd19bc1e48.file",
          "37a14744034dc50f64989789c2d815777734840c17235d9b50a4904ccd27f13a.file",
          "49dcc8e7703c56c3580c713a0298e59387582a17acdbc69f29864908aab33568.file",
          "51c08f69f059e52cff30bdf7f8e27ef95f86176cd012f8141a0002f3a70eda19.dirtree",
          "6ad414e0d4f4b313256a4b51ff1c4fc23b2ec052a26efcce37b8b7a5cb24d115.dirtree",
          "51af29ac741d7ac44f4499560efe4699dc6f446ac3577582fa0b1a7e2ac3a168.dirtree",
          DIRMETA + ".dirmeta"
        }) {
      assertThat(store.objects().find(object.substring(0, 2) + "/" + object.substring(2)))
          .as(object)
          .isPresent();
    }

    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("version", "1.0");
    assertThat(store.addCommit(ObjectEncoder.commit(metadata, "subj", 86400, checksums)).hex())
        .isEqualTo("d6b4b3cde8c7806e3d3a9fec1a39f5fe5a22fad674ddcbba1f06901b5c11b5ed");
  }

  @Test
  void aCommitWithParentAndValuesOfSeveralTypesIsThatOfLibostree() {
    Map<String, GVariant> metadata = new LinkedHashMap<>();
    metadata.put("ostree.container.image-config", text("{\"a\":1}"));
    metadata.put("ostree.importer.version", text("0.15.3"));
    metadata.put("ostree.manifest", text("{}"));
    metadata.put("ostree.manifest-digest", text("sha256:" + "0".repeat(64)));
    metadata.put("x.bool", GVariant.variant("b", GVariant.bool(true)));
    metadata.put("x.bytes", GVariant.variant("ay", GVariant.byteArray(new byte[] {1, 2})));
    byte[] commit =
        ObjectEncoder.commit(
            metadata,
            Optional.of(
                new Checksum("d6b4b3cde8c7806e3d3a9fec1a39f5fe5a22fad674ddcbba1f06901b5c11b5ed")),
            "",
            1_700_000_000,
            new ObjectEncoder.TreeChecksums(
                new Checksum("6d2885ba2f01b548ed1008b66ea47a7d21a0c16bfedad953a1bf250bf311ae6e"),
                new Checksum(DIRMETA)));
    assertThat(commit).hasSize(372);
    assertThat(Checksum.of(commit).hex())
        .isEqualTo("f23b1a81a5b131768e8cd534e1571066da054afbb36126807106f039b0dd70df");
  }

  @Test
  void headersOfLinksAndOfFilesWithAttributesAreThoseOfLibostree() {
    assertThat(hex(ObjectEncoder.fileHeader(Metadata.root(0777), ObjectEncoder.S_IFLNK, "hello")))
        .isEqualTo("000000170000000000000000000000000000a1ff0000000068656c6c6f0016");
    assertThat(
            hex(
                ObjectEncoder.fileHeader(
                    Metadata.root(0644).withOwner(0, 42), ObjectEncoder.S_IFREG, "")))
        .isEqualTo("0000001200000000000000000000002a000081a4000000000011");
    assertThat(hex(ObjectEncoder.directoryMetadata(Metadata.root(0755))))
        .isEqualTo("0000000000000000000041ed");
  }

  private static GVariant text(String text) {
    return GVariant.variant("s", GVariant.string(text));
  }

  @Test
  void directoriesOfManyEntriesHaveWiderOffsets() throws IOException, InterruptedException {
    assertThat(treeSize("f%d", 5)).isEqualTo(186);
    assertThat(treeSize("file%05d", 1500)).isEqualTo(70504);
  }

  private static long treeSize(String format, int count) throws IOException, InterruptedException {
    DirectoryNode root = new DirectoryNode(Metadata.root(0755));
    for (int i = 0; i < count; i++) {
      root.put(String.format(format, i), file(Metadata.root(0644), ""));
    }
    ObjectStore store = new ObjectStore(1);
    String tree = store.add(root).tree().hex();
    FileNode object =
        (FileNode)
            store
                .objects()
                .find(tree.substring(0, 2) + "/" + tree.substring(2) + ".dirtree")
                .orElseThrow();
    return object.content().size();
  }

  @Test
  void contentIsHashedTheSameWithHolesAndWithout() throws IOException, InterruptedException {
    DirectoryNode root = new DirectoryNode(Metadata.root(0755));
    root.put("zeros", file(Metadata.root(0644), "\0".repeat(700_000)));
    DirectoryNode sparse = new DirectoryNode(Metadata.root(0755));
    Path spool = Files.createTempFile("spool", "");
    try (FileChannel channel = FileChannel.open(spool)) {
      sparse.put(
          "zeros",
          new FileNode(Metadata.root(0644), new SpooledContent(channel, 0, 700_000, List.of())));
      assertThat(new ObjectStore(1).add(sparse)).isEqualTo(new ObjectStore(1).add(root));
    } finally {
      Files.delete(spool);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "docker://quay.io/a/b:latest, docker_3A__2F__2F_quay_2E_io/a/b_3A_latest",
    "localhost:5000/foo:latest, localhost_3A_5000/foo_3A_latest",
    "sha256:00ff, sha256_3A_00ff",
    "a_b/, a__b_2F_"
  })
  void refNamesAreEscapedAsOstreeExtDoes(String text, String escaped) {
    assertThat(RefName.escape(text)).isEqualTo(escaped);
  }

  private static FileNode file(Metadata metadata, String text) {
    return new FileNode(metadata, Content.of(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}
