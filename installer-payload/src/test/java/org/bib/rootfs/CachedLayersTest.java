package org.bib.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.bib.cache.CacheDirectory;
import org.bib.cache.CacheEntry;
import org.bib.cache.LayerCache;
import org.bib.disk.ByteSize;
import org.bib.disk.Content;
import org.bib.failure.BuildException;
import org.bib.oci.CacheOptions;
import org.bib.oci.Digest;
import org.bib.oci.ImageConfig;
import org.bib.oci.SourceImage;
import org.bib.progress.BuildEvent;
import org.bib.progress.BuildListener;
import org.bib.scratch.DirectoryLock;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Node;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the layer cache saves, and that nobody sees a difference. */
class CachedLayersTest {
  private static final ByteSize LIMIT = ByteSize.mebibytes(100);

  @TempDir Path dir;

  private final List<String> warnings = new ArrayList<>();
  private final BuildListener listener =
      event -> {
        if (event instanceof BuildEvent.Warning warning) {
          synchronized (warnings) {
            warnings.add(warning.text());
          }
        }
      };

  /** An image in memory that counts how often its layers are fetched. */
  private static class CountingImage implements SourceImage {
    final List<byte[]> tars;
    final List<Layer> layers;
    final AtomicInteger fetched = new AtomicInteger();

    CountingImage(byte[]... tars) {
      this.tars = List.of(tars);
      this.layers =
          this.tars.stream()
              .map(tar -> new Layer(Digest.sha256(tar), tar.length, "tar", Digest.sha256(tar)))
              .toList();
    }

    @Override
    public Digest manifestDigest() {
      return Digest.sha256(new byte[0]);
    }

    @Override
    public byte[] manifest() {
      return new byte[0];
    }

    @Override
    public byte[] config() {
      return new byte[0];
    }

    @Override
    public ImageConfig imageConfig() {
      return new ImageConfig("amd64", "linux", Map.of(), Optional.empty());
    }

    @Override
    public Optional<String> registryName() {
      return Optional.empty();
    }

    @Override
    public List<Layer> layers() {
      return layers;
    }

    @Override
    public InputStream open(Layer layer) {
      fetched.incrementAndGet();
      return new ByteArrayInputStream(tars.get(layers.indexOf(layer)));
    }

    @Override
    public void close() {}
  }

  private CacheOptions options(ByteSize limit) {
    return new CacheOptions(dir.resolve("cache"), limit);
  }

  private CacheDirectory directory() {
    return CacheDirectory.at(dir.resolve("cache"));
  }

  private Path file(byte[] tar) {
    return dir.resolve("cache/layers/sha256-" + Digest.sha256(tar).hex() + ".tar");
  }

  /** Paths, and for files their bytes and where they have data. */
  private Map<String, String> read(SourceImage image) throws IOException, InterruptedException {
    return read(image, Optional.of(options(LIMIT)));
  }

  private Map<String, String> read(SourceImage image, Optional<CacheOptions> options)
      throws IOException, InterruptedException {
    Path workspace = Files.createTempDirectory(dir, "workspace");
    Map<String, String> files = new TreeMap<>();
    try (LayerCache cache = LayerCache.open(options, "registry.example/os:1", listener);
        ImageTree tree = ImageTree.read(image, cache, workspace, 2, listener)) {
      list("", tree.root(), files);
    }
    return files;
  }

