package org.bib.ostree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import org.bib.failure.BuildException;
import org.bib.tree.DirectoryNode;
import org.bib.tree.Metadata;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PrepareRootTest {
  private static final String LIB = "usr/lib/ostree/prepare-root.conf";
  private static final String ETC = "etc/ostree/prepare-root.conf";

  private final DirectoryNode root = new DirectoryNode(Metadata.root(0755));

  @ParameterizedTest
  @CsvSource({
    "no, false, false",
    "false, false, false",
    "0, false, false",
    "maybe, true, false",
    "yes, true, false",
    "true, true, false",
    "1, true, false",
    "verity, true, true"
  })
  void enabledHasTheValuesOfOstree(String value, boolean composefs, boolean verity)
      throws IOException {
    put(LIB, "[composefs]\nenabled = " + value + "\n");
    assertThat(read()).isEqualTo(new PrepareRoot(composefs, verity));
  }

  @Test
  void absentMeansNo() throws IOException {
    assertThat(read()).isEqualTo(new PrepareRoot(false, false));
    put(LIB, "[sysroot]\nreadonly=true\n");
    assertThat(read()).isEqualTo(new PrepareRoot(false, false));
  }

  /** GKeyFile forgets the first file when it loads the second. */
  @Test
  void theFileInEtcReplacesTheOther() throws IOException {
    put(LIB, "[composefs]\nenabled=verity\n");
    assertThat(read()).isEqualTo(new PrepareRoot(true, true));
    put(ETC, "[etc]\ntransient=false\n");
    assertThat(read()).isEqualTo(new PrepareRoot(false, false));
  }

  @ParameterizedTest
  @CsvSource({
    "no, ostree.prepare-root.composefs=yes, true, false",
    "yes, ostree.prepare-root.composefs=0, false, false",
    "verity, ostree.prepare-root.composefs=yes, true, true",
    "verity, ostree.prepare-root.composefs=no, false, false",
    "signed, ostree.prepare-root.composefs=maybe, true, true"
  })
  void kernelArgumentOverrules(String value, String argument, boolean composefs, boolean verity)
      throws IOException {
    put(LIB, "[composefs]\nenabled=" + value);
    assertThat(read("ro", argument, "ostree.prepare-root.composefs=signed"))
        .isEqualTo(new PrepareRoot(composefs, verity));
  }

  @Test
  void signedCannotBe() {
    put(ETC, "[composefs]\nenabled=signed\n");
    assertThatThrownBy(this::read)
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("boots only commits signed with a key of its maker")
        .hasMessageContaining("set composefs.enabled to verity")
        .message()
        .doesNotContain("\n");
    root.remove("etc");
    assertThatThrownBy(() -> read("ostree.prepare-root.composefs=signed"))
        .hasMessageContaining("signed with a key of its maker");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Yes", "on", "2", "verity ", "signed ", "\u0007"})
  void unknownValuesAreErrors(String value) {
    put(LIB, "[composefs]\nenabled=" + value + "\n");
    assertThatThrownBy(this::read)
        .isInstanceOf(BuildException.class)
        .hasMessageStartingWith(
            "/" + LIB + " of the image: composefs.enabled is \"" + value.strip().replace('\7', '?'))
        .hasMessageContaining("not one of yes, no, maybe, verity, signed");
  }

  @Test
  void theKernelArgumentCannotSayVerity() {
    assertThatThrownBy(() -> read("ostree.prepare-root.composefs=verity"))
        .hasMessageContaining("ostree.prepare-root.composefs=verity is not one of");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"sysroot.readonly", "etc.transient", "root.transient", "root.transient-ro"})
  void flagsAreWhatGLibTakes(String name) throws IOException {
    String group = name.substring(0, name.indexOf('.'));
    String key = name.substring(group.length() + 1);
    for (String good : List.of("true", "false ", "1", "0")) {
      put(LIB, "[composefs]\nenabled=yes\n[" + group + "]\n" + key + "=" + good + "\n");
      assertThat(read().composefs()).isTrue();
    }
    for (String bad : List.of("", "yes", "True", "2")) {
      put(LIB, "[" + group + "]\n" + key + "=" + bad + "\n");
      assertThatThrownBy(this::read)
          .hasMessageContaining(name + " is \"" + bad + "\", not one of true, false");
    }
  }

  @Test
  void transientRootNeedsComposefs() throws IOException {
    put(LIB, "[root]\ntransient=true\n");
    assertThatThrownBy(this::read).hasMessageContaining("transient root without composefs");
    assertThat(read("ostree.prepare-root.composefs=yes").composefs()).isTrue();
    put(LIB, "[root]\ntransient=true\ntransient-ro=true\n[composefs]\nenabled=yes\n");
    assertThatThrownBy(this::read).hasMessageContaining("root.transient-ro is \"true\"");
  }

  /** What g_key_file_load_from_data says to the same text. */
  @Test
  void readsWhatGLibReads() throws IOException {
    for (String good :
        List.of(
            "[composefs]\r\nenabled = yes\r\n",
            "# comment\n\n  [composefs]  \n  enabled\t=\t yes\n",
            "[other]\nenabled=no\n[composefs]\nenabled=no\n[other]\nx y=\n[composefs]\nenabled=yes",
            "[composefs]\n;enabled=no\nenabled[de]=no\nenabled=yes\n")) {
      put(LIB, good);
      assertThat(read().composefs()).as(good).isTrue();
    }
    for (String bad :
        List.of(
            "enabled=yes\n",
            "[composefs]\nenabled\n",
            "[composefs\nenabled=yes\n",
            "[composefs] x\nenabled=yes\n",
            "[composefs]\n=yes\n",
            "[]\nenabled=yes\n",
            "\ufeff[composefs]\nenabled=yes\n")) {
      put(LIB, bad);
      assertThatThrownBy(this::read)
          .as(bad)
          .hasMessageMatching(
              "/" + LIB + " of the image: line [12] is not what a key file has; correct .*");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "[composefs]|enabled=yes, true",
    "[composefs]|enabled = maybe , true",
    "[composefs]|enabled=signed, true",
    "[composefs]|enabled=verity, true",
    "[root]|transient=true, true",
    "[composefs]|enabled=no|[root]|transient=1, true",
    "[composefs]|enabled=0, false",
    "[composefs]|enabled=perhaps, false",
    "[root]|transient=yes, false",
    "[root]|transient-ro=true, false",
    "[sysroot]|readonly=true, false"
  })
  void overlaysAreWhatContainerToolsTakeForThem(String text, boolean expected) throws IOException {
    assertThat(PrepareRoot.isConfigured(root)).isFalse();
    assertThat(PrepareRoot.hasOverlay(root)).isFalse();
    put(LIB, text.replace('|', '\n'));
    assertThat(PrepareRoot.isConfigured(root)).isTrue();
    assertThat(PrepareRoot.hasOverlay(root)).isEqualTo(expected);
    put(ETC, "[composefs]\n");
    assertThat(PrepareRoot.hasOverlay(root)).isFalse();
  }

  private void put(String path, String text) {
    TestTree.put(root, path, TestTree.file(text));
  }

  private PrepareRoot read(String... kernelArguments) throws IOException {
    return PrepareRoot.read(root, List.of(kernelArguments));
  }
}
