package org.bib.selinux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.bib.disk.Content;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SelinuxPolicyTest {
  private final Map<String, String> files = new HashMap<>();

  private Optional<FileContexts> find() throws IOException {
    return SelinuxPolicy.find(
        path ->
            Optional.ofNullable(files.get(path))
                .map(text -> Content.of(text.getBytes(StandardCharsets.UTF_8))));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELINUX=enforcing\nSELINUXTYPE=mls\n",
        "# x\n SELINUXTYPE=mls \nSELINUX=Permissive\n",
        "SELINUXTYPE=other\nSELINUXTYPE=mls\nSELINUX= enforcing",
      })
  void readsTheConfiguredPolicy(String config) throws IOException {
    files.put("etc/selinux/config", config);
    files.put("etc/selinux/mls/contexts/files/file_contexts", "/a a\n/alias/b c\n");
    files.put("etc/selinux/mls/contexts/files/file_contexts.homedirs", "/h h\n");
    files.put("etc/selinux/mls/contexts/files/file_contexts.local", "/l l\n");
    files.put("etc/selinux/mls/contexts/files/file_contexts.subs", "/x /alias\n");
    files.put("etc/selinux/mls/contexts/files/file_contexts.subs_dist", "/y /x\n/alias /a\n");
    FileContexts contexts = find().orElseThrow();
    assertThat(contexts.lookup("/a", FileKind.REGULAR)).contains("a");
    assertThat(contexts.lookup("/h", FileKind.REGULAR)).contains("h");
    assertThat(contexts.lookup("/l", FileKind.REGULAR)).contains("l");
    assertThat(contexts.lookup("/x", FileKind.REGULAR)).contains("a");
    assertThat(contexts.lookup("/y", FileKind.REGULAR)).isEmpty();
  }

  @Test
  void readsUsrEtcWhereThereIsNoEtc() throws IOException {
    files.put("usr/etc/selinux/config", "SELINUX=enforcing\n");
    files.put("usr/etc/selinux/targeted/contexts/files/file_contexts", "/a a\n");
    assertThat(find().orElseThrow().lookup("/a", FileKind.REGULAR)).contains("a");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELINUX=disabled\nSELINUXTYPE=mls\n",
        "SELINUXTYPE=mls\n",
        "#SELINUX=enforcing\nSELINUXTYPE=mls\n",
        "SELINUX=enforcing\nSELINUXTYPE=absent\n",
        "",
      })
  void noPolicyIsNoFailure(String config) throws IOException {
    assertThat(find()).isEmpty();
    files.put("etc/selinux/config", config);
    files.put("etc/selinux/mls/contexts/files/file_contexts", "malformed");
    assertThat(find()).isEmpty();
  }

  @Test
  void namesTheFileThatIsMalformed() {
    files.put("etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=mls\n");
    files.put("etc/selinux/mls/contexts/files/file_contexts", "/a a\n");
    files.put("etc/selinux/mls/contexts/files/file_contexts.local", "/a a\nmalformed\n");
    assertThatThrownBy(this::find)
        .hasMessage(
            "/etc/selinux/mls/contexts/files/file_contexts.local of the image, line 2: it has no"
                + " context; correct the SELinux policy in the image");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../x", "a/b", ".", ""})
  void refusesTypesThatAreNoNames(String type) {
    files.put("etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=" + type + "\n");
    assertThatThrownBy(this::find).hasMessageStartingWith("SELINUXTYPE in /etc/selinux/config");
  }
}
