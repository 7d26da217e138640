package org.bib.selinux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.bib.disk.Content;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the machine's libselinux says of the same files. */
class FileContextsOracleTest {
  private static final List<String> SUFFIXES =
      List.of("", ".homedirs", ".local", ".subs", ".subs_dist");

  @TempDir Path directory;

  /** Packages selinux-policy-default and selinux-policy-mls. */
  @ParameterizedTest
  @ValueSource(strings = {"default", "mls"})
  void agreesOnPathsMadeFromDebiansPolicies(String type) throws IOException {
    copyPolicy(type);
    Set<String> paths = pathsOf(new Random(1), 2);
    assertThat(paths).hasSizeGreaterThan(10_000);
    assertAgreement(paths);

    append(".subs_dist", "/usr/etc /etc\n/var/home /home\n/var/roothome /root\n");
    append(".subs", "/srv/homes /var/home\n");
    append(".local", "/opt/[^/]+/etc(/.*)? -d system_u:object_r:etc_t:s0\n/opt/none <<none>>\n");
    Set<String> aliased = new LinkedHashSet<>(pathsOf(new Random(2), 1));
    for (String path : paths) {
      if (path.startsWith("/etc/")) {
        aliased.add("/usr" + path);
      }
      if (path.startsWith("/home/")) {
        aliased.add("/var" + path);
        aliased.add("/srv/homes" + path.substring("/home".length()));
      }
    }
    assertAgreement(aliased);
  }

  /** Other paths than the many above; the time is that of the thread, the parsing included. */
  @Test
  void hundredThousandPathsTakeLessThanTwoSeconds() throws IOException {
    copyPolicy("default");
    List<String> paths = new ArrayList<>();
    for (int i = 0; i < 100_000; i++) {
      paths.add(
          String.format(
              "/usr/%s/package-%d/%d/file_%x.so.%d",
              List.of("lib", "share", "lib/python3/dist-packages", "libexec").get(i % 4),
              i / 50,
              i % 7,
              i * 31,
              i % 5));
    }
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long start = threads.getCurrentThreadCpuTime();
    FileContexts contexts = contexts();
    int labelled = 0;
    for (String path : paths) {
      labelled += contexts.lookup(path, FileKind.REGULAR).isPresent() ? 1 : 0;
    }
    assertThat(labelled).isEqualTo(paths.size());
    assertThat(threads.getCurrentThreadCpuTime() - start).isLessThan(2_000_000_000L);
  }

  @Test
  void agreesOnPoliciesMadeUp() throws IOException {
    for (int seed = 0; seed < 100; seed++) {
      RandomPolicy policy = new RandomPolicy(new Random(seed));
      Files.writeString(files().resolve("file_contexts"), policy.specifications(60));
      Files.writeString(files().resolve("file_contexts.homedirs"), policy.specifications(20));
      Files.writeString(
          files().resolve("file_contexts.local"), policy.specifications(10) + policy.exceptions());
      Files.writeString(files().resolve("file_contexts.subs"), policy.aliases());
      Files.writeString(files().resolve("file_contexts.subs_dist"), policy.aliases());
      Set<String> paths = new LinkedHashSet<>(policy.paths(100));
      paths.addAll(pathsOf(new Random(seed), 1));
      assertAgreement(paths);
    }
  }

  /** Without the compiled files, which libselinux would read in place of the text. */
  private void copyPolicy(String type) throws IOException {
    Path installed = Path.of("/etc/selinux", type, "contexts/files/file_contexts");
    assertThat(installed).as("of package selinux-policy-" + type).exists();
    for (String suffix : SUFFIXES) {
      Path file = installed.resolveSibling("file_contexts" + suffix);
      if (Files.exists(file)) {
        Files.copy(file, files().resolve("file_contexts" + suffix));
      }
    }
  }

  private Path files() throws IOException {
    return Files.createDirectories(directory.resolve("etc/selinux/t/contexts/files"));
  }

  private void append(String suffix, String text) throws IOException {
    Path file = files().resolve("file_contexts" + suffix);
    Files.writeString(file, (Files.exists(file) ? Files.readString(file) : "") + text);
  }

  private FileContexts contexts() throws IOException {
    Files.writeString(
        directory.resolve("etc/selinux/config"), "SELINUX=enforcing\nSELINUXTYPE=t\n");
    return SelinuxPolicy.find(
            path ->
                Files.exists(directory.resolve(path))
                    ? Optional.of(Content.of(bytes(directory.resolve(path))))
                    : Optional.empty())
        .orElseThrow();
  }

  private void assertAgreement(Set<String> paths) throws IOException {
    FileContexts contexts = contexts();
    List<String> differences = new ArrayList<>();
    try (LibSelinux libselinux = LibSelinux.open(files().resolve("file_contexts"))) {
      for (String path : paths) {
        for (FileKind kind : FileKind.values()) {
          String label = contexts.lookup(path, kind).orElse("none");
          String expected = libselinux.lookup(path, kind);
          if (!label.equals(expected)) {
            differences.add(path + " " + kind + ": " + label + ", libselinux: " + expected);
          }
        }
      }
    }
    assertThat(differences).isEmpty();
  }

  private static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Paths that the lines of the policy may be for, and neighbours of these. */
  private Set<String> pathsOf(Random random, int each) throws IOException {
    Set<String> paths = new LinkedHashSet<>(List.of("/", "/proc", "/usr/etc", "/nowhere/at/all"));
    for (String suffix : SUFFIXES) {
      Path file = files().resolve("file_contexts" + suffix);
      if (!Files.exists(file)) {
        continue;
      }
      for (String line : Files.readString(file, StandardCharsets.US_ASCII).split("\n", -1)) {
        List<String> words = Words.of(line);
        if (words.isEmpty() || !words.get(0).startsWith("/")) {
          continue;
        }
        for (int i = 0; i < each; i++) {
          String path = RandomPolicy.instance(words.get(0), random);
          paths.add(path);
          paths.add(RandomPolicy.neighbour(path, random));
        }
      }
    }
    return paths;
  }
}
