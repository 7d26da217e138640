package org.bib.ostree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.bib.disk.Content;
import org.bib.failure.BuildException;
import org.bib.ostree.ObjectEncoder.TreeChecksums;
import org.bib.tree.Metadata;
import org.bib.tree.NameOrder;
import org.bib.tree.Node;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BaseCommitTest {
  private final Map<String, Node> objects = new TreeMap<>();

  /** Each level names the one below twice: forty objects, and more files than any memory holds. */
  @Test
  void directoriesThatMultiplyAreRefused() {
    TreeChecksums directory = directory(Map.of(), Map.of());
    for (int i = 0; i < 40; i++) {
      directory = directory(Map.of(), Map.of("a", directory, "b", directory));
    }
    commit(directory);
    assertThatThrownBy(this::read)
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("more than 2^20 files");
  }

  @Test
  void directoriesTooDeepAreRefused() {
    TreeChecksums directory = directory(Map.of(), Map.of());
    for (int i = 0; i < 300; i++) {
      directory = directory(Map.of(), Map.of("a", directory));
    }
    commit(directory);
    assertThatThrownBy(this::read)
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("directories too deep: /a/a/");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "a/b", "both"})
  void namesThatCannotBeAreRefused(String name) {
    TreeChecksums below = directory(Map.of(), Map.of());
    commit(directory(Map.of(name, file("x")), Map.of("both", below)));
    assertThatThrownBy(this::read)
        .isInstanceOf(BuildException.class)
        .hasMessageContaining(".dirtree of the base commit: it has a name that cannot be");
  }

  @Test
  void onlyWhatTheCommitReachesIsKept() throws IOException {
    file("stray");
    Checksum used = file("used");
    commit(directory(Map.of("a", used), Map.of()));
    assertThat(read().objects().keySet())
        .hasSize(4)
        .contains(used + ".file")
        .anyMatch(name -> name.endsWith(".commit"));
  }

  @Test
  void etcIsWhereContainersHaveIt() throws IOException {
    TreeChecksums etc = directory(Map.of("passwd", file("root")), Map.of());
    commit(directory(Map.of(), Map.of("usr", directory(Map.of(), Map.of("etc", etc)))));
    assertThat(read().container().find("etc/passwd")).isPresent();
    assertThat(read().container().find("usr/etc")).isEmpty();
  }

  private BaseCommit read() throws IOException {
    return BaseCommit.of(List.of(objects));
  }

  private TreeChecksums directory(
      Map<String, Checksum> files, Map<String, TreeChecksums> directories) {
    byte[] tree = ObjectEncoder.directoryTree(sorted(files), sorted(directories));
    return new TreeChecksums(
        add(tree, "dirtree"), add(ObjectEncoder.directoryMetadata(Metadata.root(0755)), "dirmeta"));
  }

  private static <T> SortedMap<String, T> sorted(Map<String, T> map) {
    SortedMap<String, T> sorted = new TreeMap<>(NameOrder.INSTANCE);
    sorted.putAll(map);
    return Collections.unmodifiableSortedMap(sorted);
  }

  private Checksum file(String text) {
    Checksum checksum = Checksum.of(text.getBytes(StandardCharsets.UTF_8)); // not read here
    objects.put(checksum + ".file", TestTree.file(text));
    return checksum;
  }

  private void commit(TreeChecksums root) {
    add(ObjectEncoder.commit(Map.of(), "", 0, root), "commit");
  }

  private Checksum add(byte[] bytes, String kind) {
    Checksum checksum = Checksum.of(bytes);
    objects.put(checksum + "." + kind, ObjectStore.metadataObject(Content.of(bytes)));
    return checksum;
  }
}
