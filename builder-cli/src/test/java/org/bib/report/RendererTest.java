package org.bib.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.bib.progress.BuildEvent;
import org.junit.jupiter.api.Test;

class RendererTest {
  private final StringWriter written = new StringWriter();

  private String render(ProgressMode mode, boolean terminal, boolean details) {
    try (Renderer renderer = Renderer.of(mode, new PrintWriter(written), terminal, details)) {
      renderer.on(new BuildEvent.StepStarted("layers", "Reading layers"));
      renderer.on(new BuildEvent.BytesDone("layers", 1 << 20, 4 << 20));
      renderer.on(new BuildEvent.Detail("retrying\n\u001b[31msha256:12"));
      renderer.on(new BuildEvent.Warning("no shim"));
      renderer.on(new BuildEvent.StepFinished("layers", Duration.ofMillis(1240)));
      renderer.finished(List.of(Path.of("out/qcow2/disk.qcow2")));
    }
    return written.toString();
  }

  @Test
  void verboseWritesPlainLines() {
    assertThat(render(ProgressMode.VERBOSE, false, false))
        .isEqualTo(
            """
            Reading layers
            warning: no shim
            Reading layers: done in 1.2 s
            Build complete, 1 warning
            """);
  }

  @Test
  void detailsAreToldToThoseWhoAskAndCannotMoveTheCursor() {
    assertThat(render(ProgressMode.VERBOSE, false, true)).contains("  retrying ?[31msha256:12\n");
  }

  @Test
  void autoIsVerboseWithoutATerminal() {
    assertThat(render(ProgressMode.AUTO, false, false))
        .startsWith("Reading layers\n")
        .doesNotContain("\u001b");
  }

  @Test
  void autoShowsABarOnATerminalAndTakesItAway() {
    assertThat(render(ProgressMode.AUTO, true, false))
        .contains("\r\u001b[K[done] Reading layers (1.2 s, 1 MiB)\n")
        .contains("\r\u001b[Kwarning: no shim\n")
        .endsWith("Build complete, 1 warning\n");
  }

  @Test
  void termWithoutATerminalWritesNoEscapes() {
    assertThat(render(ProgressMode.TERM, false, false))
        .doesNotContain("\u001b")
        .doesNotContain("\r")
        .contains("[done] Reading layers (1.2 s, 1 MiB)\n");
  }

  @Test
  void debugWritesEveryEvent() {
    assertThat(render(ProgressMode.DEBUG, false, false))
        .isEqualTo(
            """
            start layers: Reading layers
            [1048576 / 4194304] layers
            msg: retrying ?[31msha256:12
            warning: no shim
            stop layers: 1240 ms
            Build complete, 1 warning
            """);
  }

  @Test
  void jsonWritesAnObjectInEachLine() {
    assertThat(render(ProgressMode.JSON, true, false))
        .isEqualTo(
            """
            {"version":1,"program":"bib"}
            {"event":"step-started","step":"layers","title":"Reading layers"}
            {"event":"bytes","step":"layers","done":1048576,"total":4194304}
            {"event":"detail","text":"retrying\\n\\u001B[31msha256:12"}
            {"event":"warning","text":"no shim"}
            {"event":"step-finished","step":"layers","milliseconds":1240}
            {"event":"finished","results":["out/qcow2/disk.qcow2"],"warnings":1}
            """);
  }

  @Test
  void jsonTellsFailuresAsEvents() {
    try (Renderer renderer =
        Renderer.of(ProgressMode.JSON, new PrintWriter(written), false, false)) {
      renderer.failed(2, "a", Optional.of("b"));
    }
    assertThat(written.toString())
        .endsWith("{\"event\":\"failed\",\"status\":2,\"problem\":\"a\",\"hint\":\"b\"}\n");
  }

  @Test
  void turnedWritingIsShownAsSuch() {
    assertThat(Text.line("a\u202eb\tc\r\n")).isEqualTo("a?b c");
  }
}
