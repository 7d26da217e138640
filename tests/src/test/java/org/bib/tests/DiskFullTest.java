package org.bib.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Filesystems that are too small for a build, by so much that each of its steps is hit. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DiskFullTest {
  /** Enough for everything. */
  private static final int LARGE_MEBIBYTES = 512;

  private static final int MAX_BUILDS = 24;
  private static final String DONE = "done";
  private static final Pattern WORDS =
      Pattern.compile(
          "writing (.*): (no space left in /.*, which had [0-9]+ (MiB|bytes) free"
              + "|it needs [0-9]+ MiB more, /.* has [0-9]+ (MiB|bytes) left)");

  private Path dir = Path.of("");
  private Path mount = Path.of("");
  private Launcher bib = Launcher.NONE;
  private ImageLayout lean = ImageLayout.NONE;

  @BeforeAll
  void prepare() throws IOException, InterruptedException {
    dir = Launcher.directory("bib-full");
    bib = Launcher.install(dir);
    lean = ImageLayout.lean(Launcher.EXAMPLE, dir.resolve("lean"));
    mount = Files.createDirectory(dir.resolve("small"));
  }

  @AfterAll
  void deleteAll() throws IOException, InterruptedException {
    Tools.run("umount", mount.toString());
    Tools.run("rm", "-rf", dir.toString());
  }

  @Test
  void everyStepOfAQcow2RunsOutOfSpace() throws IOException, InterruptedException {
    hit(Set.of("the contents of the layers", "the disk", "qcow2/disk.qcow2"), "--type=qcow2");
  }

  @Test
  void everyStepOfARawDiskRunsOutOfSpace() throws IOException, InterruptedException {
    hit(
        Set.of("the contents of the layers", "image/disk.raw before it begins", "image/disk.raw"),
        "--type=raw");
    hit(Set.of("qcow2/disk.qcow2"), "--type=qcow2", "--type=raw");
  }

  /** Builds at sizes between those that fail at different steps until all have failed. */
  private void hit(Set<String> wanted, String... types) throws IOException, InterruptedException {
    TreeMap<Integer, String> steps = new TreeMap<>();
    steps.put(1, step(1, types));
    steps.put(LARGE_MEBIBYTES, step(LARGE_MEBIBYTES, types));
    assertThat(steps).containsEntry(LARGE_MEBIBYTES, DONE);
    Set<String> missing = new TreeSet<>(wanted);
    missing.removeAll(steps.values());
    for (int builds = 0; !missing.isEmpty() && builds < MAX_BUILDS; builds++) {
      int size = between(steps);
      steps.put(size, step(size, types));
      missing.removeAll(steps.values());
    }
    assertThat(missing).as(steps.toString()).isEmpty();
  }

  /** The middle of the widest gap between two sizes that end differently. */
  private static int between(NavigableMap<Integer, String> steps) {
    int widest = 0;
    int middle = 0;
    for (var lower : steps.entrySet()) {
      var upper = steps.higherEntry(lower.getKey());
      if (upper != null && !upper.getValue().equals(lower.getValue())) {
        int width = upper.getKey() - lower.getKey();
        if (width > widest) {
          widest = width;
          middle = lower.getKey() + width / 2;
        }
      }
    }
    return middle;
  }

  /** Builds on a filesystem of a size, and returns what could not be written. */
  private String step(int mebibytes, String... types) throws IOException, InterruptedException {
    Tools.checked(
        "mount",
        "-t",
        "tmpfs",
        "-o",
        "size=" + mebibytes + "m,mode=755,uid=" + Launcher.NOBODY,
        "tmpfs",
        mount.toString());
    try {
      return build(types);
    } finally {
      Tools.checked("umount", mount.toString());
    }
  }

  private String build(String... types) throws IOException, InterruptedException {
    Files.createDirectories(mount.resolve("qcow2"));
    Files.writeString(mount.resolve("qcow2/disk.qcow2"), "an earlier disk");
    Tools.checked("chown", "-R", Launcher.NOBODY, mount.toString());
    Snapshot before = Snapshot.of(mount);
    List<String> arguments = new ArrayList<>(List.of("build", "--disk-size=minimal"));
    arguments.addAll(List.of(types));
    arguments.addAll(List.of("--output", mount.toString(), "oci:" + lean.directory()));
    Result result = bib.run(arguments.toArray(String[]::new));
    if (result.status() == 0) {
      return DONE;
    }
    result.failed(1, "writing *");
    assertThat(result.hint()).contains("free space there, or name another directory with --output");
    Matcher words = WORDS.matcher(result.error());
    assertThat(words.matches()).as(result.error()).isTrue();
    assertThat(Snapshot.of(mount)).isEqualTo(before);
    return words.group(1) + (words.group(2).startsWith("it needs") ? " before it begins" : "");
  }

  /** Where blocks are given to a file later than its bytes. */
  @Test
  void ext4RunsOutOfSpace() throws IOException, InterruptedException {
    Set<String> steps = new TreeSet<>();
    for (int mebibytes : List.of(24, 112)) {
      Path file = dir.resolve("ext4");
      Tools.checked("truncate", "-s", mebibytes + "M", file.toString());
      Tools.checked("mke2fs", "-q", "-t", "ext4", "-m", "0", file.toString());
      Tools.checked("mount", "-o", "loop", file.toString(), mount.toString());
      try {
        Tools.checked("rmdir", mount + "/lost+found");
        steps.add(build("--type=qcow2"));
      } finally {
        Tools.checked("umount", mount.toString());
        Files.delete(file);
      }
    }
    assertThat(steps).containsExactly("qcow2/disk.qcow2", "the contents of the layers");
  }

  @Test
  void thereIsNoSpaceForAWorkspace() throws IOException, InterruptedException {
    Tools.checked(
        "mount",
        "-t",
        "tmpfs",
        "-o",
        "nr_inodes=1,mode=755,uid=" + Launcher.NOBODY,
        "tmpfs",
        mount.toString());
    try {
      bib.run("build", "--output", mount.toString(), "oci:" + lean.directory())
          .failed(1, "writing a workspace: no space left in " + mount);
      bib.run("build", "--output", mount + "/a/b", "oci:" + lean.directory())
          .failed(1, "writing a workspace: no space left in " + mount + "/a/b");
    } finally {
      Tools.checked("umount", mount.toString());
    }
  }

  @Test
  void filesMayNotGrow() throws IOException, InterruptedException {
    Path output = Files.createDirectory(dir.resolve("limited"));
    Tools.checked("chown", Launcher.NOBODY, output.toString());
    bib.shell("ulimit -f 10240; exec \"$0\" build --output " + output + " oci:" + lean.directory())
        .failed(
            1,
            "writing the contents of the layers: "
                + output
                + " or ulimit -f takes no file that large");
    assertThat(output).isEmptyDirectory();
  }
}
