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
 * Disks with the boot loaders of Debian and of bootupd, judged by mtools, sbsigntool, GRUB's own
 * tools, and the firmware: each is to start the newest deployment, also one made after the disk.
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

  private static void awaitConsole(Path work, String text)
      throws IOException, InterruptedException {
    String said = "";
    for (int tries = 0; tries < 600 && !said.contains(text); tries++) {
      Thread.sleep(500);
      said = Files.exists(work.resolve("console")) ? console(work) : "";
    }
    assertThat(said).contains(text);
  }

  /** An image made for bootupd, its GRUB with blscfg, its configuration its own. */
  @Test
  void bootupdsConfigurationStartsTheNewestEntryUnderUefiAndBios()
      throws IOException, InterruptedException {
    Path disk = build("oci:" + derive(bootupdLayer()) + ":gzip");
    assertEspAndStateAgree(disk);
    Path grub = Files.createDirectories(dir.resolve("grub2"));
    for (String name : List.of("grub.cfg", "grubenv", "bootuuid.cfg")) {
      fromBoot(disk, "/grub2/" + name, "grub2/" + name);
    }
    checked("grub-script-check", grub.resolve("grub.cfg").toString());
    checked("grub-editenv", grub.resolve("grubenv").toString(), "list");
    assertThat(grub.resolve("bootuuid.cfg"))
        .hasContent(
            "set BOOT_UUID=\""
                + checked(
                        "blkid",
                        "-p",
                        "-O",
                        "" + BOOT_OFFSET,
                        "-o",
                        "value",
                        "-s",
                        "UUID",
                        disk + "")
                    .strip()
                + "\"");
    assertThat(Files.readString(Path.of(fromEsp(disk, "EFI/testos/bootuuid.cfg"))))
        .isEqualTo(Files.readString(grub.resolve("bootuuid.cfg")));

    addEntries(disk);
    // Of an unknown disk firmware starts shim, shim its fallback, and that what the CSV names.
    Path uefi = dir.resolve("bootupd-uefi");
    start(disk, "uefi", uefi, "2262");
    try {
      awaitConsole(uefi, "Kernel command line:");
      assertNewestWasStarted(console(uefi));
    } finally {
      stop(uefi);
    }
    Path bios = dir.resolve("bootupd-bios");
    start(disk, "bios", bios, "2263");
    try {
      waitForLogin(bios);
      assertThat(guest(bios, "test -d /sys/firmware/efi || echo firmware=bios"))
          .isEqualTo("firmware=bios\n");
      assertNewestWasStarted(console(bios));
    } finally {
      stop(bios);
    }
  }

  /** The example's loaders where bootupd and the packages made for it have theirs. */
  private Path bootupdLayer() throws IOException, InterruptedException {
    Path root = rootOfExample();
    Path layer = dir.resolve("layer");
    Path updates = Files.createDirectories(layer.resolve("usr/lib/bootupd/updates"));
    for (String component : List.of("EFI", "BIOS")) {
      Files.writeString(
          updates.resolve(component + ".json"),
          "{\"timestamp\":\"2026-01-01T00:00:00Z\",\"version\":\"grub2-2.14,shim-16.1\"}");
    }
    checked(
        "cp",
        "-r",
        TOP.resolve("tests/boot/grub2-static").toString(),
        layer.resolve("usr/lib/bootupd/grub2-static").toString());
    Path shim = layer.resolve("usr/lib/efi/shim/16.1/EFI");
    Path boot = Files.createDirectories(shim.resolve("BOOT"));
    Path vendor = Files.createDirectories(shim.resolve("testos"));
    checked("cp", file(root, "usr/lib/shim/shimx64.efi.signed"), boot + "/BOOTX64.EFI");
    checked("cp", file(root, "usr/lib/shim/fbx64.efi.signed"), boot + "/fbx64.efi");
    checked("cp", file(root, "usr/lib/shim/shimx64.efi.signed"), vendor + "/shimx64.efi");
    checked("cp", file(root, "usr/lib/shim/BOOTX64.CSV"), vendor + "/BOOTX64.CSV");
    Path grub = Files.createDirectories(layer.resolve("usr/lib/efi/grub2/2.14/EFI/testos"));
    List<String> command = new ArrayList<>(List.of("grub-mkimage", "-O", "x86_64-efi"));
    command.addAll(List.of("-d", file(root, "usr/lib/grub/x86_64-efi"), "-p", "/EFI/testos"));
    command.addAll(List.of("-o", grub + "/grubx64.efi", "part_gpt", "fat", "ext2", "normal"));
    command.addAll(List.of("search", "search_label", "search_fs_uuid", "configfile", "blsuki"));
    command.addAll(List.of("linux", "serial", "terminal", "loadenv", "test", "echo", "all_video"));
    checked(command.toArray(new String[0]));
    return layer;
  }

  /** What bootupd's state says of the files on the ESP, against what mtools copies from there. */
  private void assertEspAndStateAgree(Path disk) throws IOException, InterruptedException {
    String told =
        checked(
            "jq",
            "-r",
            ".installed.EFI.filetree.children | to_entries[]"
                + " | \"\\(.value.sha512) \\(.value.size) \\(.key)\"",
            fromBoot(disk, "/bootupd-state.json", "bootupd-state.json"));
    Path esp = Files.createDirectories(dir.resolve("esp"));
    checked("mcopy", "-s", "-n", "-i", disk + "@@" + ESP_OFFSET, "::/", esp.toString());
    String found =
        checked(
            "sh",
            "-c",
            "cd \"$1/EFI\" && find * -type f ! -name '*.cfg' | LC_ALL=C sort | while read -r file; do"
                + " echo \"sha512:$(sha512sum \"$file\" | cut -c 1-128) $(stat -c %s \"$file\") $file\";"
                + " done",
            "sh",
            esp.toString());
    assertThat(told).isEqualTo(found);
    assertThat(told.lines().map(line -> line.substring(line.lastIndexOf(' ') + 1)))
        .containsExactly(
            "BOOT/BOOTX64.EFI",
            "BOOT/fbx64.efi",
            "testos/BOOTX64.CSV",
            "testos/grubx64.efi",
            "testos/shimx64.efi");
    assertThat(checked("jq", "-c", ".installed.BIOS", dir.resolve("bootupd-state.json").toString()))
        .isEqualTo(
            "{\"meta\":{\"timestamp\":\"2026-01-01T00:00:00Z\",\"version\":\"grub2-2.14,shim-16.1\","
                + "\"versions\":null},\"filetree\":null,\"adopted-from\":null}\n");
    assertThat(esp.resolve("EFI/testos/grub.cfg"))
        .hasSameTextualContentAs(TOP.resolve("tests/boot/grub2-static/grub-static-efi.cfg"));
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

  /** The example with one more layer. */
  private Path derive(Path layer) throws IOException, InterruptedException {
    Path image = dir.resolve("image");
    Path tar = dir.resolve("layer.tar");
    // No links into what was assembled: umoci collects garbage.
    checked("cp", "-r", EXAMPLE.toString(), image.toString());
    checked("tar", "--owner=0", "--group=0", "-C", layer.toString(), "-cf", tar.toString(), ".");
    checked("umoci", "raw", "add-layer", "--image", image + ":gzip", tar.toString());
    return image;
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
