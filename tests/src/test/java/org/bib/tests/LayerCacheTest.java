package org.bib.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The layer cache, by what a registry is asked for and what is left on the disk. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LayerCacheTest {
  private static final String DISK = "image/disk.raw";

  private Path dir = Path.of("");
  private Launcher bib = Launcher.NONE;
  private ImageLayout image = ImageLayout.NONE;
  private ImageLayout changed = ImageLayout.NONE;
  private List<String> layers = List.of();
  private CountingRegistry registry;
  private Path cache = Path.of("");
  private int caches;

  @BeforeAll
  void prepare() throws IOException, InterruptedException {
    dir = Launcher.directory("bib-cache");
    bib = Launcher.install(dir);
    ImageLayout lean = ImageLayout.lean(Launcher.EXAMPLE, dir.resolve("lean"));
    lean.addLayer(layer("middle", 1));
    image = lean.copy(dir.resolve("image")).addLayer(layer("app", 2)).write();
    changed = lean.copy(dir.resolve("changed")).addLayer(layer("app", 3)).write();
    layers = List.of(image.layer(0), image.layer(1), image.layer(2));
    registry = new CountingRegistry(image);
  }

  private static byte[] layer(String name, int seed) {
    byte[] content = new byte[1 << 20];
    new Random(seed).nextBytes(content);
    return new TarBuilder()
        .directory("usr/share/" + name)
        .file("usr/share/" + name + "/data", content)
        .file("usr/share/" + name + "/zeros", new byte[1 << 20])
        .build();
  }

  @AfterAll
  void deleteAll() throws IOException, InterruptedException {
    registry.close();
    Tools.run("umount", dir.resolve("small").toString());
    Tools.run("rm", "-rf", dir.toString());
  }

  @BeforeEach
  void startAnew() {
    cache = dir.resolve("cache" + caches++);
    registry.serve(image);
    registry.stallNoMore();
    registry.taken();
  }

  private Map<String, String> environment() {
    return Map.of("XDG_CACHE_HOME", cache.toString(), "HOME", dir.toString(), "BIB_CACHE_SIZE", "");
  }

  private List<String> arguments(String command, String... options) {
    List<String> arguments = new ArrayList<>(List.of(command, "--tls-verify=false"));
    arguments.addAll(List.of("--target-arch=amd64", registry.image()));
    arguments.addAll(List.of(options));
    return arguments;
  }

  /** Reads the image, and builds nothing. */
  private Result lint(String... options) throws IOException, InterruptedException {
    Result result =
        bib.run(
            environment(),
            arguments(
                    "lint",
                    Stream.concat(Stream.of(options), Stream.of("--output=" + dir))
                        .toArray(String[]::new))
                .toArray(String[]::new));
    assertThat(result.err()).doesNotContain("error: ");
    return result;
  }

  private Launcher.Running start(Path output, String... options) throws IOException {
    List<String> arguments = arguments("build", "--type=raw", "--disk-size=minimal");
    arguments.addAll(List.of("--no-checksum", "--output", output.toString()));
    arguments.addAll(List.of(options));
    return bib.start(environment(), arguments.toArray(String[]::new));
  }

  private Path build(String name, String... options) throws IOException, InterruptedException {
    Path output = dir.resolve(name);
    Result result = start(output, options).await();
    assertThat(result.status()).as(result.err()).isZero();
    return output;
  }

  private Result bib(String... arguments) throws IOException, InterruptedException {
    return bib.run(environment(), arguments);
  }

  /** The names of what is in the directory of layers. */
  private List<String> left() throws IOException {
    try (Stream<Path> files = Files.list(cache.resolve("bib/layers"))) {
      return files.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  private static List<String> warnings(Result result) {
    return result
        .err()
        .lines()
        .filter(line -> line.contains("layers are not kept") || line.contains("layer cache"))
        .toList();
  }

  @Test
  void theDiskIsTheSameWithoutCacheColdAndWarm() throws IOException, InterruptedException {
    Path without = build("without", "--no-cache");
    assertThat(cache).as("no trace").doesNotExist();
    assertThat(registry.taken()).containsExactlyInAnyOrderElementsOf(layers);
    Path cold = build("cold");
    assertThat(registry.taken()).containsExactlyInAnyOrderElementsOf(layers);
    Path warm = build("warm");
    assertThat(registry.taken()).as("a second build fetches nothing").isEmpty();
    for (Path other : List.of(cold, warm)) {
      for (String name : List.of(DISK, "manifest-raw.json")) {
        assertThat(Files.mismatch(without.resolve(name), other.resolve(name))).isEqualTo(-1);
      }
    }
    registry.serve(changed);
    Path last = build("last");
    assertThat(registry.taken()).containsExactly(changed.lastLayer());
    Path fresh = build("fresh", "--no-cache");
    assertThat(Files.mismatch(last.resolve(DISK), fresh.resolve(DISK))).isEqualTo(-1);
  }

  @Test
  void cacheCommandsTellWhatIsThere() throws IOException, InterruptedException {
    assertThat(bib("cache", "ls").out()).isEqualTo("0 layers, 0 bytes\n");
    lint();
    Result ls = bib("cache", "ls");
    assertThat(ls.out().lines().filter(line -> line.endsWith("  " + registry.image()))).hasSize(3);
    assertThat(ls.out()).contains(image.lastLayer() + "  ").contains("\n3 layers, ");
    assertThat(bib("cache", "verify").out()).isEqualTo("3 layers intact, 0 damaged\n");
    Result prune = bib("cache", "prune", "--all");
    assertThat(prune.out()).startsWith("removed 3 layers, ").endsWith("; 0 layers, 0 bytes left\n");
    assertThat(left()).isEmpty();
    assertThat(prune.status() + ls.status()).isZero();
  }

  private void damage(String digest) throws IOException {
    Path file = cache.resolve("bib/layers/" + digest.replace(':', '-') + ".tar");
    try (RandomAccessFile entry = new RandomAccessFile(file.toFile(), "rw")) {
      entry.seek(entry.length() / 4);
      int old = entry.read();
      entry.seek(entry.length() / 4);
      entry.write(old ^ 0x10);
    }
  }

  @Test
  void aDamagedEntryIsNoticedAndFetchedAgain() throws IOException, InterruptedException {
    lint();
    registry.taken();
    damage(layers.get(1));
    assertThat(warnings(lint()))
        .singleElement()
        .asString()
        .startsWith("warning: layer cache: the entry of " + layers.get(1) + " is damaged ");
    assertThat(registry.taken()).containsExactly(layers.get(1));
    assertThat(warnings(lint())).isEmpty();
    assertThat(registry.taken()).isEmpty();

    damage(layers.get(2));
    Result verify = bib("cache", "verify");
    assertThat(verify.status()).isEqualTo(1);
    assertThat(verify.out())
        .isEqualTo("damaged, removed: " + layers.get(2) + "\n2 layers intact, 1 damaged\n");
    lint();
    assertThat(registry.taken()).containsExactly(layers.get(2));
  }

  @Test
  void whatAKilledBuildLeftInTheCacheIsTakenAway() throws IOException, InterruptedException {
    CountDownLatch half = registry.stall(layers.get(0));
    Launcher.Running build = start(dir.resolve("killed"));
    assertThat(half.await(1, TimeUnit.MINUTES)).isTrue();
    // Once more than a buffer has come through, something is in the file.
    Optional<Path> file = Optional.empty();
    while (file.isEmpty() && build.process().isAlive()) {
      Thread.sleep(10);
      file = unfinished();
    }
    Tools.checked("kill", "-KILL", "" + build.process().pid());
    assertThat(build.await().status()).isEqualTo(137);
    assertThat(unfinished()).isEqualTo(file).isPresent();
    registry.stallNoMore();

    build("after-kill");
    assertThat(unfinished()).isEmpty();
    assertThat(left()).hasSize(6).noneMatch(name -> name.startsWith(".bib-"));
    assertThat(bib("cache", "verify").status()).isZero();
  }

  /** A file of more than nothing in a scratch directory of the cache. */
  private Optional<Path> unfinished() throws IOException {
    Path parent = cache.resolve("bib/layers");
    if (!Files.exists(parent)) {
      return Optional.empty();
    }
    try (Stream<Path> files = Files.walk(parent)) {
      return files
          .filter(path -> path.toString().contains("/layers/.bib-"))
          .filter(path -> path.toFile().length() > 1 << 20)
          .findFirst();
    }
  }

  @Test
  void buildsBesideEachOtherShareOneCache() throws IOException, InterruptedException {
    List<Launcher.Running> builds = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      builds.add(start(dir.resolve("beside" + i)));
    }
    for (Launcher.Running build : builds) {
      Result result = build.await();
      assertThat(result.status()).as(result.err()).isZero();
      assertThat(warnings(result)).isEmpty();
    }
    for (int i = 1; i < 3; i++) {
      assertThat(
              Files.mismatch(
                  dir.resolve("beside0").resolve(DISK), dir.resolve("beside" + i).resolve(DISK)))
          .isEqualTo(-1);
    }
    assertThat(left()).hasSize(6);
    assertThat(bib("cache", "verify").status()).isZero();
  }

  @Test
  void noMoreIsKeptThanWasSaid() throws IOException, InterruptedException {
    lint("--cache-size=5 MiB"); // two of the small layers have 4 MiB
    assertThat(left()).hasSize(4);
    registry.taken();
    registry.serve(changed);
    lint("--cache-size=5 MiB");
    assertThat(registry.taken()).containsExactlyInAnyOrder(changed.layer(0), changed.lastLayer());
    assertThat(String.join(" ", left()))
        .as("what was used last stays")
        .contains(changed.layer(1).substring(7), changed.lastLayer().substring(7))
        .doesNotContain(image.lastLayer().substring(7));
  }

  @ParameterizedTest
  @CsvSource({"'', --no-cache", "'', --cache-size=0", "0, --progress=verbose"})
  void withoutACacheThereIsNoTrace(String variable, String option)
      throws IOException, InterruptedException {
    Map<String, String> environment =
        Map.of(
            "XDG_CACHE_HOME", cache.toString(), "HOME", dir.toString(), "BIB_CACHE_SIZE", variable);
    List<String> arguments = arguments("lint", option, "--output=" + dir);
    bib.run(environment, arguments.toArray(String[]::new));
    assertThat(registry.taken()).hasSize(3);
    assertThat(cache).doesNotExist();
    assertThat(dir.resolve(".cache")).doesNotExist();
  }

  @Test
  void aCacheThatCannotBeWrittenIsToldOfOnce() throws IOException, InterruptedException {
    Files.createDirectory(cache); // root's
    assertThat(warnings(lint()))
        .containsExactly("warning: layers are not kept in " + cache + "/bib: permission denied");
    assertThat(registry.taken()).hasSize(3);
  }

  @Test
  void aReadOnlyCacheIsReadAllTheSame() throws IOException, InterruptedException {
    lint();
    registry.taken();
    Tools.checked("chmod", "500", cache.resolve("bib/layers").toString());
    registry.serve(changed);
    assertThat(warnings(lint()))
        .containsExactly("warning: layers are not kept in " + cache + "/bib: permission denied");
    assertThat(registry.taken()).containsExactly(changed.lastLayer());
  }

  @Test
  void aFullCacheStopsNoBuild() throws IOException, InterruptedException {
    cache = Files.createDirectory(dir.resolve("small"));
    String options = "size=6m,mode=755,uid=" + Launcher.NOBODY;
    Tools.checked("mount", "-t", "tmpfs", "-o", options, "tmpfs", cache.toString());
    try {
      Path without = build("not-full", "--no-cache");
      Path output = dir.resolve("full");
      Result result = start(output).await();
      assertThat(result.status()).as(result.err()).isZero();
      assertThat(warnings(result))
          .containsExactly(
              "warning: layers are not kept in " + cache + "/bib: No space left on device");
      assertThat(Files.mismatch(without.resolve(DISK), output.resolve(DISK))).isEqualTo(-1);
      assertThat(left()).noneMatch(name -> name.startsWith(".bib-"));
    } finally {
      Tools.checked("umount", cache.toString());
    }
  }
}
