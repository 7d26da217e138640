package org.bib.selinux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bib.failure.BuildException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Answers are those of selabel_lookup_raw of libselinux 3.11 for the same files. */
class FileContextsTest {
  private static final String FILE_CONTEXTS =
      """
      # a comment
      /.*          all
      /lit         first
      /lit         second
      /kinds  -d   directory
      /kinds  --   regular
      /a/b/c/.*    <<none>>
      /a/.*        later
      /x/.*        early
      /x/y/.*      deep
      /x/.*z       late
      /p|/zq       alternative
      /e\\.f       escaped
      /e\\sf       space
      /n/.*        n
      /n/x/.*      <<none>>
      /u/[^/]      one-byte
      /l/..        two-bytes
      """;

  private static FileContexts parse(String specifications) throws BuildException {
    return FileContexts.parse(
        new FileContexts.Files(Map.of("/etc/file_contexts", specifications), "", ""));
  }

  @ParameterizedTest
  @CsvSource({
    "/lit, DIRECTORY, local", // the last file goes first
    "/lit/, DIRECTORY, local",
    "/twice, REGULAR, first", // the first line of a file
    "/kinds, DIRECTORY, directory",
    "/kinds, REGULAR, regular",
    "/kinds, SOCKET, all",
    "/a/b/c/d, REGULAR, none", // what a deeper node takes away no later line gives back
    "/a/b/d, REGULAR, later",
    "/x/q, REGULAR, early",
    "/x/y/q, REGULAR, deep",
    "/x/y/z, REGULAR, late", // a later line of a node above
    "/px, REGULAR, alternative", // half anchored
    "/foo/zq, REGULAR, alternative",
    "/foo/p, REGULAR, all",
    "/e.f, REGULAR, escaped",
    "/e f, REGULAR, space",
    "/n/x/y, REGULAR, literal", // before all regular expressions
    "/n/x/y, DIRECTORY, none",
    "/, DIRECTORY, all",
    "//n///x/, DIRECTORY, n",
    "/u/ü, REGULAR, all", // two bytes
    "/l/ü, REGULAR, two-bytes",
  })
  void looksUpAsLibselinuxDoes(String path, FileKind kind, String label) throws BuildException {
    Map<String, String> files = new LinkedHashMap<>();
    files.put("file_contexts", FILE_CONTEXTS + "/twice first\n/twice second\n");
    files.put("file_contexts.homedirs", "/lit home\n");
    files.put("file_contexts.local", "/lit local\n/n/x/y -- literal\n");
    FileContexts contexts = FileContexts.parse(new FileContexts.Files(files, "", ""));
    assertThat(contexts.lookup(path, kind).orElse("none")).isEqualTo(label);
  }

  @ParameterizedTest
  @CsvSource({
    "/alias, /real",
    "/alias/x, /real/x",
    "/aliases, /aliases",
    "/alias/deep, /other", // the last line that is for a path, not the longest
    "/late/x, /second/x",
    "/chain/x, /end/x", // subs, then subs_dist, each once
    "/loop/x, /real2/x",
    "/slash, /",
    "/slash/x, /x",
    "/trailing/x, /trailing/x",
  })
  void aliasesStandForOtherPaths(String path, String other) throws BuildException {
    PathAliases local =
        PathAliases.parse(
            """
            # comment
            /alias /real ignored
              /alias/deep\t/other
            /late/x /first
            /late /second
            /chain /middle
            /loop /real2
            /real2 /wrong
            /slash /
            /trailing/ /wrong
            /incomplete
            """);
    PathAliases distribution = PathAliases.parse("/middle /end\n/alias /wrong\n");
    assertThat(distribution.apply(local.apply(path))).isEqualTo(other);
  }

