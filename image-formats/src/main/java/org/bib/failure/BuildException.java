package org.bib.failure;

import java.io.IOException;

/**
 * The world failed in a way that a user can understand: one line names the thing and the reason,
 * another the way out. Reported without a stack trace, exit status 1.
 */
public final class BuildException extends IOException {
  private static final long serialVersionUID = 1L;

  private final String problem;
  private final String remedy;

  /**
   * Creates a failure.
   *
   * @param problem the thing and the reason, for example {@code layer sha256:12...: digest
   *     mismatch}
   * @param remedy the way out, an imperative without a full stop
   */
  public BuildException(String problem, String remedy) {
    super(problem + "; " + remedy);
    this.problem = problem;
    this.remedy = remedy;
  }

  /** Creates a failure that another one caused; {@code problem} already tells what it said. */
  public BuildException(String problem, String remedy, Throwable cause) {
    super(problem + "; " + remedy, cause);
    this.problem = problem;
    this.remedy = remedy;
  }

  /** The thing and the reason, without the way out. */
  public String problem() {
    return problem;
  }

  /** The way out. */
  public String remedy() {
    return remedy;
  }
}
