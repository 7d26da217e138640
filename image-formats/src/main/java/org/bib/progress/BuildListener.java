package org.bib.progress;

/** Receives the events of a build, from any thread; must be quick and must not throw. */
@FunctionalInterface
public interface BuildListener {
  /** Listens to nothing. */
  BuildListener SILENT = event -> {};

  /** Tells that {@code event} happened. */
  void on(BuildEvent event);
}
