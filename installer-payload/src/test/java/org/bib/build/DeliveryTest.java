package org.bib.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bib.failure.BuildException;
import org.bib.scratch.DirectoryLock;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeliveryTest {
  @TempDir Path output;
  private Path workspace = Path.of("");
  private final Map<String, Path> files = new LinkedHashMap<>();

  @BeforeEach
  void write() throws IOException {
    workspace = Files.createDirectory(output.resolve("workspace"));
    for (String name : List.of("a/one", "b/two")) {
      files.put(name, Files.writeString(workspace.resolve(name.substring(2)), name));
    }
  }

  @Test
  void replacesWhatIsThere() throws IOException, InterruptedException {
    Files.createDirectory(output.resolve("b"));
    Files.writeString(output.resolve("b/two"), "before");
    assertThat(new Delivery(output, workspace).deliver(files))
        .containsExactly(output.resolve("a/one"), output.resolve("b/two"));
    assertThat(output.resolve("a/one")).hasContent("a/one");
    assertThat(output.resolve("b/two")).hasContent("b/two");
  }

  @Test
  void givesBackWhatItReplacedWhenALaterOneFails() throws IOException, InterruptedException {
    Files.createDirectory(output.resolve("a"));
    Files.writeString(output.resolve("a/one"), "before");
    Files.createDirectories(output.resolve("b/two/in-the-way"));
    assertThatThrownBy(() -> new Delivery(output, workspace).deliver(files))
        .isInstanceOf(BuildException.class)
        .hasMessageStartingWith(
            "output " + output.resolve("b/two") + ": cannot be replaced: is a directory; ");
    assertThat(output.resolve("a/one")).hasContent("before");
    assertThat(output.resolve("b/two/in-the-way")).exists();
  }

  @Test
  void takesAwayWhatWasNotThereWhenALaterOneFails() throws IOException, InterruptedException {
    Files.createDirectories(output.resolve("b/two"));
    assertThatThrownBy(() -> new Delivery(output, workspace).deliver(files))
        .isInstanceOf(BuildException.class);
    assertThat(output.resolve("a")).doesNotExist();
    assertThat(output.resolve("b/two")).isEmptyDirectory();
  }

  @Test
  void doesNotWaitForEverForWhoHoldsTheDirectory() throws IOException, InterruptedException {
    try (DirectoryLock lock = DirectoryLock.take(output)) {
      assertThat(lock).isNotNull();
      assertThat(DirectoryLock.take(output)).isNull();
      assertThat(new Delivery(output, workspace).deliver(files)).hasSize(2);
    }
  }

  @Test
  void knowsBeforehandWhatCannotBeReplaced() throws IOException, InterruptedException {
    Delivery.check(output.resolve("new/er"), List.of("a/one"));
    Files.createDirectories(output.resolve("b/two"));
    Path file = Files.createFile(output.resolve("file"));
    assertThatThrownBy(() -> Delivery.check(output, List.of("a/one", "b/two")))
        .hasMessageStartingWith("output " + output.resolve("b/two") + ": is a directory; ");
    assertThatThrownBy(() -> Delivery.check(output, List.of("file/x")))
        .hasMessageStartingWith("output " + file.resolve("x") + ": " + file + " is not a ");
    assertThatThrownBy(() -> Delivery.check(file, List.of("x")))
        .hasMessageStartingWith("output directory " + file + ": is not a directory; ");
  }
}
