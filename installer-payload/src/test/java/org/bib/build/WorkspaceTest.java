package org.bib.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bib.failure.BuildException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkspaceTest {
  @TempDir Path output;

  @Test
  void takesWithItWhatIsInIt() throws IOException {
    Workspace workspace = Workspace.create(output);
    Files.createDirectories(workspace.directory().resolve("a/b"));
    Files.createFile(workspace.directory().resolve("a/b/c"));
    workspace.close();
    workspace.close();
    assertThat(output).isEmptyDirectory();
  }

  @Test
  void takesAwayTheDirectoriesMadeForIt() throws IOException {
    Workspace.create(output.resolve("a/b")).close();
    assertThat(output).isEmptyDirectory();
    try (Workspace workspace = Workspace.create(output.resolve("a/b"))) {
      assertThat(workspace.directory()).isDirectory();
      Files.createFile(output.resolve("a/precious"));
    }
    assertThat(output.resolve("a")).isDirectoryNotContaining("glob:**/b");
    assertThat(output.resolve("a/precious")).exists();
  }

  @Test
  void deletesThoseThatNobodyHolds() throws IOException {
    Path abandoned = Files.createDirectory(output.resolve(".bib-1"));
    Files.createFile(abandoned.resolve("disk.raw"));
    Path other = Files.createDirectory(output.resolve(".bib-notes"));
    try (Workspace one = Workspace.create(output);
        Workspace two = Workspace.create(output)) {
      assertThat(one.directory()).exists();
      assertThat(two.directory()).exists();
      assertThat(abandoned).doesNotExist();
      assertThat(other).exists();
    }
  }

  @Test
  void isNoneBelowAFile() throws IOException {
    Path file = Files.createFile(output.resolve("file"));
    assertThatThrownBy(() -> Workspace.create(file))
        .isInstanceOf(BuildException.class)
        .hasMessageStartingWith("output directory " + file + ": is not a directory; ");
    assertThatThrownBy(() -> Workspace.create(file.resolve("a")))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining(file + " is not a directory");
  }

  @Test
  void tellsALackOfSpaceWhereverItShows() throws Exception {
    try (Workspace workspace = Workspace.create(output)) {
      IOException deep =
          new IOException("mke2fs", new IOException("write: No space left on device"));
      assertThatThrownBy(
              () ->
                  workspace.writing(
                      "the disk",
                      () -> {
                        throw deep;
                      }))
          .isInstanceOf(BuildException.class)
          .hasMessageStartingWith("writing the disk: no space left in " + output + ", which had ");
    }
  }
}
