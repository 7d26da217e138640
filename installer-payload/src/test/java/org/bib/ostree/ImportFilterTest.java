package org.bib.ostree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.bib.failure.BuildException;
import org.bib.tree.DirectoryNode;
import org.bib.tree.Metadata;
import org.junit.jupiter.api.Test;

class ImportFilterTest {
  private final DirectoryNode container = new DirectoryNode(Metadata.root(0755));

  @Test
  void etcMovesBelowUsrAndFilesAreShared() throws Exception {
    TestTree.put(container, "etc/passwd", TestTree.file("x"));
    TestTree.put(container, "usr/bin/a", TestTree.file("a"));
    DirectoryNode tree = ImportFilter.filter(container);
    assertThat(tree.child("etc")).isNull();
    assertThat(tree.find("usr/etc/passwd")).isEqualTo(container.find("etc/passwd"));
    assertThat(tree.find("usr/bin/a")).isEqualTo(container.find("usr/bin/a"));
    assertThat(container.find("usr/etc")).isEmpty();
  }

  @Test
  void whatTheRunningSystemFillsIsEmpty() throws Exception {
    for (String name : new String[] {"run", "tmp", "proc", "sys", "dev"}) {
      TestTree.put(container, name + "/x/y", TestTree.file("y"));
    }
    for (String name : new String[] {"var", "opt", "boot", "home", "afs", "sysroot"}) {
      TestTree.put(container, name + "/x", TestTree.file("x"));
    }
    DirectoryNode tree = ImportFilter.filter(container);
    for (String name : new String[] {"run", "tmp", "proc", "sys", "dev"}) {
      assertThat(TestTree.directory(tree, name).children()).as(name).isEmpty();
    }
    for (String name : new String[] {"var", "opt", "boot", "home", "afs", "sysroot"}) {
      assertThat(tree.find(name + "/x")).as(name).isPresent();
    }
  }

  @Test
  void etcAndUsrEtcTogetherAreRefused() {
    TestTree.put(container, "etc/a", TestTree.file("a"));
    TestTree.put(container, "usr/etc/b", TestTree.file("b"));
    assertThatThrownBy(() -> ImportFilter.filter(container))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("both /etc and /usr/etc");
  }

  @Test
  void emptyMountPointsOfContainerBuildersGo() throws Exception {
    TestTree.put(container, "etc/hostname", TestTree.file(""));
    TestTree.put(container, "etc/resolv.conf", TestTree.file("nameserver 1.1.1.1\n"));
    DirectoryNode tree = ImportFilter.filter(container);
    assertThat(tree.find("usr/etc/hostname")).isEmpty();
    assertThat(tree.find("usr/etc/resolv.conf")).isPresent();
    assertThat(container.find("etc/hostname")).isPresent();
  }

  @Test
  void theRepositoryOfEncapsulatedCommitsGoes() throws Exception {
    TestTree.put(container, "sysroot/ostree/repo/objects/00/x.file", TestTree.file("x"));
    DirectoryNode tree = ImportFilter.filter(container);
    assertThat(TestTree.directory(tree, "sysroot").children()).isEmpty();
  }
}
