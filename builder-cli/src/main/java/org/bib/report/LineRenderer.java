package org.bib.report;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bib.progress.BuildEvent;

/** Plain lines: one when a step begins, one when it ended. */
final class LineRenderer implements Renderer {
  private final PrintWriter err;
  private final boolean details;
  private final Map<String, String> titles = new HashMap<>();
  private int warnings;

  LineRenderer(PrintWriter err, boolean details) {
    this.err = err;
    this.details = details;
  }

  @Override
  public synchronized void on(BuildEvent event) {
    if (event instanceof BuildEvent.StepStarted started) {
      titles.put(started.step(), Text.line(started.title()));
      print(Text.line(started.title()));
    } else if (event instanceof BuildEvent.StepFinished finished) {
      String title = titles.getOrDefault(finished.step(), finished.step());
      print(title + ": done in " + Text.seconds(finished.took()));
    } else if (event instanceof BuildEvent.Warning warning) {
      warnings++;
      print("warning: " + Text.line(warning.text()));
    } else if (event instanceof BuildEvent.Detail detail && details) {
      print("  " + Text.line(detail.text()));
    }
  }

  @Override
  public synchronized void finished(List<Path> results) {
    print(Text.complete(warnings));
  }

  @Override
  public synchronized void failed(int status, String problem, Optional<String> hint) {
    print("error: " + Text.line(problem));
    hint.ifPresent(text -> print("hint: " + Text.line(text)));
  }

  @Override
  public void close() {
    err.flush();
  }

  private void print(String line) {
    err.println(line);
    err.flush();
  }
}
