package org.bib.progress;

import java.time.Duration;

/** Something that happened in a build. Events of parallel steps interleave. */
public sealed interface BuildEvent {

  /**
   * A step began. {@code step} is a stable id such as {@code layers}, {@code title} is for people.
   */
  record StepStarted(String step, String title) implements BuildEvent {}

  /** {@code done} of {@code total} bytes of a step are done; {@code total} is 0 while unknown. */
  record BytesDone(String step, long done, long total) implements BuildEvent {}

  /** A step ended well. */
  record StepFinished(String step, Duration took) implements BuildEvent {}

  /** Something that does not stop the build but that its user should know. */
  record Warning(String text) implements BuildEvent {}

  /** A detail for those who asked for them: a retry, a chosen size, the arguments of a tool. */
  record Detail(String text) implements BuildEvent {}
}
