package org.bib.ostree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bib.disk.Content;
import org.bib.failure.BuildException;
import org.bib.failure.ConfigException;
import org.bib.layout.Architecture;
import org.bib.oci.ImageSources;
import org.bib.oci.SourceImage;
import org.bib.oci.SourceOptions;
import org.bib.progress.BuildEvent;
import org.bib.rootfs.ImageTree;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Images that encapsulate a commit. libostree makes the commit, {@code tests/encapsulate} packs
 * what it stored, and libostree reads what becomes of it.
 */
class EncapsulatedImageTest {
  private static final Path ENCAPSULATE = Path.of("../tests/encapsulate").toAbsolutePath();
  private static final byte[] CAPABILITY = {
    1, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
  };

  private static final Pattern LISTED = Pattern.compile("(.* \\}) (/.*?)( -> .*)?");
  // SHA-256 of a dirtree object of nothing, which an exporter may leave out
  private static final String EMPTY_DIRECTORY = "6e340b9cffb37a989ca544e6bb780a2c";

  @TempDir Path directory;
  private final List<BuildEvent> events = new ArrayList<>();
  private final List<Closeable> open = new ArrayList<>();
  private String composefs = "yes";
  private boolean baseHasPolicy;

  /** An image that was read, and the repository of its deployment. */
  private record Result(ImageTree tree, Deployment deployment, Path repository) {
    String ostree(String... arguments) throws IOException, InterruptedException {
      return EncapsulatedImageTest.ostree(repository, arguments);
    }

    String merged() {
      return deployment.commit().hex();
    }
  }

  @AfterEach
  void closeAll() throws IOException {
    for (Closeable closeable : open) {
      closeable.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"own", "shared", "v0"})
  void commitIsKeptAndDeployedWhateverFormItsAttributesHave(String form)
      throws IOException, InterruptedException {
    String base = commitBase();
    Result result = deploy(encapsulate(form));

    assertThat(result.ostree("fsck")).contains("object fsck of 2 commits completed successfully");
    assertThat(result.ostree("ls", "-R", "-C", "-X", base))
        .isEqualTo(ostree(source(), "ls", "-R", "-C", "-X", base))
        .contains("security.capability", "security.selinux", "user.note", "user.directory");
    assertThat(result.ostree("ls", "-R", "-C", "-X", result.merged()))
        .isEqualTo(result.ostree("ls", "-R", "-C", "-X", base));
    assertThat(result.ostree("show", result.merged())).contains("Parent:  " + base);
    assertThat(result.ostree("show", base)).isEqualTo(ostree(source(), "show", base));
    assertThat(result.ostree("show", "--print-detached-metadata-key=signed", base))
        .isEqualTo("'yes'\n");
    assertThat(result.tree().derived()).isFalse();
  }

  @Test
  void refsAreThoseThatToolsLookFor() throws IOException, InterruptedException {
    String base = commitBase();
    Result result = deploy(encapsulate("own"));
    String layer = RefName.escape(lowestLayer().digest().toString());
    assertThat(result.ostree("refs").lines())
        .containsExactlyInAnyOrder(
            "ostree/1/1/0",
            "ostree/container/image/docker_3A__2F__2F_quay_2E_io/a/b_3A_latest",
            "ostree/container/blob/" + layer);
    assertThat(result.ostree("rev-parse", "ostree/container/blob/" + layer)).contains(base);
    assertThat(result.ostree("rev-parse", "ostree/1/1/0")).contains(result.merged());
    assertThat(result.ostree("show", "--raw", result.merged())).contains("ostree.final-diffid");
  }

