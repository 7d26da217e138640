package org.bib.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * Builds the example OS as a user without privileges and asks independent readers. Wants root, to
 * drop it and to mount what was built, and the example OS where {@code tests/run} puts it.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.MethodName.class)
class ProductTest {
  private static final Path TOP = Path.of("..").toAbsolutePath().normalize();
  private static final Path EXAMPLE = TOP.resolve("build/example-os");
  private static final String NOBODY = "65534";
  // Where the default table has them.
  private static final long BOOT_OFFSET = 503L << 20;
  private static final long ROOT_OFFSET = 1527L << 20;

  private Path dir = Path.of("");
  private Path disk = Path.of("");

  private record Result(int status, String out, String err) {}

  @BeforeAll
  void build() throws IOException, InterruptedException {
    assertThat(EXAMPLE.resolve("oci-layout")).as("made by tests/run").exists();
    dir = Files.createTempDirectory("bib-tests");
    Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwxrwxrwx"));
    // A checkout may lie where only its owner can read; nobody gets copies.
    checked(
        "sh",
        "-c",
        "mkdir -p \"$2/bib/builder-cli/target\" && cp \"$1/bib\" \"$2/bib\""
            + " && cd \"$1/builder-cli/target\" && cp -r builder-cli-*.jar lib native"
            + " \"$2/bib/builder-cli/target\" && cp -r \"$1/build/example-os\" \"$2/image\" && chmod -R a+rX \"$2\"",
        "sh",
        TOP.toString(),
        dir.toString());
    Result result = bib(Map.of(), "one", "--type", "raw", "--type", "qcow2");
    assertThat(result.status()).as(result.err()).isZero();
    disk = dir.resolve("one/image/disk.raw");
    assertThat(result.out()).contains(disk.toString());
  }

  @AfterAll
  void deleteAll() throws IOException, InterruptedException {
    run("rm", "-rf", dir.toString());
  }

  @Test
  void partitionTableIsSound() throws IOException, InterruptedException {
    assertThat(checked("sgdisk", "-v", disk.toString())).contains("No problems found");
    assertThat(Files.size(disk)).isEqualTo(10L << 30);
  }

  @Test
  void qcow2HoldsTheSameDisk() throws IOException, InterruptedException {
    String qcow2 = dir.resolve("one/qcow2/disk.qcow2").toString();
    assertThat(checked("qemu-img", "check", qcow2)).contains("No errors were found");
    assertThat(checked("qemu-img", "compare", disk.toString(), qcow2)).contains("identical");
  }

  @Test
  void manifestTellsSizesAndChecksums() throws IOException, InterruptedException {
    String manifest = Files.readString(dir.resolve("one/manifest-raw-qcow2.json"));
    for (String output : List.of("image/disk.raw", "qcow2/disk.qcow2")) {
      Path file = dir.resolve("one").resolve(output);
      assertThat(manifest)
          .contains("\"path\" : \"" + output + "\"")
          .contains("\"size\" : " + Files.size(file))
          .contains(checked("sha256sum", file.toString()).substring(0, 64));
    }
  }

  @Test
  void filesystemsAreSound() throws IOException, InterruptedException {
    checked("e2fsck", "-fn", disk + "?offset=" + BOOT_OFFSET);
    checked("e2fsck", "-fn", disk + "?offset=" + ROOT_OFFSET);
    Path esp = dir.resolve("esp");
    checked("dd", "if=" + disk, "of=" + esp, "bs=1M", "skip=2", "count=501", "status=none");
    checked("fsck.vfat", "-n", esp.toString());
  }

