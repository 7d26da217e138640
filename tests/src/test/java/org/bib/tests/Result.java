package org.bib.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * How a command ended.
 *
 * @param status its exit status
 * @param out what it wrote to standard output
 * @param err what it wrote to standard error
 */
record Result(int status, String out, String err) {
  /** What may stand before the error: what was done until then. */
  private static final Pattern PROGRESS =
      Pattern.compile(
          "(Reading layers|Making the ostree deployment|Writing the disk)(: done in [0-9.]+ s)?"
              + "|warning: .*");

  /**
   * Checks that this is a failure in the form that is promised: nothing on standard output, and at
   * the end of standard error one line {@code error: ...} and at most one {@code hint: ...}.
   *
   * @param expected the error, where {@code *} stands for anything
   */
  Result failed(int expectedStatus, String expected) {
    String pattern =
        List.of(expected.split("\\*", -1)).stream()
            .map(Pattern::quote)
            .collect(Collectors.joining(".*"));
    assertThat(error()).as(err).matches(pattern);
    assertThat(status).as(err).isEqualTo(expectedStatus);
    assertThat(out).isEmpty();
    return this;
  }

  /** The text of the only error. */
  String error() {
    List<String> lines = err.lines().toList();
    int hints = hint().isPresent() ? 1 : 0;
    assertThat(lines).as(err).hasSizeGreaterThan(hints);
    String error = lines.get(lines.size() - 1 - hints);
    assertThat(error).as(err).startsWith("error: ");
    for (String line : lines.subList(0, lines.size() - 1 - hints)) {
      assertThat(line).as(err).matches(PROGRESS);
    }
    return error.substring("error: ".length());
  }

  /** The way out, if one is told. */
  Optional<String> hint() {
    List<String> lines = err.lines().toList();
    String last = lines.isEmpty() ? "" : lines.get(lines.size() - 1);
    return last.startsWith("hint: ")
        ? Optional.of(last.substring("hint: ".length()))
        : Optional.empty();
  }
}
