package org.bib.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Bad images, bad directories, bad words: one line that names the thing, the documented status,
 * nothing on standard output, and an output directory as it was before.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FaultsTest {
  private static final String KERNELS = "usr/lib/modules/";
  private static final String GZIP = ImageLayout.LAYER + "+gzip";
  private static final String ZSTD = ImageLayout.LAYER + "+zstd";

  private Path dir = Path.of("");
  private Path output = Path.of("");
  private String version = "";
  private Launcher bib = Launcher.NONE;
  private ImageLayout lean = ImageLayout.NONE;
  private Snapshot before = Snapshot.EMPTY;

  /** Makes something wrong of a copy of the lean image. */
  @FunctionalInterface
  private interface Making {
    void make(ImageLayout image) throws IOException;
  }

  /**
   * A fault.
   *
   * @param error the error that is told, where {@code *} stands for anything
   */
  private record Fault(String name, String error, Making making, List<String> options) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Fault fault(String name, String error, Making making, String... options) {
    return new Fault(name, error, making, List.of(options));
  }

  @BeforeAll
  void prepare() throws IOException, InterruptedException {
    dir = Launcher.directory("bib-faults");
    bib = Launcher.install(dir);
    lean = ImageLayout.lean(Launcher.EXAMPLE, dir.resolve("lean"));
    version = lean.kernelVersion();
    output = Files.createDirectory(dir.resolve("out"));
    Files.setPosixFilePermissions(output, PosixFilePermissions.fromString("rwxrwxrwx"));
    Result result =
        bib.run(
            "build", "--type", "qcow2", "--disk-size", "minimal", "--output", out(), image(lean));
    assertThat(result.status()).as(result.err()).isZero();
    Files.createDirectory(output.resolve("image"));
    Files.writeString(output.resolve("image/disk.raw"), "an earlier disk");
    Tools.checked("chown", "-R", Launcher.NOBODY, output.toString());
    before = Snapshot.of(output);
  }

  @AfterAll
  void deleteAll() throws IOException, InterruptedException {
    Tools.run("chmod", "-R", "u+rwX", dir.toString());
    Tools.run("rm", "-rf", dir.toString());
  }

  private String out() {
    return output.toString();
  }

  private static String image(ImageLayout layout) {
    return "oci:" + layout.directory();
  }

  private String kernel(String file) {
    return KERNELS + version + "/" + file;
  }

  @ParameterizedTest
  @MethodSource
  void damagedLayout(Fault fault) throws IOException, InterruptedException {
    check(fault);
  }

  Stream<Fault> damagedLayout() {
    return Stream.of(
        fault(
            "index.json is missing",
            "{image}: is not an OCI image layout, it has no index.json",
            image -> Files.delete(image.directory().resolve("index.json"))),
        fault(
            "index.json is garbage",
            "{image}: index.json: not JSON: *",
            image -> Files.writeString(image.directory().resolve("index.json"), "\u0000{]garbage")),
        fault(
            "index.json nests without end",
            "{image}: index.json: not JSON: *",
            image ->
                Files.writeString(image.directory().resolve("index.json"), "[".repeat(100_000))),
        fault(
            "index.json is no object",
            "{image}: index.json: not a JSON object",
            image -> Files.writeString(image.directory().resolve("index.json"), "[]")),
        fault(
            "index.json has no manifests",
            "{image}: has no manifest",
            image -> Files.writeString(image.directory().resolve("index.json"), "{}")),
        fault(
            "index.json is larger than any",
            "{image}: index.json is larger than 4194304 bytes",
            image ->
                Files.writeString(image.directory().resolve("index.json"), " ".repeat(5 << 20))),
        fault(
            "the manifest is missing",
            "{image}: blob sha256:* is missing",
            image -> Files.delete(image.blob(image.entry().get("digest").asText()))),
        fault(
            "the manifest has another digest",
            "{image}: manifest sha256:*: digest mismatch: got sha256:*",
            image -> flip(image, image.entry().get("digest").asText())),
        fault(
            "the manifest is garbage",
            "{image}: manifest sha256:*: not JSON: *",
            image -> {
              image.entry().setAll(image.store(bytes("{\"layers\": [")));
              image.writeIndex();
            }),
        fault(
            "a digest leaves the layout",
            "{image}: manifest sha256:*: *",
            image -> {
              ((com.fasterxml.jackson.databind.node.ObjectNode) image.layers().get(0))
                  .put("digest", "sha256:../../../../etc/passwd");
              image.writeManifest();
            }),
        fault(
            "a size is negative",
            "{image}: manifest sha256:*: sha256:* has a negative size",
            image -> {
              ((com.fasterxml.jackson.databind.node.ObjectNode) image.layers().get(0))
                  .put("size", -1);
              image.writeManifest();
            }),
        fault(
            "the configuration is missing",
            "{image}: blob sha256:* is missing",
            image -> Files.delete(image.blob(image.configDigest()))),
        fault(
            "the configuration has another digest",
            "{image}: config sha256:*: digest mismatch: got sha256:*",
            image -> flip(image, image.configDigest())),
        fault(
            "the configuration is garbage",
            "{image}: config sha256:*: not JSON: *",
            image -> {
              image.configDescriptor().setAll(image.store(bytes("garbage")));
              image.writeManifest();
            }),
        fault(
            "the image is for another architecture",
            "{image}: has no image for linux/amd64, only linux/arm64",
            image -> {
              image.config().put("architecture", "arm64");
              image.write();
            },
            "--target-arch=amd64"),
        fault(
            "the index has another architecture only",
            "{image}: has no image for linux/amd64, only linux/s390x",
            image -> {
              image.entry().putObject("platform").put("os", "linux").put("architecture", "s390x");
              image.writeIndex();
            },
            "--target-arch=amd64"),
        fault(
            "there are fewer diff_ids than layers",
            "{image}: config sha256:*: has 0 diff_ids for 1 layers",
            image -> {
              image.diffIds().removeAll();
              image.write();
            }),
        fault(
            "the manifest is of schema 1",
            "{image}: manifest sha256:*: is of the old Docker schema 1",
            image -> {
              image.manifest().put("schemaVersion", 1);
              image.writeManifest();
            }),
        fault(
            "it is a Helm chart",
            "{image}: manifest sha256:*: is not a container image but"
                + " \"application/vnd.cncf.helm.config.v1+json\"",
            image -> {
              image.configDescriptor().put("mediaType", "application/vnd.cncf.helm.config.v1+json");
              image.writeManifest();
            }),
        fault(
            "a layer is encrypted",
            "layer sha256:* of {image}: is encrypted",
            image -> {
              image.addLayer(new byte[100], GZIP + "+encrypted", ImageLayout.digest(new byte[0]));
              image.write();
            }),
        fault(
            "a layer is missing",
            "{image}: blob sha256:* is missing",
            image -> Files.delete(image.blob(image.layer(0)))),
        fault(
            "a layer is truncated",
            "layer sha256:* of {image}: truncated: 20000000 of * bytes",
            image ->
                image.replace(
                    image.layer(0), Arrays.copyOf(image.read(image.layer(0)), 20_000_000))),
        fault(
            "a layer is empty",
            "layer sha256:* of {image}: truncated: 0 of * bytes",
            image -> image.replace(image.layer(0), new byte[0])),
        fault(
            "a bit of a layer is flipped",
            "layer sha256:* of {image}: digest mismatch: got sha256:*",
            image -> flip(image, image.layer(0))),
        fault(
            "a layer is longer than announced",
            "layer sha256:* of {image}: longer than the * bytes announced",
            image -> {
              byte[] blob = image.read(image.layer(0));
              image.replace(image.layer(0), Arrays.copyOf(blob, blob.length + 512));
            }),
        fault(
            "a layer has another diff_id",
            "layer sha256:*: diff_id mismatch: the configuration says sha256:"
                + "0".repeat(64)
                + ", its content has sha256:*",
            image -> {
              byte[] tar = new TarBuilder().file("etc/x", "x").build();
              image.addLayer(tar, ImageLayout.LAYER, "sha256:" + "0".repeat(64)).write();
            }),
        fault(
            "gzip data of a layer is corrupt",
            "layer sha256:*: corrupt gzip data: *",
            image -> {
              byte[] gzip = gzip(new TarBuilder().file("etc/x", "x".repeat(10_000)).build());
              gzip[gzip.length / 2] ^= 0x55;
              image.addLayer(gzip, GZIP, ImageLayout.digest(new byte[0])).write();
            }),
        fault(
            "gzip data of a layer is cut, and so is known",
            "layer sha256:*: corrupt gzip data: *",
            image -> {
              byte[] gzip = gzip(new TarBuilder().file("etc/x", "x".repeat(10_000)).build());
              byte[] cut = Arrays.copyOf(gzip, gzip.length - 20);
              image.addLayer(cut, GZIP, ImageLayout.digest(new byte[0])).write();
            }),
        fault(
            "zstd data of a layer is corrupt",
            "layer sha256:*: corrupt zstd data: *",
            image -> {
              byte[] blob = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 1, 2, 3, 4, 5, 6, 7, 8, 9};
              image.addLayer(blob, ZSTD, ImageLayout.digest(new byte[0])).write();
            }));
  }

  @ParameterizedTest
  @MethodSource
  void hostileArchive(Fault fault) throws IOException, InterruptedException {
    check(fault);
  }

  private static Fault archive(String name, String error, TarBuilder tar) {
    return archive(name, error, tar.build());
  }

  /** A fault of the only layer. */
  private static Fault archive(String name, String error, byte[] tar) {
    return fault(
        name, "layer sha256:*: " + error, image -> image.withoutLayers().addLayer(tar).write());
  }

  Stream<Fault> hostileArchive() {
    byte[] huge = new byte[12]; // GNU tar, base 256
    Arrays.fill(huge, (byte) 0x7f);
    huge[0] = (byte) 0x80;
    byte[] negative = new byte[12];
    Arrays.fill(negative, (byte) 0xff);
    byte[] notUtf8 = {'e', 't', 'c', '/', (byte) 0xe9, (byte) 0xff};
    return Stream.of(
        archive(
            "it is no tar",
            "not a tar header: it has no checksum",
            "no tar\n".repeat(200).getBytes(StandardCharsets.UTF_8)),
        archive(
            "it ends within a header",
            "the archive ends within a header",
            Arrays.copyOf(new TarBuilder().file("etc/x", "x").build(), 300)),
        archive(
            "it ends within a file",
            "the archive ends within a file",
            Arrays.copyOf(new TarBuilder().file("etc/x", new byte[10_000]).build(), 1024)),
        archive(
            "a path leaves the tree",
            "\"../../etc/cron.d/x\" leaves the tree",
            new TarBuilder().file("../../etc/cron.d/x", "x")),
        archive(
            "a link leaves the tree",
            "\"../../../etc/shadow\" leaves the tree",
            new TarBuilder().hardLink("etc/x", "../../../etc/shadow")),
        archive(
            "a hard link leads nowhere",
            "etc/x is a hard link to etc/none, which is not there",
            new TarBuilder().hardLink("etc/x", "etc/none")),
        archive(
            "links lead in a circle",
            "*: too many symbolic links",
            new TarBuilder().symlink("a", "b").symlink("b", "a").file("a/x", "x")),
        archive(
            "there is a block device",
            "var/sda is a device or FIFO, which an ostree commit cannot hold",
            new TarBuilder().special("var/sda", '4')),
        archive(
            "there is a FIFO",
            "run/pipe is a device or FIFO, which an ostree commit cannot hold",
            new TarBuilder().special("run/pipe", '6')),
        archive(
            "a size is beyond all disks",
            "a number in a tar header does not fit into 64 bits",
            new TarBuilder().member(bytes("etc/x"), '0', huge, "")),
        archive(
            "a size is negative",
            "etc/x: absurd size -1",
            new TarBuilder().member(bytes("etc/x"), '0', negative, "")),
        archive(
            "a size is 8 GiB and there is nothing",
            "the archive ends within a file",
            new TarBuilder().member(bytes("etc/x"), '0', bytes("77777777777\0"), "")),
        archive(
            "a sparse file claims 8 EiB",
            "etc/x: its sparse map does not fit its size",
            new TarBuilder()
                .pax(
                    TarBuilder.record("GNU.sparse.major", "0")
                        + TarBuilder.record("GNU.sparse.map", "0,0")
                        + TarBuilder.record("GNU.sparse.size", "" + Long.MAX_VALUE))
                .file("etc/x", "")),
        archive(
            "a sparse map overflows",
            "*",
            new TarBuilder()
                .pax(
                    TarBuilder.record(
                            "GNU.sparse.map", Long.MAX_VALUE + ",1," + Long.MAX_VALUE + ",1")
                        + TarBuilder.record("GNU.sparse.size", "4096"))
                .file("etc/x", "xx")),
        archive(
            "a PAX header of 7 GiB",
            "a header extension of absurd size 7516192768",
            new TarBuilder().member(bytes("pax"), 'x', bytes("70000000000\0"), "")),
        archive(
            "a PAX record longer than its header",
            "a PAX record has the wrong length 999999",
            new TarBuilder().pax("999999 path=x\n").file("etc/x", "x")),
        archive(
            "a time that takes for ever to write down",
            "etc/x: *",
            new TarBuilder().pax(TarBuilder.record("mtime", "1e999999999")).file("etc/x", "x")),
        archive(
            "a time beyond the end of time",
            "etc/x: *",
            new TarBuilder()
                .pax(TarBuilder.record("mtime", "999999999999999999"))
                .file("etc/x", "x")),
        archive(
            "a name that is not UTF-8",
            "the name \"etc/*\" is not UTF-8, which ostree cannot store",
            new TarBuilder().member(notUtf8, '0', TarBuilder.octal(0), "")),
        archive(
            "a name of 300 bytes",
            "\"etc/*\" has a name of more than 255 bytes",
            new TarBuilder()
                .pax(TarBuilder.record("path", "etc/" + "x".repeat(300)))
                .file("etc/x", "x")),
        archive(
            "a path of a mebibyte",
            "a path of the archive is absurd",
            new TarBuilder()
                .pax(TarBuilder.record("path", "etc/" + "x/".repeat(1 << 19)))
                .file("etc/x", "x")),
        archive(
            "directories deeper than any path",
            "*: more than 1024 directories deep",
            new TarBuilder().pax(TarBuilder.record("path", "d/".repeat(5000))).directory("d")),
        archive(
            "directories made deep by links", "*: more than 1024 directories deep", deepByLinks()),
        archive(
            "a member of an unknown type",
            "etc/x: unknown tar member type 'Z'",
            new TarBuilder().special("etc/x", 'Z')),
        archive(
            "a line feed in a name does not break the line",
            "\"../a b\" leaves the tree",
            new TarBuilder().file("../a\nb", "x")));
  }

  private static TarBuilder deepByLinks() {
    TarBuilder tar = new TarBuilder();
    String deep = "d/".repeat(40);
    tar.directory("l0");
    for (int i = 1; i < 40; i++) {
      tar.file("l" + (i - 1) + "/" + deep + "x", "").symlink("l" + i, "l" + (i - 1) + "/" + deep);
    }
    return tar;
  }

  @ParameterizedTest
  @MethodSource
  void unfitImage(Fault fault) throws IOException, InterruptedException {
    check(fault);
  }

  /** A fault of a layer over the lean image. */
  private Fault over(String name, String error, TarBuilder tar, String... options) {
    return fault(name, error, image -> image.addLayer(tar.build()).write(), options);
  }

  Stream<Fault> unfitImage() {
    return Stream.of(
        over(
            "it has no kernel",
            "the image cannot be deployed: kernel: no /usr/lib/modules/*/vmlinuz",
            new TarBuilder().file(kernel(".wh.vmlinuz"), "")),
        over(
            "it has no initramfs",
            "the image cannot be deployed: kernel: no /" + kernel("initramfs.img"),
            new TarBuilder().file(kernel(".wh.initramfs.img"), "")),
        over(
            "it has two kernels",
            "the image cannot be deployed: kernel: several kernels below /usr/lib/modules: 1.2.3, "
                + version,
            new TarBuilder()
                .file(KERNELS + "1.2.3/vmlinuz", "k")
                .file(KERNELS + "1.2.3/initramfs.img", "i")),
        over(
            "its kernel has a name that cannot be booted",
            "the image cannot be deployed: kernel: its version \"1 .2\" cannot stand in a boot"
                + " loader entry",
            new TarBuilder()
                .file(kernel(".wh.vmlinuz"), "")
                .file(KERNELS + "1 .2/vmlinuz", "k")
                .file(KERNELS + "1 .2/initramfs.img", "i")),
        fault(
            "it is an ordinary container",
            "the image cannot be deployed, 11 findings: (1) label: neither containers.bootc nor"
                + " ostree.bootable: not made for bootc; (2) kernel: no"
                + " /usr/lib/modules/*/vmlinuz; (3) *",
            image -> {
              image.config().remove("config");
              image.withoutLayers();
              image.addLayer(new TarBuilder().file("bin/sh", "sh").build()).write();
            }),
        fault(
            "it has no layers",
            "{image}: manifest sha256:*: has 0 layers",
            image -> image.withoutLayers().write()),
        over(
            "it has /etc and /usr/etc",
            "the image cannot be deployed: etc-usretc: there are both /etc and /usr/etc, where"
                + " ostree keeps the former",
            new TarBuilder().file("usr/etc/x", "x")),
        over(
            "it has no boot loader",
            "the image has no UEFI boot loader: no /*",
            new TarBuilder().file("usr/lib/.wh.grub", "").file("usr/lib/.wh.shim", "")),
        over(
            "its install configuration is broken",
            "the image cannot be deployed: bootc-install: /usr/lib/bootc/install/50-x.toml of the"
                + " image is not TOML: line 1: *",
            new TarBuilder().file("usr/lib/bootc/install/50-x.toml", "[install\n")),
        over(
            "its kernel arguments are broken",
            "the image cannot be deployed: bootc-kargs: /usr/lib/bootc/kargs.d/x.toml of the image"
                + " is not TOML: line 2: *",
            new TarBuilder().file("usr/lib/bootc/kargs.d/x.toml", "kargs = [\"a\"\n")),
        fault(
            "the disk is too small",
            "a disk of 1 MiB is too small: this image needs * MiB",
            image -> {},
            "--disk-size",
            "1 MiB"),
        over(
            "an attribute that no filesystem takes",
            "*: ext4 has no place for the extended attribute nonsense.x",
            new TarBuilder()
                .pax(TarBuilder.record("SCHILY.xattr.nonsense.x", "1"))
                .file("usr/share/x", "x")));
  }

  private void check(Fault fault) throws IOException, InterruptedException {
    Path place = dir.resolve("fault");
    Tools.run("rm", "-rf", place.toString());
    ImageLayout image = lean.copy(place);
    fault.making().make(image);
    List<String> arguments = new ArrayList<>(List.of("build", "--type=qcow2", "--type=raw"));
    arguments.addAll(List.of("--output", out()));
    arguments.addAll(fault.options());
    arguments.add(image(image));
    bib.run(arguments.toArray(String[]::new))
        .failed(1, fault.error().replace("{image}", image(image)));
    assertThat(Snapshot.of(output)).isEqualTo(before);
  }

  @Test
  void nothingIsMadeWhereNothingWas() throws IOException, InterruptedException {
    Path fresh = output.resolve("new/er");
    ImageLayout noKernel = lean.copy(dir.resolve("no-kernel"));
    noKernel.addLayer(new TarBuilder().file(kernel(".wh.vmlinuz"), "").build()).write();
    ImageLayout noTar = lean.copy(dir.resolve("no-tar"));
    noTar.addLayer(bytes("no tar")).write();
    for (String image : List.of("oci:/none", image(noTar), image(noKernel))) {
      Result result = bib.run("build", "--output", fresh.toString(), image);
      assertThat(result.status()).isEqualTo(1);
      assertThat(Snapshot.of(output)).isEqualTo(before);
    }
    Result small =
        bib.run("build", "--output", fresh.toString(), "--disk-size", "1 MiB", image(lean));
    small.failed(1, "a disk of 1 MiB is too small: this image needs * MiB");
    assertThat(Snapshot.of(output)).isEqualTo(before);
  }

  @Test
  void aFileIsNoArchive() throws IOException, InterruptedException {
    Path archive = Files.writeString(dir.resolve("archive"), "garbage".repeat(1000));
    bib.run("build", "--output", out(), "oci-archive:" + archive)
        .failed(1, archive + ": is not an OCI archive: *");
    Tools.checked(
        "tar", "-C", lean.directory().toString(), "-cf", archive.toString(), "index.json", "blobs");
    try (var channel =
        java.nio.channels.FileChannel.open(archive, java.nio.file.StandardOpenOption.WRITE)) {
      channel.truncate(channel.size() / 2);
    }
    Result cut = bib.run("build", "--output", out(), "oci-archive:" + archive);
    cut.failed(1, "*" + archive + ": *");
    bib.run("build", "--output", out(), "oci-archive:/none")
        .failed(1, "oci-archive:/none: no such file");
    assertThat(Snapshot.of(output)).isEqualTo(before);
  }

  @Test
  void anOutputThatCannotBe() throws IOException, InterruptedException {
    Path shut = Files.createDirectory(dir.resolve("shut"));
    Files.setPosixFilePermissions(shut, PosixFilePermissions.fromString("r-xr-xr-x"));
    refused(shut, "output directory " + shut + ": cannot be written to");
    refused(
        shut.resolve("a/b"),
        "output directory " + shut + "/a/b: " + shut + " cannot be written to");
    Path file = Files.createFile(dir.resolve("file"));
    refused(file, "output directory " + file + ": is not a directory");
    refused(file.resolve("a"), "output directory " + file + "/a: " + file + " is not a directory");
    assertThat(shut).isEmptyDirectory();

    Path taken = open("taken");
    Files.createDirectories(taken.resolve("qcow2/disk.qcow2"));
    refused(taken, "output " + taken + "/qcow2/disk.qcow2: is a directory");
    Path below = open("below");
    Files.createFile(below.resolve("qcow2"));
    refused(below, "output " + below + "/qcow2/disk.qcow2: " + below + "/qcow2 is not a directory");
    Path inner = open("inner");
    Files.createDirectory(inner.resolve("qcow2"));
    refused(
        inner, "output " + inner + "/qcow2/disk.qcow2: " + inner + "/qcow2 cannot be written to");

    Path readOnly = Files.createDirectory(dir.resolve("read-only"));
    Tools.checked("mount", "-t", "tmpfs", "-o", "ro,mode=777", "tmpfs", readOnly.toString());
    try {
      refused(readOnly, "output directory " + readOnly + ": cannot be written to");
    } finally {
      Tools.checked("umount", readOnly.toString());
    }
  }

  private Path open(String name) throws IOException {
    Path made = Files.createDirectory(dir.resolve(name));
    Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rwxrwxrwx"));
    return made;
  }

  private void refused(Path directory, String error) throws IOException, InterruptedException {
    Snapshot snapshot = Files.exists(directory) ? Snapshot.of(directory) : Snapshot.EMPTY;
    Result result = bib.run("build", "--output", directory.toString(), image(lean));
    result.failed(1, error);
    assertThat(result.hint()).isPresent();
    assertThat(result.err().lines()).hasSize(2); // known before anything is read
    assertThat(Files.exists(directory) ? Snapshot.of(directory) : Snapshot.EMPTY)
        .isEqualTo(snapshot);
  }

  @Test
  void aCommandLineThatIsWrong() throws IOException, InterruptedException {
    Path broken = Files.writeString(dir.resolve("broken.toml"), "[customizations\n");
    Path unknown =
        Files.writeString(dir.resolve("unknown.toml"), "[[customizations.user]]\nnmae = \"x\"\n");
    Path missing =
        Files.writeString(
            dir.resolve("group.toml"),
            "[[customizations.user]]\nname = \"x\"\ngroups = [\"nobody-has-this\"]\n");
    String image = image(lean);
    wrong("unknown option --tpye, did you mean \"--type\"?", "--tpye", "qcow2", image);
    wrong("a value is missing: TYPE of --type", "--type");
    wrong(
        "--type: \"qcow3\" is not a type of image, did you mean \"qcow2\"; *",
        "--type=qcow3",
        image);
    wrong("IMAGE: is missing; *", "--type=qcow2");
    wrong("/none.toml: no such file", "--config", "/none.toml", image);
    wrong(broken + ": line *", "--config", broken.toString(), image);
    wrong(
        unknown + ": *customizations.user[0].nmae: unknown key, did you mean \"name\"?",
        "--config",
        unknown.toString(),
        image);
    wrong("--authfile: /none: no such file", "--authfile=/none", image);
    wrong("\"tarball:x\": the transport tarball: is not supported; *", "tarball:x");
    wrong("*UPPER*", "registry.example/UPPER:x");
    Result group = bib.run("build", "--config", missing.toString(), "--output", out(), image);
    group.failed(2, "*there is no group \"nobody-has-this\"*");
    assertThat(Snapshot.of(output)).isEqualTo(before);
  }

  private void wrong(String error, String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("build", "--output", out()));
    command.addAll(List.of(arguments));
    Result result = bib.run(command.toArray(String[]::new));
    result.failed(2, error);
    assertThat(result.err().lines()).hasSizeLessThanOrEqualTo(2);
    assertThat(Snapshot.of(output)).isEqualTo(before);
  }

  @Test
  void aResultThatCannotBePrintedIsAFailure() throws IOException, InterruptedException {
    bib.shell("\"$0\" version >/dev/full").failed(1, "standard output: No space left on device");
    Result piped = bib.shell("\"$0\" help | true; exit ${PIPESTATUS[0]}");
    assertThat(piped).isEqualTo(new Result(0, "", ""));
  }

  @Test
  void modesAreThoseOfTheUsersMask() throws IOException, InterruptedException {
    for (String mask : List.of("022", "077")) {
      Path made = open("mask" + mask);
      Result result =
          bib.shell(
              "umask "
                  + mask
                  + "; exec \"$0\" build --type=qcow2 --type=raw --disk-size=minimal"
                  + " --output "
                  + made
                  + "/new "
                  + image(lean));
      assertThat(result.status()).as(result.err()).isZero();
      try (Stream<Path> paths = Files.walk(made.resolve("new"))) {
        for (Path path : paths.toList()) {
          String full = Files.isDirectory(path) ? "rwxr-xr-x" : "rw-r--r--";
          assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
              .as(path.toString())
              .isEqualTo(mask.equals("022") ? full : full.substring(0, 3) + "------");
        }
      }
      Tools.run("rm", "-rf", made.toString());
    }
  }

  private static void flip(ImageLayout image, String digest) throws IOException {
    byte[] blob = image.read(digest);
    blob[blob.length / 2] ^= 1;
    image.replace(digest, blob);
  }

  private static byte[] gzip(byte[] bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