  @Test
  void ostreeFindsNothingWrong() throws IOException, InterruptedException {
    Path mount = Files.createDirectory(dir.resolve("sysroot"));
    checked(
        "mount",
        "-o",
        "loop,ro,noload,sizelimit=" + (8712L << 20) + ",offset=" + ROOT_OFFSET,
        disk.toString(),
        mount.toString());
    try {
      checked(
          "mount",
          "-o",
          "loop,ro,noload,sizelimit=" + (1L << 30) + ",offset=" + BOOT_OFFSET,
          disk.toString(),
          mount + "/boot");
      try {
        assertThat(checked("ostree", "fsck", "--repo=" + mount + "/ostree/repo"))
            .contains("no errors found");
        assertThat(checked("ostree", "refs", "--repo=" + mount + "/ostree/repo"))
            .contains("ostree/1/1/0");
      } finally {
        checked("umount", mount + "/boot");
      }
    } finally {
      checked("umount", mount.toString());
    }
  }

  /**
   * The tree as umoci unpacks it, against the deployment: type, mode, owner, content, attributes.
   */
  @Test
  void deploymentIsWhatUmociUnpacks() throws IOException, InterruptedException {
    Path bundle = dir.resolve("bundle");
    checked("umoci", "unpack", "--image", EXAMPLE + ":gzip", bundle.toString());
    Path rootfs = bundle.resolve("rootfs");
    Path mount = Files.createDirectory(dir.resolve("deployed"));
    checked(
        "mount",
        "-o",
        "loop,ro,noload,sizelimit=" + (8712L << 20) + ",offset=" + ROOT_OFFSET,
        disk.toString(),
        mount.toString());
    try {
      List<Path> deployments = new ArrayList<>();
      try (var paths = Files.newDirectoryStream(mount.resolve("ostree/deploy/default/deploy"))) {
        paths.forEach(
            path -> {
              if (Files.isDirectory(path)) {
                deployments.add(path);
              }
            });
      }
      assertThat(deployments).hasSize(1);
      Path deployment = deployments.get(0);
      for (String top : List.of("usr", "var")) {
        assertThat(listing(deployment, top, "usr/etc")).isEqualTo(listing(rootfs, top, "usr/etc"));
      }
      assertThat(listing(deployment.resolve("usr"), "etc", "etc/fstab"))
          .isEqualTo(listing(rootfs, "etc", "etc/fstab"));
      assertThat(listing(deployment, "etc", "etc/fstab"))
          .isEqualTo(listing(rootfs, "etc", "etc/fstab"));
    } finally {
      checked("umount", mount.toString());
    }
  }

  private static String listing(Path base, String below, String without)
      throws IOException, InterruptedException {
    String script =
        "cd \"$1\" && find \"$2\" -path \"$3\" -prune -o -printf '%p %y %m %U:%G %l\\n' | sort;"
            + " find \"$2\" -path \"$3\" -prune -o -type f -print0 | sort -z | xargs -0 sha256sum;"
            + " getfattr -R -P -d -m '^(user|security)' -e hex \"$2\" 2>/dev/null | sort";
    return checked("sh", "-c", script, "sh", base.toString(), below, without);
  }

  @Test
  void sameInputGivesSameBytesWhateverTheThreadsZoneAndLocale()
      throws IOException, InterruptedException {
    Result result =
        bib(Map.of("TZ", "Asia/Tokyo", "LC_ALL", "C"), "two", "--type", "raw", "--threads", "1");
    assertThat(result.status()).as(result.err()).isZero();
    assertThat(Files.mismatch(disk, dir.resolve("two/image/disk.raw"))).isEqualTo(-1);
  }

  @Test
  void failuresTellOneLineAndLeaveNothing() throws IOException, InterruptedException {
    Result small = bib(Map.of(), "small", "--type", "raw", "--disk-size", "1600MiB");
    assertThat(small.status()).isEqualTo(1);
    assertThat(small.err()).contains("is too small: this image needs");
    Result arm = bib(Map.of(), "small", "--type", "raw", "--target-arch", "arm64");
    assertThat(arm.status()).isEqualTo(1);
    assertThat(arm.err()).contains("has no image for linux/arm64, only linux/amd64");
    assertThat(dir.resolve("small")).doesNotExist();
  }

