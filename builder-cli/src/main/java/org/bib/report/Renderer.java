package org.bib.report;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.bib.progress.BuildListener;

/**
 * Tells people, or the programs of people, about one command while it runs. Never writes results to
 * standard output: that is the command's own business. Safe for use by many threads.
 */
public interface Renderer extends BuildListener, AutoCloseable {
  /**
   * The renderer for {@code mode}.
   *
   * @param err where everything goes
   * @param terminal whether {@code err} ends at a terminal that knows cursor movements
   * @param details whether details are wanted, with modes that leave them out
   */
  static Renderer of(ProgressMode mode, PrintWriter err, boolean terminal, boolean details) {
    ProgressMode chosen =
        mode == ProgressMode.AUTO ? (terminal ? ProgressMode.TERM : ProgressMode.VERBOSE) : mode;
    return switch (chosen) {
      case TERM -> new TermRenderer(err, terminal, details);
      case AUTO, VERBOSE -> new LineRenderer(err, details);
      case DEBUG -> new DebugRenderer(err);
      case JSON -> new JsonRenderer(err);
    };
  }

  /** Tells that the build ended well and left these files. */
  void finished(List<Path> results);

  /**
   * Tells that the command failed.
   *
   * @param status its exit status
   * @param problem the thing and the reason, without a prefix
   * @param hint the way out, if there is one to tell
   */
  void failed(int status, String problem, Optional<String> hint);

  /** Takes away what is on the screen for the moment only. May be called twice. */
  @Override
  void close();
}
