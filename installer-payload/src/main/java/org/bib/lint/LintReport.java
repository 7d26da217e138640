package org.bib.lint;

import java.util.List;
import org.bib.failure.BuildException;
import org.bib.lint.Finding.Severity;

/**
 * All findings about an image.
 *
 * @param findings in the order of the rules
 */
public record LintReport(List<Finding> findings) {
  public LintReport {
    findings = List.copyOf(findings);
  }

  /** The findings that stop a build. */
  public List<Finding> fatal() {
    return of(Severity.FATAL);
  }

  /** The others. */
  public List<Finding> warnings() {
    return of(Severity.WARNING);
  }

  private List<Finding> of(Severity severity) {
    return findings.stream().filter(finding -> finding.severity() == severity).toList();
  }

  /**
   * Lets a build go on.
   *
   * @throws BuildException if there are fatal findings, naming all of them
   */
  public void requireNothingFatal() throws BuildException {
    List<Finding> fatal = fatal();
    if (fatal.isEmpty()) {
      return;
    }
    StringBuilder problem = new StringBuilder("the image cannot be deployed");
    if (fatal.size() == 1) {
      problem.append(": ").append(fatal.get(0).text());
    } else {
      problem.append(", ").append(fatal.size()).append(" findings: ");
      for (int i = 0; i < fatal.size(); i++) {
        problem.append(i == 0 ? "" : "; ");
        problem.append("(").append(i + 1).append(") ").append(fatal.get(i).text());
      }
    }
    throw new BuildException(
        problem.toString(), "correct the image; bib lint tells its findings without building");
  }
}