  @Test
  void secretsLogInUnderUefiAndOstreeKnowsItsDeployment() throws IOException, InterruptedException {
    Path key = makeSecrets();
    Path target = secretsDisk();
    Path work = dir.resolve("uefi");
    start(target, "uefi", work, "2251");
    try {
      vm("wait", "--work", work.toString(), "--key", key.toString(), "--user", "alice");
      String facts =
          inGuest(
              work,
              key,
              "id; hostname; cat /etc/motd.d/hello; findmnt -no SOURCE,FSTYPE /var/data;"
                  + " ostree admin status; test -d /sys/firmware/efi && echo firmware=uefi;"
                  + " findmnt -no SOURCE,FSTYPE /");
      assertThat(facts)
          .contains("uid=1000(alice)", "2000(operators)", "first", "hello", "ext4")
          .contains("* default ", "firmware=uefi")
          .containsPattern("composefs +overlay");
    } finally {
      vm("stop", "--work", work.toString());
    }
  }

  /** As an update does it, and as a user takes it back: by the system's own ostree. */
  @Test
  void secondDeploymentAndRollbackWorkInTheSystemBootedUnderBios()
      throws IOException, InterruptedException {
    Path key = makeSecrets();
    Path target = dir.resolve("day-two.qcow2");
    checked("cp", secretsDisk().toString(), target.toString());
    Path work = dir.resolve("bios");
    start(target, "bios", work, "2252", "--persistent");
    try {
      vm("wait", "--work", work.toString(), "--key", key.toString(), "--user", "alice");
      assertThat(inGuest(work, key, "test -d /sys/firmware/efi || echo firmware=bios; id"))
          .contains("firmware=bios", "alice");
      String first = asRoot(work, key, "ostree admin status | awk '/^[*]/ { print $3 }'").strip();
      asRoot(
          work,
          key,
          """
          set -e
          commit=$(ostree admin status | sed -n 's/^[*] default \\([0-9a-f]*\\).*/\\1/p')
          mkdir -p /var/tmp/add/usr/share
          echo second >/var/tmp/add/usr/share/second
          echo changed >/etc/changed
          ostree commit --repo=/ostree/repo --branch=next --tree=ref=$commit \
            --tree=dir=/var/tmp/add --bootable
          ostree admin deploy --os=default next
          """);
      reboot(work, key);
      assertThat(asRoot(work, key, "ostree admin status; cat /usr/share/second /etc/changed"))
          .contains(first + " (rollback)", "second\n", "changed\n");
      asRoot(work, key, "ostree admin set-default 1");
      reboot(work, key);
      assertThat(asRoot(work, key, "ostree admin status; ls /usr/share/second || true"))
          .contains("* default " + first + "\n")
          .contains("(rollback)")
          .contains("No such file");
    } finally {
      vm("stop", "--work", work.toString());
    }
  }

  private static void reboot(Path work, Path key) throws IOException, InterruptedException {
    String identity = "cat /proc/sys/kernel/random/boot_id";
    String before = asRoot(work, key, identity);
    // The connection ends with the system, or before.
    run(vmCommand("ssh", work, key, "root", "systemctl reboot"));
    for (int tries = 0; tries < 200; tries++) {
      Thread.sleep(3000);
      Result after = run(vmCommand("ssh", work, key, "root", identity));
      if (after.status() == 0 && !after.out().equals(before)) {
        return;
      }
    }
    throw new AssertionError("no reboot; the console says\n" + console(work));
  }

  private static String console(Path work) throws IOException {
    return Files.readString(work.resolve("console"), StandardCharsets.ISO_8859_1);
  }

  @Test
  void filesystemsWithSecretsAreSoundAndHoldThemWhereTheyBelong()
      throws IOException, InterruptedException {
    makeSecrets();
    Path raw = secretsDisk().resolveSibling("../image/disk.raw").normalize();
    // Partition 4 is /var/data, partition 5 the root; table of the peer before them.
    checked("e2fsck", "-fn", raw + "?offset=" + ROOT_OFFSET);
    checked("e2fsck", "-fn", raw + "?offset=" + (ROOT_OFFSET + (1L << 30)));
    assertThat(checked("sgdisk", "-v", raw.toString())).contains("No problems found");
  }

