package org.bib.report;

import java.io.PrintWriter;
import me.tongfei.progressbar.ProgressBarConsumer;

/**
 * The last line of a terminal, which a bar overwrites. Escape sequences (ECMA-48: EL, erase in
 * line) go to terminals only; elsewhere nothing is shown, since nothing could be taken back.
 */
final class TerminalLine implements ProgressBarConsumer {
  private static final String ERASE_LINE = "\r\u001b[K";
  private static final int DEFAULT_COLUMNS = 80;
  private static final int MIN_COLUMNS = 20;

  private final PrintWriter err;
  private final boolean terminal;
  private boolean closed;

  TerminalLine(PrintWriter err, boolean terminal) {
    this.err = err;
    this.terminal = terminal;
  }

  @Override
  public int getMaxRenderedLength() {
    return columns(System.getenv().getOrDefault("COLUMNS", "")) - 1;
  }

  @Override
  public synchronized void accept(String rendered) {
    if (terminal && !closed) {
      err.print(ERASE_LINE + rendered);
      err.flush();
    }
  }

  @Override
  public synchronized void clear() {
    if (terminal && !closed) {
      err.print(ERASE_LINE);
      err.flush();
    }
  }

  /** Erases the line for good: the thread of the bar may have one more thing to say. */
  @Override
  public synchronized void close() {
    clear();
    closed = true;
  }

  private static int columns(String value) {
    return value.matches("[1-9][0-9]{1,3}")
        ? Math.max(MIN_COLUMNS, Integer.parseInt(value))
        : DEFAULT_COLUMNS;
  }
}