  @Test
  void layersOnTopReplaceAndRemoveButTheCommitStaysWhole()
      throws IOException, InterruptedException {
    String base = commitBase();
    TestTar lower =
        new TestTar()
            .file("usr/bin/.wh.two", "")
            .file("usr/share/opaque/.wh..wh..opq", "")
            .file("usr/share/opaque/new", "new\n")
            .directory("usr/share/kept", 0700)
            .file("usr/bin/su", 0755, "other su\n")
            .file("etc/passwd", "alice\n")
            .file("etc/.wh.shadow", "")
            .file("usr/etc/legacy", "legacy\n")
            .file("etc/hostname", "")
            .file("var/lib/new", "new\n")
            .file("run/junk", "junk")
            .file("tmp/junk", "junk")
            .hardLink("etc/passwd-", "etc/passwd")
            .hardLink("usr/bin/ping-again", "usr/bin/ping");
    TestTar upper =
        new TestTar()
            .file("usr/share/opaque/upper", "upper\n")
            .file("usr/bin/su", 0755, "yet another su\n");
    Result result =
        deploy(
            encapsulate(
                "own",
                lower.write(directory.resolve("lower.tar")),
                upper.write(directory.resolve("upper.tar"))));

    assertThat(result.ostree("fsck")).contains("object fsck of 2 commits completed successfully");
    assertThat(result.ostree("ls", "-R", "-C", "-X", base))
        .isEqualTo(ostree(source(), "ls", "-R", "-C", "-X", base));
    assertThat(result.ostree("log", result.merged())).contains("commit " + base);
    Map<String, String> before = listing(source(), base);
    Map<String, String> after = listing(result.repository(), result.merged());
    Map<String, String> changed = new TreeMap<>(after);
    changed.entrySet().removeIf(entry -> entry.getValue().equals(before.get(entry.getKey())));
    changed.keySet().removeIf(List.of("/", "/usr", "/usr/bin", "/usr/share", "/var")::contains);
    assertThat(changed.keySet())
        .containsExactlyInAnyOrder(
            "/usr/bin/su",
            "/usr/bin/ping-again",
            "/usr/share/kept",
            "/usr/share/opaque",
            "/usr/share/opaque/new",
            "/usr/share/opaque/upper",
            "/usr/etc",
            "/usr/etc/legacy",
            "/usr/etc/passwd",
            "/usr/etc/passwd-",
            "/var/lib",
            "/var/lib/new");
    before.keySet().removeAll(after.keySet());
    assertThat(before.keySet())
        .containsExactlyInAnyOrder("/usr/bin/two", "/usr/share/opaque/old", "/usr/etc/shadow");
    assertThat(after.get("/usr/bin/ping-again")).isEqualTo(after.get("/usr/bin/ping"));
    assertThat(after.get("/usr/share/kept")).startsWith("d00700").contains("user.directory");
    assertThat(result.ostree("cat", result.merged(), "/usr/bin/su", "/usr/etc/passwd-"))
        .isEqualTo("yet another su\nalice\n");
    assertThat(result.tree().derived()).isTrue();
  }

  @Test
  void aPolicyLabelsTheMergedTreeAnewAndLeavesTheCommitAlone()
      throws IOException, InterruptedException {
    String base = commitBase();
    TestTar layer =
        new TestTar()
            .file("etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=test\n")
            .file("etc/selinux/test/contexts/files/file_contexts", "/.* any\n/usr/bin/.* bin\n")
            .file("usr/bin/new", "new\n");
    Result result = deploy(encapsulate("own", layer.write(directory.resolve("layer.tar"))));

    assertThat(result.ostree("fsck")).contains("object fsck of 2 commits completed successfully");
    assertThat(result.ostree("ls", "-R", "-C", "-X", base))
        .isEqualTo(ostree(source(), "ls", "-R", "-C", "-X", base));
    listing(result.repository(), result.merged())
        .forEach(
            (path, what) ->
                assertThat(what)
                    .as(path)
                    .contains(
                        "(b'security.selinux', b'"
                            + (path.startsWith("/usr/bin/") ? "bin" : "any")
                            + "')"));
  }

  @Test
  void aPolicyChangesNothingWhereNoLayerIsOnTop() throws IOException, InterruptedException {
    baseHasPolicy = true;
    String base = commitBase();
    Result result = deploy(encapsulate("own"));
    result.deployment().label(Map.of());

    assertThat(result.deployment().isLabelled()).isTrue();
    assertThat(result.ostree("ls", "-R", "-C", "-X", result.merged()))
        .isEqualTo(ostree(source(), "ls", "-R", "-C", "-X", base));
    assertThat(result.deployment().etc().metadata().xattrs().values())
        .containsKey("security.selinux");
  }

