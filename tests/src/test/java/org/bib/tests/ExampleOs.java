package org.bib.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The example OS, unpacked once by umoci: a tree to compare with, and newer tools than ours. */
final class ExampleOs {
  private static final Path IMAGE = Path.of("../build/example-os").toAbsolutePath().normalize();
  private static final Path ROOTFS = unpack();

  private ExampleOs() {}

  /** The tree of the image. */
  static Path rootfs() {
    return ROOTFS;
  }

  /** Runs a program of the image on files of this machine, with its own libraries. */
  static String run(String program, String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(ROOTFS.resolve("usr/lib64/ld-linux-x86-64.so.2").toString());
    command.addAll(
        List.of("--library-path", ROOTFS.resolve("usr/lib/x86_64-linux-gnu").toString()));
    command.add(ROOTFS.resolve("usr/bin").resolve(program).toString());
    command.addAll(List.of(arguments));
    return start(command);
  }

  private static Path unpack() {
    assertThat(IMAGE.resolve("oci-layout")).as("made by tests/run").exists();
    try {
      Path bundle = Files.createTempDirectory("bib-example-os");
      Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(bundle)));
      start(List.of("umoci", "unpack", "--image", IMAGE + ":gzip", bundle.resolve("b").toString()));
      return bundle.resolve("b/rootfs");
    } catch (IOException | InterruptedException e) {
      throw new AssertionError("the example OS cannot be unpacked", e);
    }
  }

  private static void delete(Path bundle) {
    try {
      start(List.of("rm", "-rf", bundle.toString()));
    } catch (IOException | InterruptedException e) {
      throw new AssertionError("the example OS cannot be removed", e);
    }
  }

  private static String start(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(String.join(" ", command) + "\n" + out).isZero();
    return out;
  }
}
