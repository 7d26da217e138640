package org.bib.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * What {@code docs/coming-from-bootc-image-builder.md} says of flags and paths is what bib does.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ComingFromPeerTest {
  private static final Pattern FLAG =
      Pattern.compile(
          "^\\| `(--[a-z-]+)` \\| (same|differs|no effect|refused) \\|", Pattern.MULTILINE);

  /** A value for each flag; none for those that take none. */
  private static final Map<String, List<String>> VALUES =
      Map.ofEntries(
          Map.entry("--type", List.of("qcow2", "raw", "ami")),
          Map.entry("--rootfs", List.of("ext4")),
          Map.entry("--target-arch", List.of("x86_64", "amd64")),
          Map.entry("--output", List.of("/tmp")),
          Map.entry("--chown", List.of("65534", "65534:65534")),
          Map.entry("--progress", List.of("auto", "term", "verbose", "debug", "json")),
          Map.entry("--log-level", List.of("debug", "info", "error")),
          Map.entry("--seed", List.of("7")),
          Map.entry("--store", List.of("/store")),
          Map.entry("--rpmmd", List.of("/rpmmd")),
          Map.entry("--use-librepo", List.of("true")),
          Map.entry("--build-container", List.of("x")),
          Map.entry("--installer-payload-ref", List.of("x")),
          Map.entry("--aws-ami-name", List.of("x")),
          Map.entry("--aws-bucket", List.of("x")),
          Map.entry("--aws-region", List.of("x")),
          Map.entry("--tls-verify", List.of("", "false")));

  private Path dir = Path.of("");
  private Launcher bib = Launcher.NONE;
  private String image = "";
  private String page = "";

  @BeforeAll
  void prepare() throws IOException, InterruptedException {
    dir = Launcher.directory("bib-coming");
    bib = Launcher.install(dir);
    Path tiny = dir.resolve("tiny");
    Tools.checked(
        Launcher.TOP.resolve("builder-cli/src/training/make-image").toString(), tiny.toString());
    image = "oci:" + tiny;
    page = Files.readString(Launcher.TOP.resolve("docs/coming-from-bootc-image-builder.md"));
  }

  @AfterAll
  void deleteAll() throws IOException, InterruptedException {
    Tools.run("rm", "-rf", dir.toString());
  }

  @Test
  void everyFlagDoesWhatTheTableSays() throws IOException, InterruptedException {
    Map<String, String> flags = new LinkedHashMap<>();
    for (MatchResult row : FLAG.matcher(page).results().toList()) {
      flags.put(row.group(1), row.group(2));
    }
    assertThat(flags)
        .hasSizeGreaterThan(20)
        .containsValues("same", "differs", "no effect", "refused");
    for (Map.Entry<String, String> flag : flags.entrySet()) {
      for (String value : values(flag.getKey())) {
        check(flag.getKey(), value, flag.getValue());
      }
    }
  }

  private List<String> values(String flag) throws IOException {
    if (flag.equals("--config")) {
      return List.of(
          Files.writeString(dir.resolve("config.toml"), "").toString(),
          Files.writeString(dir.resolve("config.json"), "{}").toString());
    }
    return VALUES.getOrDefault(flag, List.of(""));
  }

  private void check(String flag, String value, String verdict)
      throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(List.of("build", "--dry-run"));
    words.add(value.isEmpty() ? flag : flag + "=" + value);
    if (!flag.equals("--output")) {
      words.add("--output=" + dir);
    }
    words.add(image);
    Result result = bib.run(words.toArray(String[]::new));
    String said = String.join(" ", words) + "\n" + result.err();
    if (verdict.equals("refused")) {
      assertThat(result.status()).as(said).isEqualTo(2);
      assertThat(result.err()).as(said).startsWith("error: --").contains(flag);
    } else if (flag.equals("--local")) {
      // A layout is no name of the storage: that this is looked for there shows the effect.
      result.failed(1, "containers-storage:*");
      assertThat(result.err()).as(said).contains("containers-storage:");
    } else {
      assertThat(result.status()).as(said).isZero();
      assertThat(result.err().contains(flag + " has no effect: "))
          .as(said)
          .isEqualTo(verdict.equals("no effect"));
    }
  }

  @Test
  void theReplacementOfTheCommandMakesWhatTheTableNames() throws IOException, InterruptedException {
    Files.writeString(dir.resolve("config.toml"), "");
    String command = "bib --type qcow2 --config config.toml --output output quay.io/x/os:1";
    assertThat(page).contains("\n" + command + "\n");
    Path output = Launcher.directory("bib-coming-output");
    try {
      String script =
          command
              .replace("bib ", "\"$0\" --type raw ")
              .replace("config.toml", dir.resolve("config.toml").toString())
              .replace("--output output", "--disk-size minimal --output " + output)
              .replace("quay.io/x/os:1", image);
      Result result = bib.shell(script);
      assertThat(result.status()).as(result.err()).isZero();
      for (String path : List.of("qcow2/disk.qcow2", "image/disk.raw")) {
        assertThat(page).contains("| `" + path + "`");
        assertThat(output.resolve(path)).isRegularFile();
        assertThat(result.out()).contains(output.resolve(path) + "\n");
      }
      assertThat(output.resolve("manifest-raw-qcow2.json")).isRegularFile();
    } finally {
      Tools.run("rm", "-rf", output.toString());
    }
  }
}