  /** As builders leave it whose storage changed an object in place. */
  @Test
  void linksToAnObjectBecomeWhatALayerMadeOfIt() throws IOException, InterruptedException {
    String base = commitBase();
    String one = objectPath(base, "/usr/bin/one");
    String ping = objectPath(base, "/usr/bin/ping");
    TestTar layer =
        new TestTar()
            .file(one, 0755, "changed\n")
            .file("sysroot/ostree/repo/tmp/stray", "stray")
            .hardLink("usr/bin/one", one)
            .hardLink("usr/bin/three", one)
            .hardLink("usr/bin/four", ping);
    TestTar upper = new TestTar().hardLink("usr/bin/five", one);
    Result result =
        deploy(
            encapsulate(
                "own",
                layer.write(directory.resolve("lower.tar")),
                upper.write(directory.resolve("upper.tar"))));

    assertThat(result.ostree("fsck")).contains("completed successfully");
    Map<String, String> before = listing(source(), base);
    Map<String, String> after = listing(result.repository(), result.merged());
    for (String name : List.of("one", "three", "five")) {
      assertThat(result.ostree("cat", result.merged(), "/usr/bin/" + name)).isEqualTo("changed\n");
    }
    assertThat(after.get("/usr/bin/two")).isEqualTo(before.get("/usr/bin/two"));
    assertThat(after.get("/usr/bin/four")).isEqualTo(before.get("/usr/bin/ping"));
    assertThat(after.keySet()).noneMatch(path -> path.startsWith("/sysroot/"));
  }

  @ParameterizedTest
  @CsvSource({"yes,true", "no,false", "maybe,true", "verity,true"})
  void layersBringMoreThanTheSystemOnlyWhereTheRootIsAnOverlay(String value, boolean taken)
      throws IOException, InterruptedException {
    composefs = value;
    String base = commitBase();
    TestTar layer =
        new TestTar()
            .file("opt/app/x", "x")
            .file("srv/y", "y")
            .file(".wh.boot", "")
            .file("usr/z", "z");
    Result result = deploy(encapsulate("own", layer.write(directory.resolve("layer.tar"))));

    Map<String, String> after = listing(result.repository(), result.merged());
    assertThat(after.containsKey("/opt/app/x")).isEqualTo(taken);
    assertThat(after.containsKey("/srv/y")).isEqualTo(taken);
    assertThat(after.containsKey("/boot")).isEqualTo(!taken);
    assertThat(after).containsKeys("/usr/z", "/opt");
    assertThat(after.get("/opt/of-the-base"))
        .isEqualTo(listing(source(), base).get("/opt/of-the-base"));
    List<String> warnings =
        events.stream()
            .filter(BuildEvent.Warning.class::isInstance)
            .map(event -> ((BuildEvent.Warning) event).text())
            .toList();
    if (taken) {
      assertThat(warnings).isEmpty();
    } else {
      assertThat(warnings)
          .anyMatch(text -> text.contains("left out 1 entries of layers at /opt"))
          .anyMatch(text -> text.contains("at /srv"));
    }
  }

  @Test
  void everyMissingOrDamagedObjectIsNamed() throws IOException, InterruptedException {
    commitBase();
    BaseCommit sound = read(encapsulate("own")).base().orElseThrow();
    for (Map.Entry<String, Node> object : sound.objects().entrySet()) {
      String name = object.getKey();
      if (name.endsWith(".commitmeta")) {
        continue; // it is not named by its content, and need not be there
      }
      Map<String, Node> objects = new TreeMap<>(sound.objects());
      objects.put(name, damaged(object.getValue()));
      assertThatThrownBy(() -> new ObjectStore(1).add(BaseCommit.of(List.of(objects))))
          .isInstanceOf(BuildException.class)
          .hasMessage(
              "object %s of the base commit is damaged; build or push the image again", name);
      if (!name.endsWith(".commit") && !name.startsWith(EMPTY_DIRECTORY)) {
        objects.remove(name);
        assertThatThrownBy(() -> BaseCommit.of(List.of(objects)))
            .isInstanceOf(BuildException.class)
            .hasMessageContaining("object %s of the base commit, /", name)
            .hasMessageContaining("is in none of its layers");
      }
    }
  }

