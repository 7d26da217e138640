package org.bib.selinux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.bib.disk.Content;
import org.bib.failure.BuildException;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.bib.tree.Xattrs;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LabelsTest {
  private static final String ATTRIBUTE = "security.selinux";

  private final DirectoryNode root = new DirectoryNode(Metadata.root(0755));
  private Labels labels = new Labels(contexts(""));

  private static FileContexts contexts(String text) {
    try {
      return FileContexts.parse(new FileContexts.Files(Map.of("file_contexts", text), "", ""));
    } catch (BuildException e) {
      throw new AssertionError(e);
    }
  }

  @BeforeEach
  void readContexts() {
    labels =
        new Labels(
            contexts(
                """
                /.* any
                /.* -l link
                /.* -d directory
                / -d root
                /mnt -d mnt
                /proc -d <<none>>
                /one one
                /two two
                /nothing <<none>>
                """));
  }

  private static FileNode file() {
    return new FileNode(Metadata.root(0644), Content.of(new byte[] {1}));
  }

  private static String label(Node node) {
    return node.metadata().xattrs().values().containsKey(ATTRIBUTE)
        ? StandardCharsets.UTF_8
            .decode(node.metadata().xattrs().values().get(ATTRIBUTE).duplicate())
            .toString()
        : "none";
  }

  private String at(String path) {
    return label(root.find(path).orElseThrow());
  }

  @Test
  void everyNodeGetsTheLabelOfItsPathAndKind() throws BuildException {
    root.put("dir", new DirectoryNode(Metadata.root(01777)));
    root.directory("dir", Metadata.root(0)).put("file", file());
    root.directory("dir", Metadata.root(0)).put("one", new SymlinkNode(Metadata.root(0777), "x"));
    root.put("one", file());
    root.put("proc", new DirectoryNode(Metadata.root(0555)));
    labels.label(root, "/");
    assertThat(at("")).isEqualTo("root\0");
    assertThat(at("dir")).isEqualTo("directory\0");
    assertThat(at("dir/file")).isEqualTo("any\0");
    assertThat(at("dir/one")).isEqualTo("link\0");
    assertThat(at("one")).isEqualTo("one\0");
    assertThat(at("proc")).isEqualTo("mnt\0");
    assertThat(root.find("dir").orElseThrow().metadata().permissions()).isEqualTo(01777);
    assertThat(((SymlinkNode) root.find("dir/one").orElseThrow()).target()).isEqualTo("x");
  }

  @Test
  void hardLinksStaySuchWhereTheirLabelsAreEqual() throws BuildException {
    FileNode file = file();
    for (String name : new String[] {"a", "b", "one"}) {
      root.put(name, file);
    }
    DirectoryNode layer = new DirectoryNode(Metadata.root(0755));
    layer.put("c", file);
    labels.label(root, "/");
    labels.label(layer, "/");
    assertThat(root.child("a")).isSameAs(root.child("b")).isSameAs(layer.child("c"));
    assertThat(root.child("one")).isNotSameAs(root.child("a"));
  }

  @Test
  void thePolicyReplacesLabelsAndKeepsOtherAttributes() throws BuildException {
    Xattrs xattrs = Xattrs.NONE.with(ATTRIBUTE, new byte[] {'x'}).with("user.a", new byte[] {'b'});
    root.put("one", new FileNode(Metadata.root(0644).withXattrs(xattrs), Content.EMPTY));
    root.put("nothing", new FileNode(Metadata.root(0644).withXattrs(xattrs), Content.EMPTY));
    labels.label(root, "/");
    assertThat(at("one")).isEqualTo("one\0");
    assertThat(root.find("one").orElseThrow().metadata().xattrs().values()).containsKey("user.a");
    assertThat(at("nothing")).isEqualTo("x");
  }

  @Test
  void completesWhatHasNoLabelAndIsNotSettled() throws BuildException {
    Metadata labelled =
        Metadata.root(0755).withXattrs(Xattrs.NONE.with(ATTRIBUTE, new byte[] {'x'}));
    root.put("dir", new DirectoryNode(labelled));
    root.directory("dir", labelled).put("one", file());
    root.put("settled", new DirectoryNode(Metadata.root(0755)));
    root.directory("settled", labelled).put("file", file());
    root.put("two", file());
    labels.complete(root, "/x", path -> path.equals("/x/settled") || path.equals("/x/two"));
    assertThat(at("")).isEqualTo("directory\0");
    assertThat(at("dir")).isEqualTo("x");
    assertThat(at("dir/one")).isEqualTo("any\0");
    assertThat(at("settled")).isEqualTo("none");
    assertThat(at("settled/file")).isEqualTo("none");
    assertThat(at("two")).isEqualTo("none");
  }

  @Test
  void labelsAnEntryAsAnotherPath() throws BuildException {
    root.put("file", file());
    root.put("dir", new DirectoryNode(Metadata.root(0755)));
    labels.labelEntry(root, "file", "/one");
    labels.labelEntry(root, "dir", "/mnt");
    labels.labelEntry(root, "absent", "/one");
    assertThat(at("file")).isEqualTo("one\0");
    assertThat(at("dir")).isEqualTo("mnt\0");
    assertThat(at("")).isEqualTo("none");
  }
}