  @ParameterizedTest
  @CsvSource({
    "'/ok x\n/a', 'line 2: it has no context'",
    "'/a -q x', 'line 1: there is no kind of file \"-q\"'",
    "'/ü x', 'line 1: its path has characters outside of ASCII or is too long'",
    "'/a ü', 'line 1: its context has characters outside of ASCII or is too long'",
    "'\n/a( x', 'line 2: missing )'",
    "'/a) x', 'line 1: unmatched )'",
    "'/[a x', 'line 1: missing ]'",
    "'/a{3,2} x', 'line 1: {3,2} has its numbers out of order'",
    "'/(?=a) x', 'line 1: (? is followed by what is not supported, only (?: is'",
    "'/(a)\\1 x', 'line 1: \\1 is not supported'",
    "'/a\\b x', 'line 1: \\b is not supported'",
    "'/a*+ x', 'line 1: possessive quantifiers are not supported'",
    "'/a** x', 'line 1: no quantifier can stand at **$'",
    "'*a x', 'line 1: no quantifier can stand at '",
    "'/(+a) x', 'line 1: a quantifier stands behind nothing'",
    "'/[z-a] x', 'line 1: the range z-a is out of order'",
    "'/[[:nix:]] x', 'line 1: there is no class [:nix:]'",
  })
  void namesFileAndLineOfWhatItCannotRead(String text, String message) {
    assertThatThrownBy(() -> parse(text))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("/etc/file_contexts of the image, " + message);
  }

  @ParameterizedTest
  @CsvSource({
    "/[]a]+, /a]a, true",
    "/[^]a], /b, true",
    "/[^]a], /], false",
    "/[a-], /-, true",
    "/[\\d\\-x]+, /0-x9, true",
    "/[[:alpha:]_]+, /aZ_, true",
    "/[[:^alpha:]], /5, true",
    "/[[.]+, /[., true",
    "/[\\w.]+, /a.b_9, true",
    "/a{2}, /aa, true",
    "/a{2}, /aaa, false",
    "'/a{2,}', /aaa, true",
    "'/a{2,3}', /aaaa, false",
    "/a{x, /a{x, true",
    "/a{0}b, /b, true",
    "/(ab){2}, /abab, true",
    "/(?:ab|c)*?d, /abcabd, true",
    "/(|a)b, /b, true",
    "/(a*)*b, /aab, true",
    "/a$, /a, true",
    "^/a, /a, true",
    "/(a$|b)c?, /a, true",
    "/(a$|b)c?, /ac, false",
    "/a\\tb, '/a\tb', true",
    "/a.b, '/a\nb', true", // DOTALL
    "/a, '/a\n', false", // a literal
    "/[a], '/a\n', true", // a dollar holds before a line feed at the end
    "/[a], '/a\nb', false",
    "/a\\, /a$b, true", // it escapes the dollar that is added
    "/a\\, /a, false",
  })
  void matchesAsPcre2Does(String regex, String path, boolean matches) throws BuildException {
    assertThat(parse(regex + " x").lookup(path, FileKind.REGULAR).isPresent()).isEqualTo(matches);
  }

  @Test
  void timeIsLinearWhateverTheRegularExpression() throws BuildException {
    FileContexts contexts = parse("/(a*)*(a|aa)+(.*a){9}b x\n/(.+)+(.+)+(.+)+$c y\n");
    assertThat(contexts.lookup("/" + "a".repeat(4000) + "c", FileKind.REGULAR)).isEmpty();
    assertThat(contexts.lookup("/" + "a".repeat(4000) + "b", FileKind.REGULAR)).contains("x");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/((((x{9999}){9999}){9999}){9999}) x",
        "/((((()){9999}){9999}|y){9999}){9999} x",
        "/(.{300}|x){300} x",
      })
  void refusesWhatBecomesTooLarge(String line) {
    assertThatThrownBy(() -> parse(line)).hasMessageContaining("line 1: it is too large");
  }

  @Test
  void emptyRepetitionsAreNothing() throws BuildException {
    assertThat(parse("/((((x{0}){9999}){9999}){9999}){9999}[a] y").lookup("/a", FileKind.REGULAR))
        .contains("y");
  }

  @Test
  void refusesGroupsThatAreNestedTooDeep() {
    assertThatThrownBy(() -> parse("/" + "(".repeat(1000) + "a" + ")".repeat(1000) + " x"))
        .hasMessageContaining("line 1: more than 250 groups within each other");
  }

  @Test
  void refusesMoreThanCanBeMeant() {
    assertThatThrownBy(() -> parse("/a x\n".repeat(70_000)))
        .hasMessageContaining("line 65537: the policy has more than 65536 specifications");
    assertThatThrownBy(() -> parse("/.{4000} x\n".repeat(1_000)))
        .hasMessageContaining("line 524: it is too large");
    assertThatThrownBy(() -> parse("/" + "a".repeat(5000) + " x"))
        .hasMessageContaining("line 1: its path");
  }
}
