package org.bib.mount;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bib.disk.Content;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@NullMarked
class FstabTest {
  private final DirectoryNode etc = new DirectoryNode(Metadata.root(0755));

  @TempDir private Path dir = Path.of("");

  @Test
  void theFileOfTheImageIsReplaced() throws IOException {
    etc.put("fstab", file("old\n"));
    Fstab.write(
        etc,
        List.of(
            new Mount("UUID=1", "/boot", "auto", "ro", 0, 0),
            new Mount("UUID=2", "/var/data", "ext4", "defaults", 0, 2)));
    assertThat(text()).isEqualTo("UUID=1 /boot auto ro 0 0\nUUID=2 /var/data ext4 defaults 0 2\n");
  }

  @Test
  void withoutMountsItStays() throws IOException {
    etc.put("fstab", file("old\n"));
    Fstab.write(etc, List.of());
    assertThat(text()).isEqualTo("old\n");
  }

  @Test
  void findmntReadsNamesWithBlanksAndBackslashes() throws IOException, InterruptedException {
    String where = "/var/my data\\ #1\t";
    Fstab.write(etc, List.of(new Mount("#1", where, "ext4", "defaults", 1, 2)));
    Path tab = Files.writeString(dir.resolve("fstab"), text());
    ProcessBuilder builder =
        new ProcessBuilder(
                "findmnt", "--tab-file", tab.toString(), "-n", "-r", "-v", "-e", "-o", "TARGET")
            .redirectErrorStream(true);
    builder.environment().put("LC_ALL", "C.UTF-8");
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    // --raw tells blanks and backslashes as hexadecimal escapes.
    assertThat(said.strip()).isEqualTo("/var/my\\x20data\\x5c\\x20#1\\x09");
  }

  private static FileNode file(String text) {
    return new FileNode(Metadata.root(0644), Content.of(text.getBytes(StandardCharsets.UTF_8)));
  }

  private String text() throws IOException {
    FileNode fstab = (FileNode) etc.find("fstab").orElseThrow();
    ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(fstab.content().size()));
    fstab.content().read(0, bytes);
    return StandardCharsets.UTF_8.decode(bytes.flip()).toString();
  }
}
