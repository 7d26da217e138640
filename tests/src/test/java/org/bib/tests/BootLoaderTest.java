package org.bib.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Disks with the boot loaders of Debian, judged by mtools, sbsigntool and the firmware: each is to
 * start the newest deployment, also one made after the disk.
 */
class BootLoaderTest {
  private static final Path TOP = Path.of("..").toAbsolutePath().normalize();
  private static final Path EXAMPLE = TOP.resolve("build/example-os");
  // Where the default table has them.
  private static final long ESP_OFFSET = 2L << 20;
  private static final long BOOT_OFFSET = 503L << 20;

  @TempDir Path dir;
  private Path key = Path.of("");

  @BeforeEach
  void makeKey() throws IOException, InterruptedException {
    key = dir.resolve("key");
    checked("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key.toString());
    Files.writeString(
        dir.resolve("config.toml"),
        "[[customizations.user]]\nname = \"root\"\nkey = \"%s\"\n"
            .formatted(Files.readString(dir.resolve("key.pub")).strip()));
  }

  /** JUnit would warn of each link that leads out of the directory. */
  @AfterEach
  void deleteRoot() throws IOException, InterruptedException {
    checked("rm", "-rf", dir.resolve("root").toString());
  }

  /**
   * Firmware with Microsoft's keys starts shim, shim starts GRUB and lets it start the kernel. This
   * GRUB has no blscfg and may load no module.
   */
  @Test
  void secureBootStartsTheNewestEntryOfTheExample() throws IOException, InterruptedException {
    Path disk = build("oci:" + EXAMPLE + ":latest");
    Path authority = dir.resolve("debian.pem");
    checked(
        "openssl",
        "x509",
        "-inform",
        "der",
        "-in",
        file(rootOfExample(), "usr/share/shim/debian-uefi-ca.der"),
        "-out",
        authority.toString());
    assertThat(checked("sbverify", "--list", fromEsp(disk, "EFI/BOOT/BOOTX64.EFI")))
        .contains("O=Microsoft Corporation/CN=Microsoft Corporation UEFI CA 2011");
    for (String signed :
        List.of(
            fromEsp(disk, "EFI/BOOT/grubx64.efi"),
            fromEsp(disk, "EFI/BOOT/mmx64.efi"),
            kernel(disk))) {
      assertThat(checked("sbverify", "--cert", authority.toString(), signed))
          .contains("Signature verification OK");
    }
    addEntries(disk);
    Path work = dir.resolve("secure");
    start(disk, "uefi-secure", work, "2261");
    try {
      waitForLogin(work);
      assertThat(
              guest(
                  work,
                  "mokutil --sb-state; od -An -t u1 /sys/firmware/efi/efivars/SecureBoot-*;"
                      + " dmesg | grep -i secure; cat /sys/kernel/security/lockdown"))
          .contains("SecureBoot enabled", "  6   0   0   0   1\n", "Secure boot enabled")
          .contains("[integrity]");
      assertNewestWasStarted(console(work));
    } finally {
      stop(work);
    }
  }

  /** Entries as later deployments have them: the newest by number, not by letters. */
  private void addEntries(Path disk) throws IOException, InterruptedException {
    String entries = "/loader.1/entries/";
    String entry = Files.readString(Path.of(fromBoot(disk, entries + "ostree-1.conf", "first")));
    for (int number : List.of(2, 9, 10)) {
      Path more = dir.resolve("ostree-" + number + ".conf");
      Files.writeString(
          more,
          entry
              .replaceFirst("title .*", "title Number " + number + " (ostree:0)")
              .replaceFirst("version .*", "version " + number)
              .replace("options ", "options number=" + number + " words=\"a b\" "));
      String target = entries + more.getFileName();
      checked("debugfs", "-w", "-R", "write " + more + " " + target, atBoot(disk));
    }
  }

  private static void assertNewestWasStarted(String said) {
    assertThat(said)
        .contains("Number 2 (ostree:0)", "Number 9 (ostree:0)", "Example OS 1 (ostree:0)")
        .contains("Booting `Number 10 (ostree:0)'")
        .containsPattern("ommand line: BOOT_IMAGE=\\S*/boot/ostree/default-[0-9a-f]{64}/vmlinuz-")
        .contains(" number=10 \"words=a b\" ");
    assertThat(said.indexOf("Number 10 ")).isLessThan(said.indexOf("Number 9 "));
    assertThat(said.indexOf("Number 9 ")).isLessThan(said.indexOf("Number 2 "));
  }

  private Path build(String image) throws IOException, InterruptedException {
    Path output = dir.resolve("out");
    checked(
        TOP.resolve("bib").toString(),
        "build",
        "--type",
        "raw",
        "--target-imgref",
        "registry.example/x/os:latest",
        "--config",
        dir.resolve("config.toml").toString(),
        "--output",
        output.toString(),
        image);
    return output.resolve("image/disk.raw");
  }

  private Path rootOfExample() throws IOException, InterruptedException {
    Path root = dir.resolve("root");
    if (!Files.exists(root)) {
      checked("umoci", "raw", "unpack", "--image", EXAMPLE + ":gzip", root.toString());
    }
    return root;
  }

  private static String file(Path root, String path) {
    assertThat(root.resolve(path)).exists();
    return root.resolve(path).toString();
  }

  private String fromEsp(Path disk, String path) throws IOException, InterruptedException {
    String copy = dir.resolve("esp-" + path.replace('/', '-')).toString();
    checked("mcopy", "-n", "-i", disk + "@@" + ESP_OFFSET, "::/" + path, copy);
    return copy;
  }

  private static String atBoot(Path disk) {
    return disk + "?offset=" + BOOT_OFFSET;
  }

  private String fromBoot(Path disk, String path, String name)
      throws IOException, InterruptedException {
    Path copy = dir.resolve(name);
    checked("debugfs", "-R", "dump " + path + " " + copy, atBoot(disk));
    assertThat(copy).isNotEmptyFile();
    return copy.toString();
  }

  private String kernel(Path disk) throws IOException, InterruptedException {
    Path entry = Path.of(fromBoot(disk, "/loader.1/entries/ostree-1.conf", "entry"));
    String path =
        Files.readAllLines(entry).stream()
            .filter(line -> line.startsWith("linux /boot"))
            .map(line -> line.substring("linux /boot".length()))
            .findFirst()
            .orElseThrow();
    return fromBoot(disk, path, "vmlinuz");
  }

  private static void start(Path disk, String firmware, Path work, String port)
      throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(List.of("start", "--disk", disk.toString()));
    arguments.addAll(List.of("--firmware", firmware, "--work", work.toString(), "--port", port));
    vm(arguments);
  }

