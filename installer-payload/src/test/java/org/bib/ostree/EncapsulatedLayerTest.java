package org.bib.ostree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bib.disk.Content;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Xattrs;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EncapsulatedLayerTest {
  private static final String A = "a".repeat(64);
  private static final String B = "b".repeat(64);
  private static final byte[] XATTRS =
      ObjectEncoder.xattrs(Xattrs.of(Map.of("user.a", bytes("1")))).bytes();

  private final EncapsulatedLayer layer = new EncapsulatedLayer();

  @Test
  void attributesAreThoseOfTheRepositoryNotOfTheArchive() throws IOException {
    layer.put(object(A, "file-xattrs-link"), node(XATTRS));
    layer.put(
        object(A, "file"),
        new FileNode(
            Metadata.root(0644).withXattrs(Xattrs.of(Map.of("user.b", bytes("2")))),
            Content.EMPTY));
    assertThat(layer.objects().values())
        .singleElement()
        .satisfies(
            node -> assertThat(node.metadata().xattrs().values()).containsOnlyKeys("user.a"));
  }

  @Test
  void fileWithoutAttributesBeforeItIsRefused() throws IOException {
    assertThatThrownBy(() -> layer.put(object(A, "file"), node(XATTRS)))
        .isInstanceOf(IOException.class)
        .hasMessage("the object " + A + ".file does not follow its extended attributes");
    layer.put(object(B, "file-xattrs-link"), node(XATTRS));
    assertThatThrownBy(() -> layer.put(object(A, "file"), node(XATTRS)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(A);
  }

  @Test
  void sharedAttributesThatAreMissingOrDamagedAreNamed() throws IOException {
    layer.link(object(A, "file-xattrs-link"), object(B, "file-xattrs"));
    layer.put(object(A, "file"), node(new byte[0]));
    assertThatThrownBy(layer::objects)
        .hasMessage("the extended attributes of object " + A + ".file are missing");
    layer.put(object(B, "file-xattrs"), node(XATTRS));
    assertThatThrownBy(layer::objects).hasMessage("the object " + B + ".file-xattrs is damaged");
  }

  @Test
  void attributesThatAreNoneAreRefused() throws IOException {
    layer.put(object(A, "file-xattrs-link"), node(new byte[] {1, 2, 3}));
    layer.put(object(A, "file"), node(new byte[0]));
    assertThatThrownBy(layer::objects)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("the extended attributes of object " + A + ".file: ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"aa/x.file", "aa/" + "a/b", "aa.file", "zz/y.commit"})
  void whatIsNoObjectIsRefused(String path) {
    List<String> components = new ArrayList<>(EncapsulatedLayer.REPOSITORY);
    components.add("objects");
    components.addAll(List.of(path.split("/", -1)));
    assertThatThrownBy(() -> layer.put(components, node(XATTRS)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is no object of an encapsulated commit");
  }

  @Test
  void theRestOfTheLayerIsPassedOver() throws IOException {
    layer.put(List.of("usr", "bin", "x"), node(XATTRS));
    layer.put(List.of("sysroot", "ostree", "repo", "config"), node(XATTRS));
    layer.link(List.of("usr", "bin", "y"), object(A, "file"));
    assertThat(layer.objects()).isEmpty();
  }

  private static List<String> object(String checksum, String kind) {
    return List.of(
        "sysroot",
        "ostree",
        "repo",
        "objects",
        checksum.substring(0, 2),
        checksum.substring(2) + "." + kind);
  }

  private static FileNode node(byte[] content) {
    return new FileNode(Metadata.root(0644), Content.of(content));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