  private static void list(String path, DirectoryNode directory, Map<String, String> files)
      throws IOException {
    for (Map.Entry<String, Node> child : directory.children().entrySet()) {
      String name = path + "/" + child.getKey();
      Node node = child.getValue();
      String text = node.metadata().toString();
      if (node instanceof FileNode file) {
        Content content = file.content();
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(content.size()));
        content.read(0, bytes);
        text += " " + Digest.sha256(bytes.array()) + " " + content.dataRanges();
      } else if (node instanceof DirectoryNode below) {
        list(name, below, files);
      }
      files.put(name, text);
    }
  }

  /** A tar with files of all kinds of content; another {@code seed} makes another one. */
  private static byte[] tar(String name, int seed) throws IOException {
    Random random = new Random(seed);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(out)) {
      byte[] small = new byte[1 + random.nextInt(3000)];
      random.nextBytes(small);
      add(tar, "usr/" + name + "/small", small);
      add(tar, "usr/" + name + "/empty", new byte[0]);
      add(tar, "usr/" + name + "/zeros", new byte[300_000]);
      byte[] holes = new byte[900_000];
      random.nextBytes(small);
      System.arraycopy(small, 0, holes, 500_000, small.length);
      holes[0] = 1;
      add(tar, "usr/" + name + "/holes", holes);
      byte[] large = new byte[700_000];
      random.nextBytes(large);
      add(tar, "usr/" + name + "/large", large);
    }
    return out.toByteArray();
  }

  private static void add(TarArchiveOutputStream tar, String path, byte[] content)
      throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(path);
    entry.setSize(content.length);
    tar.putArchiveEntry(entry);
    tar.write(content);
    tar.closeArchiveEntry();
  }

  /** What GNU tar makes of a file with holes, in a given format. */
  private byte[] sparseTar(String format) throws IOException, InterruptedException {
    Path file = dir.resolve("sparse");
    try (var channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.SPARSE, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 1 << 20);
      channel.write(ByteBuffer.wrap(new byte[] {4}), 5 << 20);
    }
    Process tar =
        new ProcessBuilder(
                "tar", "-C", dir.toString(), "--sparse", "--format=" + format, "-c", "sparse")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    byte[] bytes = tar.getInputStream().readAllBytes();
    assertThat(tar.waitFor()).isZero();
    assertThat(bytes.length).as("sparse").isLessThan(1 << 20);
    return bytes;
  }

  @Test
  void aSecondBuildFetchesNothingAndSeesTheSame() throws IOException, InterruptedException {
    CountingImage image =
        new CountingImage(tar("a", 1), sparseTar("gnu"), tar("b", 2), sparseTar("pax"));
    Map<String, String> uncached = read(image, Optional.empty());
    image.fetched.set(0);
    Map<String, String> cold = read(image);
    assertThat(image.fetched).hasValue(4);
    Map<String, String> warm = read(image);
    assertThat(image.fetched).hasValue(4);
    assertThat(uncached).hasSize(14);
    assertThat(cold).isEqualTo(uncached);
    assertThat(warm).isEqualTo(uncached);
    assertThat(warnings).isEmpty();
  }

  @Test
  void onlyAChangedLayerIsFetched() throws IOException, InterruptedException {
    byte[] base = tar("base", 1);
    byte[] middle = tar("middle", 2);
    read(new CountingImage(base, middle, tar("app", 3)));
    CountingImage changed = new CountingImage(base, middle, tar("app", 4));
    Map<String, String> files = read(changed);
    assertThat(changed.fetched).hasValue(1);
    assertThat(files).isEqualTo(read(changed, Optional.empty()));
  }

  @Test
  void anEntryIsTheTarWithHoles() throws IOException, InterruptedException {
    byte[] tar = tar("a", 1);
    read(new CountingImage(tar));
    assertThat(file(tar)).hasBinaryContent(tar);
    assertThat((long) (Long) stat(file(tar), "size")).isEqualTo(tar.length);
    assertThat(blocks(file(tar))).as("zeros take no space").isLessThan(tar.length - 700_000L);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(dir.resolve("cache"))))
        .isEqualTo("rwx------");
    assertThat(dir.resolve("cache/CACHEDIR.TAG"))
        .hasContent("Signature: 8a477f597d28d172789f06886806bc55");
    CacheEntry entry = directory().entries().get(0);
    assertThat(entry.diffId()).isEqualTo(Digest.sha256(tar));
    assertThat(entry.size().bytes()).isEqualTo(tar.length);
    assertThat(entry.reference()).hasValue("registry.example/os:1");
    assertThat(entry.lastUse()).isBetween(Instant.now().minusSeconds(60), Instant.now());
  }

  private static Object stat(Path file, String what) throws IOException {
    return Files.getAttribute(file, "unix:" + what);
  }

  private static long blocks(Path file) throws IOException {
    Process stat = new ProcessBuilder("stat", "-c", "%b", file.toString()).start();
    return 512
        * Long.parseLong(
            new String(stat.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip());
  }

  /** What can happen to a file. */
  private enum Damage {
    HEADER,
    CONTENT,
    HOLE,
    PADDING,
    SHORTER,
    LONGER,
    EMPTY,
    NO_TAR;

    byte[] of(byte[] tar) {
      byte[] damaged = tar.clone();
      switch (this) {
        case HEADER -> damaged[3] ^= 1;
        case CONTENT -> damaged[damaged.length - 50_000] ^= 1;
        case HOLE -> damaged[150_000] ^= 1;
        case PADDING -> damaged[damaged.length - 1] ^= 1;
        case SHORTER -> damaged = Arrays.copyOf(tar, tar.length / 2);
        case LONGER -> damaged = Arrays.copyOf(tar, tar.length + 1);
        case EMPTY -> damaged = new byte[0];
        case NO_TAR -> new Random(1).nextBytes(damaged);
      }
      return damaged;
    }
  }

  @ParameterizedTest
  @EnumSource
  void aDamagedEntryIsToldOfAndFetchedAgain(Damage damage)
      throws IOException, InterruptedException {
    byte[] base = tar("base", 1);
    byte[] app = tar("app", 2);
    CountingImage image = new CountingImage(base, app);
    Map<String, String> files = read(image);
    image.fetched.set(0);
    Files.write(file(base), damage.of(base));
    assertThat(read(image)).isEqualTo(files);
    assertThat(image.fetched).hasValue(1);
    assertThat(warnings)
        .singleElement()
        .asString()
        .startsWith(
            "layer cache: the entry of " + Digest.sha256(base) + " is damaged and was dropped: ");
    assertThat(file(base)).hasBinaryContent(base);
    read(image);
    assertThat(image.fetched).hasValue(1);
  }

  /** What has the name of an entry may be anything, such as one that blocks when it is opened. */
  @Test
  void whatIsNoFileIsNotOpened() throws IOException, InterruptedException {
    byte[] link = tar("link", 1);
    byte[] fifo = tar("fifo", 2);
    CountingImage image = new CountingImage(link, fifo);
    read(image);
    Files.delete(file(link));
    Files.createSymbolicLink(file(link), Path.of("/dev/zero"));
    Files.delete(file(fifo));
    assertThat(new ProcessBuilder("mkfifo", file(fifo).toString()).start().waitFor()).isZero();
    assertThat(directory().entries()).isEmpty();
    assertThat(read(image)).isEqualTo(read(image, Optional.empty()));
    assertThat(file(link)).hasBinaryContent(link);
    assertThat(file(fifo)).hasBinaryContent(fifo);
  }

  @Test
  void aLayerThatDoesNotVerifyIsNotKept() throws IOException {
    byte[] tar = tar("a", 1);
    CountingImage wrong =
        new CountingImage(tar) {
          @Override
          public InputStream open(Layer layer) {
            byte[] other = tar.clone();
            other[other.length - 50_000] ^= 1;
            return new ByteArrayInputStream(other);
          }
        };
    assertThatThrownBy(() -> read(wrong))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("diff_id mismatch");
    assertThat(left()).isEmpty();
  }

  @Test
  void aLayerThatIsRefusedIsNotKeptAndAlwaysRefused() throws IOException {
    byte[] text = "no tar at all\n".repeat(100).getBytes(StandardCharsets.UTF_8);
    CountingImage image = new CountingImage(text);
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> read(image))
          .isInstanceOf(BuildException.class)
          .hasMessageContaining("layer " + Digest.sha256(text));
      assertThat(left()).isEmpty();
    }
    Files.write(file(text), text); // kept by another program, say
    assertThatThrownBy(() -> read(image))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("layer " + Digest.sha256(text));
    assertThat(warnings).isEmpty();
  }

  /** What is in the directory of layers, tars and others. */
  private List<String> left() throws IOException {
    try (Stream<Path> files = Files.list(dir.resolve("cache/layers"))) {
      return files.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void whatWasNotUsedForLongestMakesRoom() throws IOException, InterruptedException {
    byte[] a = tar("a", 1);
    byte[] b = tar("b", 2);
    byte[] c = tar("c", 3);
    byte[] d = tar("d", 4);
    ByteSize three = new ByteSize(a.length * 3L + 100_000);
    read(new CountingImage(a), Optional.of(options(three)));
    read(new CountingImage(b), Optional.of(options(three)));
    read(new CountingImage(c), Optional.of(options(three)));
    age(b, 3000);
    age(a, 2000);
    age(c, 1000);
    read(new CountingImage(b), Optional.of(options(three))); // a use
    read(new CountingImage(d), Optional.of(options(three)));
    assertThat(kept()).containsExactlyInAnyOrder(b, c, d);
    assertThat(left()).as("with what tells where they came from").hasSize(6);
  }

  private void age(byte[] tar, long seconds) throws IOException {
    Files.setLastModifiedTime(file(tar), FileTime.from(Instant.now().minusSeconds(seconds)));
  }

  private List<byte[]> kept() throws IOException {
    List<byte[]> kept = new ArrayList<>();
    for (CacheEntry entry : directory().entries()) {
      kept.add(
          Files.readAllBytes(dir.resolve("cache/layers/sha256-" + entry.diffId().hex() + ".tar")));
    }
    return kept;
  }

  @Test
  void layersOfOneImageDoNotPushEachOtherOut() throws IOException, InterruptedException {
    byte[] a = tar("a", 1);
    byte[] b = tar("b", 2);
    byte[] c = tar("c", 3);
    Optional<CacheOptions> two = Optional.of(options(new ByteSize(a.length * 2L + 100_000)));
    CountingImage image = new CountingImage(a, b, c);
    Map<String, String> files = read(image, two);
    assertThat(directory().entries()).hasSize(2);
    image.fetched.set(0);
    assertThat(read(image, two)).isEqualTo(files);
    assertThat(image.fetched).as("else the two would be thrown away in turn").hasValue(1);
    assertThat(directory().entries()).hasSize(2);
  }

  @Test
  void aLowerLimitHoldsAfterTheNextBuild() throws IOException, InterruptedException {
    byte[] a = tar("a", 1);
    byte[] b = tar("b", 2);
    CountingImage image = new CountingImage(a, b);
    Map<String, String> files = read(image);
    age(a, 1000);
    assertThat(read(image, Optional.of(options(new ByteSize(b.length + 100_000L)))))
        .isEqualTo(files);
    assertThat(directory().entries()).hasSize(1);
    assertThat(read(image, Optional.of(options(new ByteSize(1000))))).isEqualTo(files);
    assertThat(left()).isEmpty();
  }

  @Test
  void noLimitIsNoCache() throws IOException, InterruptedException {
    read(new CountingImage(tar("a", 1)), Optional.of(options(new ByteSize(0))));
    assertThat(dir.resolve("cache")).doesNotExist();
  }

  @Test
  void buildsBesideEachOtherSeeTheSameAndHoldTheBound()
      throws IOException, InterruptedException, ExecutionException {
    byte[] base = tar("base", 0);
    ByteSize three = new ByteSize(base.length * 3L + 100_000);
    List<byte[]> apps = new ArrayList<>();
    for (int i = 1; i <= 6; i++) {
      apps.add(tar("app", i));
    }
    ExecutorService executor = Executors.newFixedThreadPool(4);
    List<Callable<Boolean>> builds = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      CountingImage image = new CountingImage(base, apps.get(i % 6), apps.get((i + 1) % 6));
      Map<String, String> expected = read(image, Optional.empty());
      builds.add(() -> read(image, Optional.of(options(three))).equals(expected));
    }
    try {
      for (Future<Boolean> build : executor.invokeAll(builds)) {
        assertThat(build.get()).isTrue();
      }
    } finally {
      executor.shutdownNow();
    }
    assertThat(warnings).isEmpty();
    List<CacheEntry> entries = directory().entries();
    assertThat(entries.stream().mapToLong(entry -> entry.size().bytes()).sum())
        .isBetween(1L, three.bytes());
    assertThat(left()).hasSize(entries.size() * 2);
    assertThat(directory().verify()).isEmpty();
  }

  @Test
  void whatAKilledBuildLeftIsTakenAwayAndWhatLivesIsNot() throws IOException, InterruptedException {
    read(new CountingImage(tar("a", 1)));
    Path killed = Files.createDirectory(dir.resolve("cache/layers/.bib-1"));
    Files.write(killed.resolve("layer-0"), new byte[1000]);
    Path living = Files.createDirectory(dir.resolve("cache/layers/.bib-2"));
    Files.write(living.resolve("layer-0"), new byte[1000]);
    try (DirectoryLock lock = DirectoryLock.take(living)) {
      assertThat(lock).isNotNull();
      read(new CountingImage(tar("b", 2)));
      assertThat(killed).doesNotExist();
      assertThat(living.resolve("layer-0")).exists();
    }
    directory().prune(LIMIT);
    assertThat(living).doesNotExist();
    assertThat(directory().entries()).hasSize(2);
  }

  @Test
  void aCacheThatCannotBeMadeIsToldOfOnce() throws IOException, InterruptedException {
    Files.createFile(dir.resolve("cache"));
    CountingImage image = new CountingImage(tar("a", 1), tar("b", 2));
    assertThat(read(image)).isEqualTo(read(image, Optional.empty()));
    assertThat(warnings)
        .containsExactly("layers are not kept in " + dir + "/cache: Not a directory");
  }

  @Test
  void aCacheInWhichOthersMayWriteIsNotUsed() throws IOException, InterruptedException {
    CountingImage image = new CountingImage(tar("a", 1));
    read(image);
    Files.setPosixFilePermissions(
        dir.resolve("cache/layers"), PosixFilePermissions.fromString("rwxrwxr-x"));
    read(image);
    assertThat(image.fetched).hasValue(2);
    assertThat(warnings)
        .containsExactly("layers are not kept in " + dir + "/cache: others may write there");
  }

  @Test
  void keepingFailsWithoutFailingTheBuild() throws IOException, InterruptedException {
    byte[] a = tar("a", 1);
    Files.createDirectories(file(a).resolve("in the way"));
    CountingImage image = new CountingImage(a, tar("b", 2));
    assertThat(read(image)).isEqualTo(read(image, Optional.empty()));
    assertThat(warnings)
        .singleElement()
        .asString()
        .startsWith("layers are not kept in " + dir + "/cache: ");
  }

  @Test
  void verifyNamesAndRemovesWhatIsDamaged() throws IOException, InterruptedException {
    byte[] a = tar("a", 1);
    byte[] b = tar("b", 2);
    byte[] c = tar("c", 3);
    read(new CountingImage(a, b, c));
    assertThat(directory().verify()).isEmpty();
    Files.write(file(b), Damage.CONTENT.of(b));
    assertThat(directory().verify())
        .extracting(CacheEntry::diffId)
        .containsExactly(Digest.sha256(b));
    assertThat(kept()).containsExactlyInAnyOrder(a, c);
  }

  @Test
  void pruneTakesWhatIsBeyondTheLimit() throws IOException, InterruptedException {
    byte[] a = tar("a", 1);
    byte[] b = tar("b", 2);
    read(new CountingImage(a, b));
    age(b, 1000);
    Files.createFile(dir.resolve("cache/layers/sha256-" + "0".repeat(64) + ".from"));
    Files.createFile(dir.resolve("cache/layers/README"));
    assertThat(directory().prune(new ByteSize(a.length)))
        .extracting(CacheEntry::diffId)
        .containsExactly(Digest.sha256(b));
    assertThat(kept()).containsExactly(a);
    assertThat(directory().prune(new ByteSize(0))).hasSize(1);
    assertThat(left()).as("of others").containsExactly("README");
  }

  @Test
  void whereThereIsNoCacheThereIsNothing() throws IOException {
    assertThat(directory().entries()).isEmpty();
    assertThat(directory().verify()).isEmpty();
    assertThat(directory().prune(new ByteSize(0))).isEmpty();
    assertThat(dir.resolve("cache")).doesNotExist();
  }
}