  private void waitForLogin(Path work) throws IOException, InterruptedException {
    vm(List.of("wait", "--work", work.toString(), "--key", key.toString(), "--user", "root"));
  }

  private static void stop(Path work) throws IOException, InterruptedException {
    vm(List.of("stop", "--work", work.toString()));
  }

  private String guest(Path work, String script) throws IOException, InterruptedException {
    return vm(ssh(work, script));
  }

  private List<String> ssh(Path work, String script) {
    return List.of(
        "ssh", "--work", work.toString(), "--key", key.toString(), "--user", "root", "--", script);
  }

  private static String console(Path work) throws IOException {
    return Files.readString(work.resolve("console"), StandardCharsets.ISO_8859_1);
  }

  private static String vm(List<String> arguments) throws IOException, InterruptedException {
    return checked(vmCommand(arguments));
  }

  private static String[] vmCommand(List<String> arguments) {
    List<String> command = new ArrayList<>(List.of(TOP.resolve("tests/boot/vm").toString()));
    command.addAll(arguments);
    return command.toArray(new String[0]);
  }

  private record Result(int status, String out, String err) {}

  /** Standard output of a command that succeeds. */
  private static String checked(String... command) throws IOException, InterruptedException {
    Result result = run(command);
    assertThat(result.status())
        .as(String.join(" ", command) + "\n" + result.out() + result.err())
        .isZero();
    return result.out();
  }

  private static Result run(String... command) throws IOException, InterruptedException {
    Path err = Files.createTempFile("bib-tests", ".err");
    try {
      ProcessBuilder builder = new ProcessBuilder(command).redirectError(err.toFile());
      builder.environment().put("PATH", "/usr/local/bin:/usr/sbin:/sbin:/usr/bin:/bin");
      builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
      Process process = builder.start();
      process.getOutputStream().close();
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Result(process.waitFor(), out, Files.readString(err));
    } finally {
      Files.delete(err);
    }
  }
}
