package org.bib.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the launcher says of the example OS, and of images derived from it by umoci. */
class LintTest {
  private static final Path TOP = Path.of("..").toAbsolutePath().normalize();

  @TempDir Path dir;

  private record Result(int status, String out, String err) {}

  @Test
  void theExampleHasNothingFatal() throws IOException, InterruptedException {
    Result lint = bib("lint", "oci:" + TOP.resolve("build/example-os") + ":latest");
    assertThat(lint.status()).as(lint.err()).isZero();
    assertThat(lint.out()).doesNotContain("fatal: ").contains("\n0 fatal, ");
    try (var left = Files.list(dir)) {
      assertThat(left.filter(Files::isDirectory)).isEmpty();
    }
  }

  @Test
  void allFatalFindingsStopABuildAtOnce() throws IOException, InterruptedException {
    Path layer = Files.createDirectories(dir.resolve("layer"));
    Files.createDirectories(layer.resolve("var/run"));
    write(layer.resolve("usr/lib/bootc/kargs.d/99-bad.toml"), "kargs = 'quiet'\n");
    write(layer.resolve("usr/lib/modules/0-other/vmlinuz"), "x");
    write(layer.resolve("boot/EFI/Linux/os.efi"), "MZ");
    write(
        layer.resolve("usr/share/containers/systemd/app.container"),
        "[Container]\nImage=registry.example/app:1\n");
    Files.createSymbolicLink(
        Files.createDirectories(layer.resolve("usr/lib/bootc/bound-images.d"))
            .resolve("app.container"),
        Path.of("/usr/share/containers/systemd/app.container"));
    String image = "oci:" + derive(layer) + ":gzip";

    Result lint = bib("lint", image);
    assertThat(lint.status()).isEqualTo(1);
    assertThat(lint.out())
        .contains(
            "fatal: sealed: sealed images (UKI, composefs backend) are not supported yet, and this"
                + " image boots /boot/EFI/Linux/os.efi;",
            "fatal: kernel: several kernels below /usr/lib/modules: 0-other, ",
            "fatal: var-run: /var/run is not a symbolic link\n",
            "fatal: bootc-kargs: /usr/lib/bootc/kargs.d/99-bad.toml of the image: kargs is not an"
                + " array\n",
            "warning: bound-images: registry.example/app:1 will be missing at first boot: ",
            "\n4 fatal, ");
    assertThat(lint.err()).doesNotContain("error: ");

    Result build = bib("build", "--type", "raw", "--output", "out", image);
    assertThat(build.status()).isEqualTo(1);
    assertThat(build.err().lines().filter(line -> line.startsWith("error: ")))
        .singleElement()
        .asString()
        .startsWith("error: the image cannot be deployed, 4 findings: (1) sealed: ")
        .contains("; (2) kernel: ", "; (3) var-run: ", "; (4) bootc-kargs: ");
    assertThat(build.err())
        .endsWith("\nhint: correct the image; bib lint tells its findings without building\n");
    assertThat(build.err()).contains("warning: bound-images: registry.example/app:1 will be");
    assertThat(dir.resolve("out")).doesNotExist();
  }

  @Test
  void aNameThatIsNotUtf8IsToldAsItIs() throws IOException, InterruptedException {
    Path layer = Files.createDirectories(dir.resolve("layer/usr/share"));
    checked("sh", "-c", "touch \"$1/caf$(printf '\\351')\"", "sh", layer.toString());
    Result lint = bib("lint", "oci:" + derive(dir.resolve("layer")) + ":gzip");
    assertThat(lint.status()).isEqualTo(1);
    assertThat(lint.err())
        .contains(
            "caf\\xe9\" is not UTF-8, which ostree cannot store\nhint: rename it in the image\n");
  }

  /** The example with one more layer. */
  private Path derive(Path layer) throws IOException, InterruptedException {
    Path image = dir.resolve("image");
    Path tar = dir.resolve("layer.tar");
    // No links into what was assembled: umoci collects garbage.
    checked("cp", "-r", TOP.resolve("build/example-os").toString(), image.toString());
    checked("tar", "--owner=0", "--group=0", "-C", layer.toString(), "-cf", tar.toString(), ".");
    checked("umoci", "raw", "add-layer", "--image", image + ":gzip", tar.toString());
    return image;
  }

  private static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private Result bib(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(TOP.resolve("bib").toString()));
    command.addAll(List.of(arguments));
    Path out = dir.resolve("out.txt");
    Path err = dir.resolve("err.txt");
    ProcessBuilder builder = new ProcessBuilder(command).directory(dir.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    return new Result(process.waitFor(), Files.readString(out), Files.readString(err));
  }

  private static void checked(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(String.join(" ", command) + "\n" + said).isZero();
  }
}
