package org.bib.lint;

import java.util.ArrayList;
import java.util.List;
import org.bib.lint.Finding.Severity;

/** Collects findings. A rule that finds no end of them is cut off, and that is told. */
final class Findings {
  private static final int MOST_OF_A_RULE = 64;

  private final List<Finding> findings = new ArrayList<>();

  void fatal(String rule, String message) {
    add(Severity.FATAL, rule, message);
  }

  void warning(String rule, String message) {
    add(Severity.WARNING, rule, message);
  }

  private void add(Severity severity, String rule, String message) {
    long already = findings.stream().filter(known -> known.rule().equals(rule)).count();
    if (already < MOST_OF_A_RULE) {
      findings.add(new Finding(severity, rule, message));
    } else if (already == MOST_OF_A_RULE) {
      findings.add(new Finding(severity, rule, "and more of the kind"));
    }
  }

  List<Finding> toList() {
    return List.copyOf(findings);
  }
}
