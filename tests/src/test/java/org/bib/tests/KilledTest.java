package org.bib.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Builds that are interrupted, killed and stopped half way, and builds beside each other. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KilledTest {
  /** How often a moment may be missed on a busy machine. */
  private static final int MAX_TRIES = 10;

  private static final List<String> OUTPUTS =
      List.of("qcow2/disk.qcow2", "image/disk.raw", "manifest-qcow2-raw.json");

  private Path dir = Path.of("");
  private Path output = Path.of("");
  private Path reference = Path.of("");
  private Launcher bib = Launcher.NONE;
  private ImageLayout lean = ImageLayout.NONE;
  private Snapshot before = Snapshot.EMPTY;

  /** A moment of a build, by the first sign of it. */
  private enum Moment {
    START,
    LAYERS,
    DEPLOYMENT,
    DISK,
    QCOW2,
    QCOW2_HALF;

    boolean isReached(Launcher.Running build, Path output) throws IOException {
      return switch (this) {
        case START -> true;
        case LAYERS -> Files.readString(build.err()).contains("Reading layers\n");
        case DEPLOYMENT -> Files.readString(build.err()).contains("Making the ostree deployment\n");
        case DISK -> sizeInWorkspace(output, "disk.raw") > 0;
        case QCOW2 -> sizeInWorkspace(output, "disk.qcow2") > 0;
        case QCOW2_HALF -> sizeInWorkspace(output, "disk.qcow2") > 20 << 20;
      };
    }

    private static long sizeInWorkspace(Path output, String name) throws IOException {
      for (Path workspace : workspaces(output)) {
        if (Files.exists(workspace.resolve(name))) {
          return Files.size(workspace.resolve(name));
        }
      }
      return 0;
    }
  }

  @BeforeAll
  void prepare() throws IOException, InterruptedException {
    dir = Launcher.directory("bib-killed");
    bib = Launcher.install(dir);
    lean = ImageLayout.lean(Launcher.EXAMPLE, dir.resolve("lean"));
    reference = dir.resolve("reference");
    Result result = start(reference).await();
    assertThat(result.status()).as(result.err()).isZero();
  }

  @AfterAll
  void deleteAll() throws IOException, InterruptedException {
    Tools.run("rm", "-rf", dir.toString());
  }

  /** An output directory with what an earlier build made. */
  @BeforeEach
  void makeOutput() throws IOException, InterruptedException {
    output = dir.resolve("out");
    Tools.checked("rm", "-rf", output.toString());
    for (String name : OUTPUTS) {
      Files.createDirectories(output.resolve(name).getParent());
      Files.writeString(output.resolve(name), "of an earlier build");
    }
    Tools.checked("chown", "-R", Launcher.NOBODY, output.toString());
    before = Snapshot.of(output);
  }

  private Launcher.Running start(Path directory) throws IOException {
    return bib.start(
        Map.of(),
        "build",
        "--progress=verbose",
        "--type=qcow2",
        "--type=raw",
        "--disk-size=minimal",
        "--output",
        directory.toString(),
        "oci:" + lean.directory());
  }

  /** Starts a build and gives it a signal when a moment has come. */
  private Launcher.Running signalled(String signal, Moment moment)
      throws IOException, InterruptedException {
    for (int tries = 0; tries < MAX_TRIES; tries++) {
      makeOutput();
      Launcher.Running build = start(output);
      while (build.process().isAlive() && !moment.isReached(build, output)) {
        Thread.sleep(1);
      }
      if (Tools.run("kill", "-" + signal, "" + build.process().pid()).status() == 0
          && (!signal.equals("STOP") || workspaces(output).size() == 1)) {
        return build;
      }
      build.await();
    }
    throw new AssertionError("never in time for " + moment);
  }

  private static List<Path> workspaces(Path output) throws IOException {
    try (Stream<Path> entries = Files.list(output)) {
      return entries.filter(path -> path.getFileName().toString().startsWith(".bib-")).toList();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "INT, 130, LAYERS",
    "INT, 130, DEPLOYMENT",
    "INT, 130, DISK",
    "INT, 130, QCOW2",
    "INT, 130, QCOW2_HALF",
    "TERM, 143, LAYERS",
    "TERM, 143, DEPLOYMENT",
    "TERM, 143, DISK",
    "TERM, 143, QCOW2_HALF",
    "HUP, 129, QCOW2",
  })
  void aSignalEndsABuildAndNothingIsLeft(String signal, int status, Moment moment)
      throws IOException, InterruptedException {
    for (int tries = 0; tries < MAX_TRIES; tries++) {
      Launcher.Running build = signalled(signal, moment);
      Result result = build.await();
      if (result.status() != 0) { // or it was done when the signal came
        result.failed(status, "interrupted");
        assertThat(Snapshot.of(output)).isEqualTo(before);
        return;
      }
    }
    throw new AssertionError("never in time for " + moment);
  }

  @Test
  void aSignalBeforeAnythingIsDoneEndsBib() throws IOException, InterruptedException {
    Launcher.Running build = signalled("TERM", Moment.START);
    assertThat(build.await().status()).isEqualTo(143);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "START")
  void whatAKillLeavesTheNextBuildTakesAway(Moment moment)
      throws IOException, InterruptedException {
    Launcher.Running build = signalled("KILL", moment);
    Result killed = build.await();
    assertThat(killed.status()).isEqualTo(137);
    for (String name : OUTPUTS) {
      assertThat(output.resolve(name)).hasContent("of an earlier build");
    }
    for (Path workspace : workspaces(output)) {
      try (Stream<Path> left = Files.list(workspace)) {
        assertThat(left.map(path -> path.getFileName().toString()))
            .as("contents have no names")
            .allMatch(name -> name.matches("disk\\.raw|disk\\.qcow2|\\.mke2fs.*"));
      }
    }
    Result next = start(output).await();
    assertThat(next.status()).as(next.err()).isZero();
    assertThat(workspaces(output)).isEmpty();
    assertBuilt();
  }

  @Test
  void buildsBesideEachOtherAllSucceed() throws IOException, InterruptedException {
    List<Launcher.Running> builds = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      builds.add(start(output));
    }
    for (Launcher.Running build : builds) {
      Result result = build.await();
      assertThat(result.status()).as(result.err()).isZero();
    }
    assertThat(workspaces(output)).isEmpty();
    assertBuilt();
  }

  @Test
  void aBuildThatRunsKeepsItsWorkspace() throws IOException, InterruptedException {
    Launcher.Running stopped = signalled("STOP", Moment.DISK);
    List<Path> workspace = workspaces(output);
    assertThat(workspace).hasSize(1);
    Result other = start(output).await();
    assertThat(other.status()).as(other.err()).isZero();
    assertThat(workspaces(output)).isEqualTo(workspace);
    Tools.checked("kill", "-CONT", "" + stopped.process().pid());
    Result result = stopped.await();
    assertThat(result.status()).as(result.err()).isZero();
    assertThat(workspaces(output)).isEmpty();
    assertBuilt();
  }

  /** What only looks like a workspace, or is one that cannot be deleted, is nobody's business. */
  @Test
  void otherDirectoriesStayAsTheyAre() throws IOException, InterruptedException {
    Path named = Files.createDirectory(output.resolve(".bib-notes"));
    Files.createFile(output.resolve(".bib-123"));
    Path elsewhere = Files.createDirectory(dir.resolve("elsewhere"));
    Files.createFile(elsewhere.resolve("precious"));
    Files.createSymbolicLink(output.resolve(".bib-456"), elsewhere);
    Path foreign = Files.createDirectory(output.resolve(".bib-789"));
    Files.createFile(foreign.resolve("file"));
    Result result = start(output).await();
    assertThat(result.status()).as(result.err()).isZero();
    assertThat(workspaces(output))
        .containsExactlyInAnyOrder(
            named, output.resolve(".bib-123"), output.resolve(".bib-456"), foreign);
    assertThat(elsewhere.resolve("precious")).exists();
    assertThat(foreign.resolve("file")).exists();
  }

  @Test
  void allOutputsAreReplacedOrNone() throws IOException, InterruptedException {
    Launcher.Running build = signalled("STOP", Moment.DISK);
    // A disk.raw that cannot be replaced, while qcow2/disk.qcow2 can.
    Files.delete(output.resolve("image/disk.raw"));
    Files.createDirectories(output.resolve("image/disk.raw/in-the-way"));
    before = Snapshot.of(output).without(workspaces(output).get(0).getFileName().toString());
    Tools.checked("kill", "-CONT", "" + build.process().pid());
    build
        .await()
        .failed(1, "output " + output + "/image/disk.raw: cannot be replaced: is a directory");
    assertThat(Snapshot.of(output)).isEqualTo(before);
  }

  private void assertBuilt() throws IOException {
    for (String name : OUTPUTS) {
      assertThat(Files.mismatch(output.resolve(name), reference.resolve(name)))
          .as(name)
          .isEqualTo(-1);
    }
  }
}