  @Test
  void whatIsNoEncapsulatedCommitIsRefused() throws IOException, InterruptedException {
    commitBase();
    Path image = encapsulate("own");
    Map<String, Node> objects = new TreeMap<>(read(image).base().orElseThrow().objects());
    Map<String, Node> two = new TreeMap<>(objects);
    two.put("0".repeat(64) + ".commit", TestTree.file("x"));
    assertThatThrownBy(() -> BaseCommit.of(List.of(two))).hasMessageContaining("2 ostree commits");
    objects.keySet().removeIf(name -> name.endsWith(".commit"));
    assertThatThrownBy(() -> BaseCommit.of(List.of(objects)))
        .hasMessageContaining("no ostree commit");
  }

  @Test
  void aLabelThatNamesNoLayerIsRefused() throws IOException, InterruptedException {
    commitBase();
    Path image = encapsulate("own");
    run(
        "umoci",
        "config",
        "--image",
        image + ":latest",
        "--config.label",
        "ostree.final-diffid=sha256:" + "0".repeat(64));
    assertThatThrownBy(() -> read(image))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("label ostree.final-diffid of the image names none of its layers");
  }

  private static Node damaged(Node node) throws IOException {
    if (!(node instanceof FileNode file)) {
      return new SymlinkNode(node.metadata(), "elsewhere");
    }
    byte[] bytes = ObjectStore.bytes(file.content(), 1 << 20, "object");
    byte[] longer = Arrays.copyOf(bytes, bytes.length + 1);
    return new FileNode(file.metadata(), Content.of(longer));
  }

  /** Commits a tree of root's with all kinds of metadata, which any user can do out of a tar. */
  private String commitBase() throws IOException, InterruptedException {
    run("ostree", "--repo=" + source(), "init", "--mode=bare-user");
    TestTar tar = new TestTar().directory(".", 0755);
    for (String name : List.of("boot", "dev", "proc", "run", "sys", "sysroot", "opt")) {
      tar.directory(name, 0755);
    }
    tar.directory("tmp", 01777)
        .symlink("ostree", "sysroot/ostree")
        .file("opt/of-the-base", "base\n")
        .file("usr/lib/modules/6.1.0-test/vmlinuz", "KERNEL")
        .file("usr/lib/modules/6.1.0-test/initramfs.img", "INITRAMFS")
        .file("usr/lib/os-release", "ID=test\n")
        .file("usr/lib/ostree/prepare-root.conf", "# c\n[composefs]\nenabled = " + composefs + "\n")
        .with(label("bin_t"))
        .directory("usr/bin", 0755)
        .with(Map.of("user.note", new byte[] {0, -1, '\n', '=', 0}))
        .file("usr/bin/one", 0755, "one\n")
        .hardLink("usr/bin/two", "usr/bin/one")
        .with(label("su_exec_t"))
        .file("usr/bin/su", 04755, "su\n")
        .with(Map.of("security.capability", CAPABILITY))
        .file("usr/bin/ping", 0755, "ping\n")
        .with(label("bin_t"))
        .symlink("usr/bin/link", "../..//bin/one")
        .file("usr/share/empty", "")
        .file("usr/share/" + "n".repeat(200) + "/\u00fcml\u00e4ut \ud83d\ude00", "name\n")
        .file("usr/share/opaque/old", "old\n")
        .with(Map.of("user.directory", new byte[] {1}))
        .directory("usr/share/kept", 0755)
        .file("usr/etc/passwd", "root\n")
        .with(label("shadow_t"))
        .group(42)
        .file("usr/etc/shadow", 0640, "secret\n")
        .file("var/lib/state", "state\n");
    if (baseHasPolicy) {
      tar.file("usr/etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=test\n")
          .file("usr/etc/selinux/test/contexts/files/file_contexts", "/.* any\n");
    }
    ostree(
        source(),
        "commit",
        "--branch=base",
        "--tree=tar=" + tar.write(directory.resolve("base.tar")),
        "--tar-autocreate-parents",
        "--fsync=false",
        "--timestamp=@86400",
        "--subject=Base",
        "--add-metadata-string=version=1",
        "--add-detached-metadata-string=signed=yes");
    return ostree(source(), "rev-parse", "base").strip();
  }

