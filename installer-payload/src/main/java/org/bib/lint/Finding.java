package org.bib.lint;

import java.util.Locale;

/**
 * Something that is wrong with an image.
 *
 * @param severity whether it stops a build
 * @param rule short stable name of the rule that found it
 * @param message the thing and what is wrong with it, one line
 */
public record Finding(Severity severity, String rule, String message) {
  /** Whether a finding stops a build. */
  public enum Severity {
    /** The disk would not boot, or bootc would not install or update the image. */
    FATAL,
    /** Something that its maker will want to correct. */
    WARNING
  }

  public Finding {
    message = message.replaceAll("\\p{Cntrl}", "?"); // names in an image may hold any character
  }

  /** Rule and message. */
  public String text() {
    return rule + ": " + message;
  }

  /** Severity, rule and message. */
  @Override
  public String toString() {
    return severity.name().toLowerCase(Locale.ROOT) + ": " + text();
  }
}
