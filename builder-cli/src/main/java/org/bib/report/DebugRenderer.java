package org.bib.report;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.bib.progress.BuildEvent;

/** A line for every event, as it came. */
final class DebugRenderer implements Renderer {
  private final PrintWriter err;
  private int warnings;

  DebugRenderer(PrintWriter err) {
    this.err = err;
  }

  @Override
  public synchronized void on(BuildEvent event) {
    if (event instanceof BuildEvent.StepStarted started) {
      print("start " + started.step() + ": " + started.title());
    } else if (event instanceof BuildEvent.BytesDone bytes) {
      print("[" + bytes.done() + " / " + bytes.total() + "] " + bytes.step());
    } else if (event instanceof BuildEvent.StepFinished finished) {
      print("stop " + finished.step() + ": " + finished.took().toMillis() + " ms");
    } else if (event instanceof BuildEvent.Warning warning) {
      warnings++;
      print("warning: " + warning.text());
    } else if (event instanceof BuildEvent.Detail detail) {
      print("msg: " + detail.text());
    }
  }

  @Override
  public synchronized void finished(List<Path> results) {
    print(Text.complete(warnings));
  }

  @Override
  public synchronized void failed(int status, String problem, Optional<String> hint) {
    print("error: " + problem);
    hint.ifPresent(text -> print("hint: " + text));
  }

  @Override
  public void close() {
    err.flush();
  }

  private void print(String line) {
    err.println(Text.line(line));
    err.flush();
  }
}
