package org.bib.ostree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.bib.ostree.ObjectEncoder.TreeChecksums;
import org.bib.tree.Metadata;
import org.bib.tree.NameOrder;
import org.bib.tree.Xattrs;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ObjectDecoderTest {
  private static final Checksum ONE = new Checksum("1".repeat(64));
  private static final Checksum TWO = new Checksum("2".repeat(64));
  private static final Xattrs XATTRS =
      Xattrs.of(
          Map.of(
              "user.a", new byte[] {0, 1}, "security.selinux", new byte[300], "user.b", bytes("")));

  private interface Decoding {
    Object decode(byte[] object) throws IOException;
  }

  /** One to four bytes an offset. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 100, 2000})
  void directoryTreesOfAnySizeAreReadAsTheyWereWritten(int entries) throws IOException {
    TreeMap<String, Checksum> files = new TreeMap<>(NameOrder.INSTANCE);
    TreeMap<String, TreeChecksums> directories = new TreeMap<>(NameOrder.INSTANCE);
    for (int i = 0; i < entries; i++) {
      files.put("file" + i, ONE);
      directories.put("\ud83d\ude00" + i, new TreeChecksums(ONE, TWO));
    }
    assertThat(ObjectDecoder.directoryTree(ObjectEncoder.directoryTree(files, directories)))
        .isEqualTo(new ObjectDecoder.DirectoryTree(files, directories));
  }

  @Test
  void directoryMetadataIsReadAsItWasWritten() throws IOException {
    Metadata metadata = Metadata.root(03755).withOwner(4_000_000_000L, 7).withXattrs(XATTRS);
    assertThat(ObjectDecoder.directoryMetadata(ObjectEncoder.directoryMetadata(metadata)))
        .isEqualTo(metadata);
  }

  @Test
  void rootOfACommitIsFoundWhateverItSays() throws IOException {
    for (int length : new int[] {0, 10, 300, 70_000}) {
      byte[] commit =
          ObjectEncoder.commit(
              ObjectEncoder.texts(Map.of("key", "x".repeat(length))),
              Optional.of(TWO),
              "subject",
              1,
              new TreeChecksums(ONE, TWO));
      assertThat(ObjectDecoder.commitRoot(commit)).isEqualTo(new TreeChecksums(ONE, TWO));
    }
  }

  @Test
  void textsOfACommitAreFound() throws IOException {
    for (int length : new int[] {1, 10, 300, 70_000}) {
      Map<String, String> texts = Map.of("key", "x".repeat(length), "other", "", "longer key", "y");
      byte[] commit = ObjectEncoder.commit(texts, "", 1, new TreeChecksums(ONE, TWO));
      assertThat(ObjectDecoder.commitTexts(commit)).isEqualTo(texts);
    }
  }

  @Test
  void namesThatAreNotSortedAreRefused() {
    byte[] tree =
        GVariant.tuple(
                GVariant.array(1, List.of(file("b"), file("a"))), GVariant.array(1, List.of()))
            .bytes();
    assertThatThrownBy(() -> ObjectDecoder.directoryTree(tree))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("not in the form that ostree writes");
  }

  @Test
  void labelBehindOtherAttributesIsRefused() {
    byte[] xattrs =
        GVariant.array(1, List.of(attribute("user.a"), attribute("security.selinux"))).bytes();
    assertThatThrownBy(() -> ObjectDecoder.xattrs(xattrs))
        .isInstanceOf(IOException.class)
        .hasMessage("security.selinux stands behind user.a, as ostree before 2024.10 left it");
  }

  private static GVariant attribute(String name) {
    return GVariant.tuple(
        GVariant.byteArray(bytes(name + "\0")), GVariant.byteArray(new byte[] {1}));
  }

  @Test
  void uidThatMeansNobodyIsRefused() {
    byte[] meta = ObjectEncoder.directoryMetadata(Metadata.root(0755));
    Arrays.fill(meta, 0, 4, (byte) 0xFF);
    assertThatThrownBy(() -> ObjectDecoder.directoryMetadata(meta)).isInstanceOf(IOException.class);
  }

  /** Damage is told by an {@link IOException} and nothing else. */
  @Test
  void anyBytesAreReadOrRefused() {
    TreeMap<String, Checksum> files = new TreeMap<>(Map.of("a", ONE, "b", TWO));
    TreeMap<String, TreeChecksums> directories = new TreeMap<>();
    for (int i = 0; i < 10; i++) {
      directories.put("d" + i, new TreeChecksums(ONE, TWO));
    }
    Metadata metadata = Metadata.root(0755).withXattrs(XATTRS);
    TreeChecksums root = new TreeChecksums(ONE, TWO);
    byte[] commit = ObjectEncoder.commit(Map.of("key", "value"), "subject", 1, root);
    tryDamaged(ObjectEncoder.directoryTree(files, directories), ObjectDecoder::directoryTree);
    tryDamaged(ObjectEncoder.directoryMetadata(metadata), ObjectDecoder::directoryMetadata);
    tryDamaged(ObjectEncoder.xattrs(XATTRS).bytes(), ObjectDecoder::xattrs);
    tryDamaged(commit, ObjectDecoder::commitRoot);
    tryDamaged(commit, ObjectDecoder::commitTexts);
  }

  private static void tryDamaged(byte[] sound, Decoding decoding) {
    Random random = new Random(1);
    for (int i = 0; i < 20_000; i++) {
      byte[] damaged = Arrays.copyOf(sound, random.nextInt(sound.length + 2));
      for (int flips = random.nextInt(4); flips > 0 && damaged.length > 0; flips--) {
        // Offsets are at the end.
        int at = damaged.length - 1 - random.nextInt(Math.min(damaged.length, 1 + i % 64));
        damaged[at] = (byte) random.nextInt();
      }
      try {
        decoding.decode(damaged);
      } catch (IOException e) {
        assertThat(e).hasMessageNotContaining("null");
      }
    }
  }

  private static GVariant file(String name) {
    return GVariant.tuple(GVariant.string(name), GVariant.byteArray(ONE.bytes()));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