  private Path makeSecrets() throws IOException, InterruptedException {
    Path key = dir.resolve("key");
    if (!Files.exists(key)) {
      checked("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key.toString());
      Files.writeString(
          dir.resolve("secrets.toml"),
          """
          [customizations]
          hostname = "first"
          [[customizations.group]]
          name = "operators"
          gid = 2000
          [[customizations.user]]
          name = "alice"
          password = "correct horse"
          key = "%1$s"
          groups = ["operators"]
          [[customizations.user]]
          name = "root"
          key = "%1$s"
          [[customizations.filesystem]]
          mountpoint = "/var/data"
          minsize = "1 GiB"
          [[customizations.directories]]
          path = "/etc/motd.d"
          [[customizations.files]]
          path = "/etc/motd.d/hello"
          data = "hello\\n"
          """
              .formatted(Files.readString(dir.resolve("key.pub")).strip()));
    }
    return key;
  }

  private Path secretsDisk() throws IOException, InterruptedException {
    Path target = dir.resolve("secrets/qcow2/disk.qcow2");
    if (!Files.exists(target)) {
      Result result =
          bib(
              Map.of(),
              "secrets",
              "--type",
              "qcow2",
              "--type",
              "raw",
              "--target-imgref",
              "registry.example/x/os:latest",
              "--config",
              dir.resolve("secrets.toml").toString());
      assertThat(result.status()).as(result.err()).isZero();
      assertThat(result.err()).doesNotContain("correct horse");
    }
    return target;
  }

  private static void start(Path disk, String firmware, Path work, String port, String... options)
      throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(List.of("start", "--disk", disk.toString()));
    arguments.addAll(List.of("--firmware", firmware, "--work", work.toString(), "--port", port));
    arguments.addAll(List.of(options));
    vm(arguments.toArray(new String[0]));
  }

  private static String vm(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(TOP.resolve("tests/boot/vm").toString()));
    command.addAll(List.of(arguments));
    return checked(command.toArray(new String[0]));
  }

  private static String inGuest(Path work, Path key, String script)
      throws IOException, InterruptedException {
    return checked(vmCommand("ssh", work, key, "alice", script));
  }

  private static String asRoot(Path work, Path key, String script)
      throws IOException, InterruptedException {
    return checked(vmCommand("ssh", work, key, "root", script));
  }

  private static String[] vmCommand(
      String command, Path work, Path key, String user, String script) {
    return new String[] {
      TOP.resolve("tests/boot/vm").toString(),
      command,
      "--work",
      work.toString(),
      "--key",
      key.toString(),
      "--user",
      user,
      "--",
      script
    };
  }

  /** Runs bib as nobody, without capabilities and without a way to get any. */
  private Result bib(Map<String, String> environment, String output, String... options)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(List.of("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"));
    command.addAll(List.of("--no-new-privs", "--bounding-set=-all"));
    command.addAll(List.of(dir.resolve("bib/bib").toString(), "build"));
    command.addAll(List.of(options));
    command.addAll(
        List.of(
            "--output", dir.resolve(output).toString(), "oci:" + dir.resolve("image") + ":latest"));
    ProcessBuilder builder = new ProcessBuilder(command).directory(dir.toFile());
    builder.environment().putAll(environment);
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    // There need not be a temporary directory to write to, or to execute from.
    builder.environment().put("JAVA_TOOL_OPTIONS", "-Djava.io.tmpdir=/nonexistent");
    Path out = Files.createTempFile(dir, "out", "");
    Path err = Files.createTempFile(dir, "err", "");
    Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    return new Result(process.waitFor(), Files.readString(out), Files.readString(err));
  }

  private static String checked(String... command) throws IOException, InterruptedException {
    Result result = run(command);
    assertThat(result.status()).as(String.join(" ", command) + "\n" + result.out()).isZero();
    return result.out();
  }

  private static Result run(String... command) throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("PATH", "/usr/local/bin:/usr/sbin:/sbin:/usr/bin:/bin");
    Process process = builder.start();
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Result(process.waitFor(), out, "");
  }
}
