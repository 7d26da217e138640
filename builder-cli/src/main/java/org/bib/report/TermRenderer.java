package org.bib.report;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.bib.progress.BuildEvent;
import org.jspecify.annotations.Nullable;

/**
 * A bar for one running step at a time, and a line that stays for each finished step. The bar shows
 * the step that has been running longest among those that count bytes.
 */
final class TermRenderer implements Renderer {
  private static final int UPDATE_MILLIS = 150;
  private static final long MEBIBYTE = 1L << 20;

  private final PrintWriter err;
  private final boolean terminal;
  private final boolean details;
  private final Map<String, Step> running = new LinkedHashMap<>();
  private int warnings;
  private @Nullable ProgressBar bar;
  private @Nullable String barStep;
  private @Nullable TerminalLine barLine;

  TermRenderer(PrintWriter err, boolean terminal, boolean details) {
    this.err = err;
    this.terminal = terminal;
    this.details = details;
  }

  @Override
  public synchronized void on(BuildEvent event) {
    if (event instanceof BuildEvent.StepStarted started) {
      running.put(started.step(), new Step(Text.line(started.title()), 0, 0));
      show();
    } else if (event instanceof BuildEvent.BytesDone bytes) {
      Step step = running.get(bytes.step());
      if (step != null) {
        running.put(bytes.step(), new Step(step.title(), bytes.done(), bytes.total()));
        show();
      }
    } else if (event instanceof BuildEvent.StepFinished finished) {
      Step step = running.remove(finished.step());
      String title = step == null ? finished.step() : step.title();
      String size = step == null || step.done() == 0 ? "" : ", " + Text.mebibytes(step.done());
      line("[done] " + title + " (" + Text.seconds(finished.took()) + size + ")");
    } else if (event instanceof BuildEvent.Warning warning) {
      warnings++;
      line("warning: " + Text.line(warning.text()));
    } else if (event instanceof BuildEvent.Detail detail && details) {
      line("  " + Text.line(detail.text()));
    }
  }

  @Override
  public synchronized void finished(List<Path> results) {
    running.clear();
    line(Text.complete(warnings));
  }

  @Override
  public synchronized void failed(int status, String problem, Optional<String> hint) {
    running.clear();
    line("error: " + Text.line(problem));
    hint.ifPresent(text -> line("hint: " + Text.line(text)));
  }

  @Override
  public synchronized void close() {
    running.clear();
    hide();
    err.flush();
  }

  private void line(String text) {
    hide();
    err.println(text);
    err.flush();
    show();
  }

  private void show() {
    String wanted = wanted();
    if (wanted == null) {
      hide();
      return;
    }
    if (bar == null || !wanted.equals(barStep)) {
      hide();
      TerminalLine line = new TerminalLine(err, terminal);
      barLine = line;
      bar = open(step(wanted), line);
      barStep = wanted;
    }
    Step step = step(wanted);
    if (step.total() > 0) {
      bar.maxHint(step.total());
    }
    bar.stepTo(step.done());
  }

  private @Nullable String wanted() {
    String first = null;
    for (Map.Entry<String, Step> entry : running.entrySet()) {
      if (entry.getValue().done() > 0) {
        return entry.getKey();
      }
      first = first == null ? entry.getKey() : first;
    }
    return first;
  }

  private Step step(String id) {
    return running.getOrDefault(id, new Step(id, 0, 0));
  }

  private void hide() {
    ProgressBar old = bar;
    bar = null;
    barStep = null;
    if (old != null) {
      old.close();
    }
    TerminalLine line = barLine;
    barLine = null;
    if (line != null) {
      line.close();
    }
  }

  private static ProgressBar open(Step step, TerminalLine line) {
    return new ProgressBarBuilder()
        .setTaskName(step.title())
        .setInitialMax(step.total() > 0 ? step.total() : -1)
        .setUnit(" MiB", MEBIBYTE)
        .setStyle(ProgressBarStyle.ASCII)
        .setUpdateIntervalMillis(UPDATE_MILLIS)
        .setConsumer(line)
        .build();
  }

  private record Step(String title, long done, long total) {}
}
