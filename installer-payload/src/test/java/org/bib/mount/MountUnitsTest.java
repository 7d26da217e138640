package org.bib.mount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.bib.disk.Content;
import org.bib.failure.BuildException;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.SymlinkNode;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@NullMarked
class MountUnitsTest {
  private static final String ID = "01234567-89ab-4def-8123-456789abcdef";
  private static final List<Mount> MOUNTS =
      List.of(
          new Mount("UUID=" + ID, "/var/50% of-it", "ext4", "defaults,nodev", 0, 2),
          new Mount("UUID=" + ID, "none", "swap", "defaults", 0, 0));

  private final DirectoryNode etc = new DirectoryNode(Metadata.root(0755));

  @TempDir private Path dir = Path.of("");

  @Test
  void aMountIsAUnitThatLocalFilesystemsRequire() throws IOException {
    MountUnits.write(etc, MOUNTS);
    String name = "var-50\\x25\\x20of\\x2dit.mount";
    assertThat(text("systemd/system/" + name))
        .isEqualTo(
            """
            [Unit]
            Description=/var/50%% of-it

            [Mount]
            What=/dev/disk/by-uuid/01234567-89ab-4def-8123-456789abcdef
            Where=/var/50%% of-it
            Type=ext4
            Options=defaults,nodev

            [Install]
            RequiredBy=local-fs.target
            """);
    SymlinkNode link =
        (SymlinkNode) etc.find("systemd/system/local-fs.target.requires/" + name).orElseThrow();
    assertThat(link.target()).isEqualTo("../" + name);
  }

  @Test
  void swapIsAUnitThatTheSwapTargetRequires() throws IOException {
    MountUnits.write(etc, MOUNTS);
    String name = "dev-disk-by\\x2duuid-01234567\\x2d89ab\\x2d4def\\x2d8123\\x2d456789abcdef.swap";
    assertThat(text("systemd/system/" + name))
        .contains("[Swap]\nWhat=/dev/disk/by-uuid/" + ID + "\nOptions=defaults\n");
    assertThat(etc.find("systemd/system/swap.target.requires/" + name)).isPresent();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/var", "/var/a-b", "/.hidden/x", "/a.b:c_d", "/\u00fc \\ \"", "/%"})
  void namesAreThoseOfSystemdEscape(String path) throws IOException, InterruptedException {
    assertThat(MountUnits.escaped(path)).isEqualTo(run("systemd-escape", "-p", path).strip());
  }

  @Test
  void systemdFindsNothingWrong() throws IOException, InterruptedException {
    MountUnits.write(
        etc, List.of(new Mount("UUID=" + ID, "/mnt", "ext4", "defaults", 0, 2), MOUNTS.get(1)));
    Path units = Files.createDirectory(dir.resolve("units"));
    DirectoryNode system = (DirectoryNode) etc.find("systemd/system").orElseThrow();
    for (String name : system.children().keySet()) {
      if (system.child(name) instanceof FileNode) {
        Path unit = Files.writeString(units.resolve(name), text("systemd/system/" + name));
        assertThat(run("systemd-analyze", "verify", "--man=no", unit.toString()).lines())
            .noneMatch(line -> line.toLowerCase(Locale.ROOT).contains("unknown"))
            .noneMatch(line -> line.contains(units.toString()));
      }
    }
  }

  @Test
  void aFileInTheWayIsRefused() {
    etc.put("systemd", new FileNode(Metadata.root(0644), Content.EMPTY));
    assertThatThrownBy(() -> MountUnits.write(etc, MOUNTS))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("is no directory");
  }

  private String text(String path) throws IOException {
    FileNode file = (FileNode) etc.find(path).orElseThrow();
    ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(file.content().size()));
    file.content().read(0, bytes);
    return StandardCharsets.UTF_8.decode(bytes.flip()).toString();
  }

  private static String run(String... command) throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("LC_ALL", "C.UTF-8");
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }
}
