package org.bib.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The same image from every place that images come from: a registry, files, podman's own store, and
 * podman's service, which speaks Docker's protocol too; each filled by its own tools. Wants root,
 * which those need.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SourcesTest {
  private static final String NAME = "registry.example/x/os:1";
  private static final String PACKED = "registry.example/x/os:packed";
  private static final long ROOT_OFFSET = 1527L << 20;
  private static final long MAX_SECONDS = 60;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final List<Closeable> services = new ArrayList<>();
  private final Map<String, String> environment = new HashMap<>();
  private Path dir = Path.of("");
  private Launcher bib = Launcher.NONE;
  private String registry = "";
  private String digest = "";
  private ImageLayout packed = ImageLayout.NONE;

  @BeforeAll
  void fill() throws IOException, InterruptedException {
    dir = Launcher.directory("bib-sources");
    bib = Launcher.install(dir);
    ImageLayout lean = ImageLayout.lean(Launcher.EXAMPLE, dir.resolve("lean"));
    Path archive = dir.resolve("os.tar");
    // Archives have no manifest. The one that skopeo makes up for them is one that all can have.
    sh("skopeo copy -q \"oci:$1\" \"docker-archive:$2:$3\"", lean.directory(), archive, NAME);
    sh("skopeo copy -q \"docker-archive:$1\" \"dir:$2\"", archive, dir.resolve("plain"));
    digest = ImageLayout.digest(Files.readAllBytes(dir.resolve("plain/manifest.json")));
    layout();
    sh("tar -C \"$1/layout\" -cf \"$1/layout.tar\" .", dir);
    packed = packed(lean);

    RegistryServer server = new RegistryServer(dir.resolve("registry"));
    services.add(server);
    registry = server.host();
    server.push("dir:" + dir.resolve("plain"), "x/os:1");
    server.push("oci:" + packed.directory(), "x/os:packed");
    String pair =
        Base64.getEncoder()
            .encodeToString(RegistryServer.CREDENTIALS.getBytes(StandardCharsets.UTF_8));
    Files.writeString(
        dir.resolve("auth.json"), "{\"auths\":{\"" + registry + "\":{\"auth\":\"" + pair + "\"}}}");

    podman("load", "-q", "-i", archive.toString());
    String pulled = registry + "/x/os:packed";
    podman("pull", "-q", "--tls-verify=false", "--authfile=" + dir.resolve("auth.json"), pulled);
    podman("tag", pulled, PACKED);
    podman(
        "save",
        "-q",
        "--format=docker-archive",
        "-o",
        dir.resolve("packed.tar").toString(),
        PACKED);
    sh("chmod a+r \"$1/packed.tar\"", dir);
    copyStore(dir.resolve("store"));
    copyStore(dir.resolve("home/.local/share/containers/storage"));
    serve();
    environment.put("HOME", dir.resolve("home").toString());
  }

  /** The image as skopeo left it in a directory, as an OCI layout. */
  private void layout() throws IOException {
    Path layout = dir.resolve("layout");
    Path blobs = Files.createDirectories(layout.resolve("blobs/sha256"));
    Path plain = dir.resolve("plain");
    try (Stream<Path> files = Files.list(plain)) {
      for (Path file :
          files.filter(file -> file.getFileName().toString().length() == 64).toList()) {
        Files.createLink(blobs.resolve(file.getFileName()), file);
      }
    }
    Path manifest = plain.resolve("manifest.json");
    Files.createLink(blobs.resolve(digest.substring("sha256:".length())), manifest);
    Files.writeString(layout.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
    Files.writeString(
        layout.resolve("index.json"),
        "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\""
            + JSON.readTree(manifest.toFile()).get("mediaType").asText()
            + "\",\"digest\":\""
            + digest
            + "\",\"size\":"
            + Files.size(manifest)
            + "}]}");
  }

  /** The same in layers that are compressed; not by zstd, which podman does not save. */
  private ImageLayout packed(ImageLayout lean) throws IOException {
    byte[] tar = lean.read(lean.layer(0));
    byte[] upper = new TarBuilder().file("usr/share/upper", "x".repeat(5000)).build();
    ImageLayout packed = lean.copy(dir.resolve("packed")).withoutLayers();
    for (byte[] layer : List.of(tar, upper)) {
      packed.addLayer(gzip(layer), ImageLayout.LAYER + "+gzip", ImageLayout.digest(layer));
    }
    return packed.write();
  }

  private static byte[] gzip(byte[] bytes) throws IOException {
    ByteArrayOutputStream gzip = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(gzip)) {
      out.write(bytes);
    }
    return gzip.toByteArray();
  }

  private void podman(String... arguments) throws IOException, InterruptedException {
    List<String> command = podman();
    command.addAll(List.of(arguments));
    Tools.checked(command.toArray(String[]::new));
  }

  private List<String> podman() {
    return new ArrayList<>(
        List.of(
            "podman",
            "--root=" + dir.resolve("root"),
            "--runroot=" + dir.resolve("run"),
            "--tmpdir=" + dir.resolve("tmp"),
            "--storage-driver=overlay",
            "--events-backend=file"));
  }

  /** Podman's store as that of the user who builds. */
  private void copyStore(Path target) throws IOException, InterruptedException {
    Files.createDirectories(target.getParent());
    sh(
        "cp -a \"$1\" \"$2\" && chown -R \"$3\" \"$2\"",
        dir.resolve("root"),
        target,
        Launcher.NOBODY);
  }

  /** Starts podman's service. */
  private void serve() throws IOException, InterruptedException {
    Path podmanSocket = dir.resolve("podman.sock");
    List<String> podman = podman();
    podman.addAll(List.of("system", "service", "--time=0", "unix://" + podmanSocket));
    start("podman", podman, podmanSocket);
    environment.put("CONTAINER_HOST", "unix://" + podmanSocket);
    environment.put("DOCKER_HOST", "unix://" + podmanSocket);
  }

  private void start(String name, List<String> command, Path socket)
      throws IOException, InterruptedException {
    Path log = dir.resolve(name + ".log");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().put("PATH", "/usr/local/bin:/usr/sbin:/sbin:/usr/bin:/bin");
    Process process = builder.start();
    services.add(
        () -> {
          process.destroy();
          process.onExit().orTimeout(MAX_SECONDS, TimeUnit.SECONDS).join();
        });
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(MAX_SECONDS);
    while (!Files.exists(socket)) {
      if (!process.isAlive() || System.nanoTime() > end) {
        throw new IOException(name + " does not start: " + Files.readString(log));
      }
      Thread.sleep(50);
    }
    Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
  }

  @AfterAll
  void stop() throws IOException, InterruptedException {
    for (Closeable service : services) {
      service.close();
    }
    // Engines mount their stores on themselves.
    sh(
        "awk -v dir=\"$1/\" 'index($5, dir) == 1 {print $5}' /proc/self/mountinfo | sort -r"
            + " | xargs -r umount -l; rm -rf \"$1\"",
        dir);
  }

  private static void sh(String script, Object... arguments)
      throws IOException, InterruptedException {
    Tools.sh(script, arguments);
  }

  private String[] arguments(String command, String... more) {
    List<String> arguments = new ArrayList<>(List.of(command, "--target-arch=amd64"));
    arguments.addAll(List.of("--disk-size=minimal", "--target-imgref=" + NAME));
    arguments.addAll(List.of("--tls-verify=false", "--authfile=" + dir.resolve("auth.json")));
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  /** Builds a disk; returns where it is. */
  private Path build(String type, String... source) throws IOException, InterruptedException {
    Path out = output();
    List<String> arguments = new ArrayList<>(List.of("--type=" + type, "--no-checksum"));
    arguments.addAll(List.of("--output=" + out));
    arguments.addAll(List.of(source));
    Result result = bib.run(environment, arguments("build", arguments.toArray(String[]::new)));
    assertThat(result.status()).as(result.err()).isZero();
    return out.resolve(type.equals("raw") ? "image/disk.raw" : "qcow2/disk.qcow2");
  }

  private Path output() throws IOException, InterruptedException {
    Path out = Files.createTempDirectory(dir, "out");
    sh("chown \"$1\" \"$2\"", Launcher.NOBODY, out);
    return out;
  }

  /** Digest of the manifest of a source, as the plan has it. */
  private String digest(String... source) throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(List.of("--output=" + output()));
    arguments.addAll(List.of(source));
    Result result = bib.run(environment, arguments("manifest", arguments.toArray(String[]::new)));
    assertThat(result.status()).as(result.err()).isZero();
    JsonNode plan = JSON.readTree(result.out());
    return plan.at("/image/digest").asText();
  }

  /** A reference, with options where it needs them. */
  private record Source(List<String> words) {
    static Source of(String... words) {
      return new Source(List.of(words));
    }

    String[] arguments() {
      return words.toArray(String[]::new);
    }

    @Override
    public String toString() {
      return String.join(" ", words);
    }
  }

  Stream<Source> everySource() {
    return Stream.of(
        Source.of("oci-archive:" + dir.resolve("layout.tar")),
        Source.of("docker-archive:" + dir.resolve("os.tar")),
        Source.of("dir:" + dir.resolve("plain")),
        Source.of(registry + "/x/os:1"),
        Source.of("containers-storage:[overlay@" + dir.resolve("store") + "]" + NAME),
        Source.of("--local", "x/os:1"), // below home
        Source.of("podman:" + NAME),
        Source.of("docker-daemon:" + NAME));
  }

  @Test
  void everySourceGivesTheSameDisk() throws IOException, InterruptedException {
    Path expected = build("qcow2", "oci:" + dir.resolve("layout"));
    for (Source source : everySource().toList()) {
      Path disk = build("qcow2", source.arguments());
      Path out = disk.resolve("../..").normalize();
      assertThat(Files.mismatch(expected, disk)).as(source.toString()).isEqualTo(-1);
      assertThat(
              JSON.readTree(out.resolve("manifest-qcow2.json").toFile())
                  .at("/image/digest")
                  .asText())
          .as(source.toString())
          .isEqualTo(digest);
      sh("rm -r \"$1\"", out);
    }
  }

  @Test
  void compressedLayersGiveTheSameTree() throws IOException, InterruptedException {
    String original = ImageLayout.digest(packed.read(packed.entry().get("digest").asText()));
    assertThat(original).isEqualTo(packed.entry().get("digest").asText());
    String synthesized =
        ImageLayout.digest(
            Tools.sh("skopeo inspect --raw \"docker-archive:$1\"", dir.resolve("packed.tar"))
                .getBytes(StandardCharsets.UTF_8));
    // A store keeps the manifest.
    for (Source source :
        List.of(Source.of(registry + "/x/os:packed"), Source.of("--local", PACKED))) {
      assertThat(digest(source.arguments())).as(source.toString()).isEqualTo(original);
    }
    // What is saved loses it.
    for (String source :
        List.of(
            "docker-archive:" + dir.resolve("packed.tar"),
            "podman:" + PACKED,
            "docker-daemon:" + PACKED)) {
      assertThat(digest(source)).as(source).isEqualTo(synthesized).isNotEqualTo(original);
    }
    Path pulled = build("raw", "oci:" + packed.directory());
    assertThat(Files.mismatch(pulled, build("raw", "--local", PACKED))).isEqualTo(-1);
    Path saved = build("raw", "docker-archive:" + dir.resolve("packed.tar"));
    assertThat(tree(saved)).isEqualTo(tree(pulled)).contains(" /usr/share/upper\n");
  }

  /** What ostree says of the deployed commit: modes, owners, checksums and names. */
  private String tree(Path disk) throws IOException, InterruptedException {
    Path mount = Files.createDirectory(disk.resolveSibling("mount"));
    sh("mount -o \"loop,ro,noload,offset=$1\" \"$2\" \"$3\"", ROOT_OFFSET, disk, mount);
    try {
      return Tools.sh("ostree --repo=\"$1/ostree/repo\" ls -R -C ostree/1/1/0", mount);
    } finally {
      sh("umount \"$1\"", mount);
    }
  }

  /**
   * A reference that leads nowhere.
   *
   * @param error where {@code *} stands for anything
   */
  private record Astray(int status, String error, List<String> words) {
    @Override
    public String toString() {
      return error;
    }
  }

  private static Astray astray(int status, String error, String... words) {
    return new Astray(status, error, List.of(words));
  }

  @ParameterizedTest
  @MethodSource
  void whatLeadsNowhereIsTold(Astray astray) throws IOException, InterruptedException {
    Result result =
        bib.run(
            environment,
            arguments(
                "build",
                Stream.concat(Stream.of("--output=" + dir.resolve("none")), astray.words().stream())
                    .toArray(String[]::new)));
    result.failed(astray.status(), astray.error());
    assertThat(result.hint().isPresent()).as(result.err()).isEqualTo(astray.status() == 1);
    assertThat(dir.resolve("none")).doesNotExist();
  }

  Stream<Astray> whatLeadsNowhereIsTold() {
    String store = "containers-storage:[overlay@" + dir.resolve("store") + "]";
    String archive = "docker-archive:" + dir.resolve("os.tar");
    return Stream.of(
        astray(
            1,
            store + "x/os:2: the store at * has no such image, only *, " + NAME + ", " + PACKED,
            store + "x/os:2"),
        astray(
            1,
            "containers-storage:[overlay@/none]x/os: there is no store at /none",
            "containers-storage:[overlay@/none]x/os"),
        astray(
            1,
            "containers-storage:[overlay@*/root]x/os:1: this user may not read *",
            "containers-storage:[overlay@" + dir.resolve("root") + "]x/os:1"),
        astray(1, "podman:x/os:2: podman has no such image, only *" + NAME + "*", "podman:x/os:2"),
        astray(
            1,
            "docker-daemon:x/os:2: docker has no such image, only *" + NAME + "*",
            "docker-daemon:x/os:2"),
        astray(1, archive + ": has no tag \"x\", tagged " + NAME, archive + ":x"),
        astray(1, "docker-archive:/none: no such file", "docker-archive:/none"),
        astray(
            1,
            "docker-archive:*/layout.tar: has no manifest.json",
            "docker-archive:" + dir.resolve("layout.tar")),
        astray(
            1,
            "dir:*/layout: holds no image, it has no manifest.json",
            "dir:" + dir.resolve("layout")),
        astray(1, "dir:/none: no such directory", "dir:/none"),
        astray(
            2,
            "\"x/os:1\": names no registry; write it in full, such as docker.io/x/os:1,"
                + " quay.io/x/os:1, localhost/x/os:1; or containers-storage:x/os:1 for podman's"
                + " store",
            "x/os:1"),
        astray(
            2,
            "--local=false: remove it: an image without a transport comes from its registry",
            "--local=false",
            NAME),
        astray(
            2, "\"tarball:os.tar\": the transport tarball: is not supported; *", "tarball:os.tar"));
  }
}
