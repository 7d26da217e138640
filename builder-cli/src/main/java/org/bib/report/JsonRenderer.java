package org.bib.report;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.bib.progress.BuildEvent;

/**
 * One JSON object in each line. The first is {@code {"version":1,"program":"bib"}}; every other has
 * an {@code event}: {@code step-started} (step, title), {@code bytes} (step, done, total; total 0
 * while unknown), {@code step-finished} (step, milliseconds), {@code warning} (text), {@code
 * detail} (text), {@code finished} (results, warnings: how many) or {@code failed} (status,
 * problem, and hint if there is one). Within a version, fields and events may be added, none
 * changes.
 */
final class JsonRenderer implements Renderer {
  private static final int VERSION = 1;

  private final PrintWriter err;
  private final JsonFactory json = new JsonFactory();
  private int warnings;

  JsonRenderer(PrintWriter err) {
    this.err = err;
    print(
        line -> {
          line.writeNumberField("version", VERSION);
          line.writeStringField("program", "bib");
        });
  }

  @Override
  public synchronized void on(BuildEvent event) {
    if (event instanceof BuildEvent.StepStarted started) {
      print(
          line -> {
            line.writeStringField("event", "step-started");
            line.writeStringField("step", started.step());
            line.writeStringField("title", started.title());
          });
    } else if (event instanceof BuildEvent.BytesDone bytes) {
      print(
          line -> {
            line.writeStringField("event", "bytes");
            line.writeStringField("step", bytes.step());
            line.writeNumberField("done", bytes.done());
            line.writeNumberField("total", bytes.total());
          });
    } else if (event instanceof BuildEvent.StepFinished finished) {
      print(
          line -> {
            line.writeStringField("event", "step-finished");
            line.writeStringField("step", finished.step());
            line.writeNumberField("milliseconds", finished.took().toMillis());
          });
    } else if (event instanceof BuildEvent.Warning warning) {
      warnings++;
      printText("warning", warning.text());
    } else if (event instanceof BuildEvent.Detail detail) {
      printText("detail", detail.text());
    }
  }

  @Override
  public synchronized void finished(List<Path> results) {
    print(
        line -> {
          line.writeStringField("event", "finished");
          writeTexts(line, "results", results.stream().map(Path::toString).toList());
          line.writeNumberField("warnings", warnings);
        });
  }

  @Override
  public synchronized void failed(int status, String problem, Optional<String> hint) {
    print(
        line -> {
          line.writeStringField("event", "failed");
          line.writeNumberField("status", status);
          line.writeStringField("problem", problem);
          if (hint.isPresent()) {
            line.writeStringField("hint", hint.get());
          }
        });
  }

  @Override
  public void close() {
    err.flush();
  }

  private void printText(String event, String text) {
    print(
        line -> {
          line.writeStringField("event", event);
          line.writeStringField("text", text);
        });
  }

  private static void writeTexts(JsonGenerator line, String name, List<String> texts)
      throws IOException {
    line.writeArrayFieldStart(name);
    for (String text : texts) {
      line.writeString(text);
    }
    line.writeEndArray();
  }

  private void print(Fields fields) {
    StringWriter text = new StringWriter();
    try (JsonGenerator line = json.createGenerator(text)) {
      line.writeStartObject();
      fields.write(line);
      line.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("memory cannot be written", e);
    }
    err.print(text + "\n");
    err.flush();
  }

  @FunctionalInterface
  private interface Fields {
    void write(JsonGenerator line) throws IOException;
  }
}