  private static Map<String, byte[]> label(String type) {
    return Map.of(
        "security.selinux",
        ("system_u:object_r:" + type + ":s0\0").getBytes(StandardCharsets.UTF_8));
  }

  private Path encapsulate(String xattrs, Path... layers) throws IOException, InterruptedException {
    Path image = directory.resolve("image");
    List<String> command = new ArrayList<>(List.of(ENCAPSULATE.toString(), "--repo=" + source()));
    command.addAll(List.of("--commit=base", "--output=" + image, "--xattrs=" + xattrs));
    for (Path layer : layers) {
      command.add("--layer=" + layer);
    }
    run(command.toArray(String[]::new));
    return image;
  }

  private SourceImage open(Path image) throws IOException {
    SourceOptions options =
        new SourceOptions(Architecture.AMD64, Optional.empty(), true, Optional.empty());
    try {
      SourceImage source = ImageSources.open("oci:" + image + ":latest", options, events::add);
      open.add(source);
      return source;
    } catch (ConfigException e) {
      throw new IllegalStateException(e);
    }
  }

  private ImageTree read(Path image) throws IOException, InterruptedException {
    Path workspace = Files.createTempDirectory(directory, "workspace");
    ImageTree tree = ImageTree.read(open(image), workspace, 2, events::add);
    open.add(tree);
    return tree;
  }

  private SourceImage.Layer lowestLayer() throws IOException {
    return open(directory.resolve("image")).layers().get(0);
  }

  private Result deploy(Path image) throws IOException, InterruptedException {
    SourceImage source = open(image);
    ImageTree tree = read(image);
    Deployment deployment =
        Deployment.deploy(
            new Deployment.Request(
                new Deployment.Trees(
                    tree.root(),
                    tree.firstLayer(),
                    source.layers().get(0).digest().toString(),
                    tree.base(),
                    tree.derived()),
                new Deployment.Documents(
                    new String(source.manifest(), StandardCharsets.UTF_8),
                    new String(source.config(), StandardCharsets.UTF_8),
                    source.manifestDigest().toString()),
                source.imageConfig(),
                "quay.io/a/b:latest",
                List.of(),
                86400,
                2),
            BootableImage.inspect(tree.root()));
    Path repository = directory.resolve("repository");
    BareUserRepository.write(
        (DirectoryNode) deployment.sysroot().find("ostree/repo").orElseThrow(), repository);
    return new Result(tree, deployment, repository);
  }

  private Path source() {
    return directory.resolve("source");
  }

  /** Paths to all that {@code ostree ls} says of them, checksums and attributes included. */
  private static Map<String, String> listing(Path repository, String commit)
      throws IOException, InterruptedException {
    Map<String, String> listing = new TreeMap<>();
    for (String line : ostree(repository, "ls", "-R", "-C", "-X", commit).split("\n", -1)) {
      Matcher matcher = LISTED.matcher(line);
      if (matcher.matches()) {
        listing.put(matcher.group(2), matcher.group(1));
      }
    }
    return listing;
  }

  /** Where the layers have the object of a file. */
  private String objectPath(String commit, String path) throws IOException, InterruptedException {
    Matcher matcher =
        Pattern.compile("[0-9a-f]{64}").matcher(ostree(source(), "ls", "-C", commit, path));
    assertThat(matcher.find()).isTrue();
    return "sysroot/ostree/repo/objects/"
        + matcher.group().substring(0, 2)
        + "/"
        + matcher.group().substring(2)
        + ".file";
  }

  private static String ostree(Path repository, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("ostree", "--repo=" + repository));
    command.addAll(List.of(arguments));
    return run(command.toArray(String[]::new));
  }

  private static String run(String... command) throws IOException, InterruptedException {
    return Processes.run(command);
  }
}
