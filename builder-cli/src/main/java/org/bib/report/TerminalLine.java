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

  TerminalLine(PrintWriter err, boolean terminal) {
    this.err = err;
    this.terminal = terminal;
  }

  @Override
  public int getMaxRenderedLength() {
    return columns(System.getenv().getOrDefault("COLUMNS", "")) - 1;
  }

  @Override
  public void accept(String rendered) {
    if (terminal) {
      err.print(ERASE_LINE + rendered);
      err.flush();
    }
  }

  @Override
  public void clear() {
    if (terminal) {
      err.print(ERASE_LINE);
      err.flush();
    }
  }

  @Override
  public void close() {
    clear();
  }

  private static int columns(String value) {
    return value.matches("[1-9][0-9]{1,3}")
        ? Math.max(MIN_COLUMNS, Integer.parseInt(value))
        : DEFAULT_COLUMNS;
  }
}
