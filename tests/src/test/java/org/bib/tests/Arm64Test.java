package org.bib.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.bib.tests.Tools.checked;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Disks for arm64, made on whatever machine this is, judged by readers and booted. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class Arm64Test {
  private static final Path EXAMPLE = Launcher.TOP.resolve("build/example-os-arm64");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long MEBIBYTE = 1 << 20;

  // Where the default table has them, without a BIOS boot partition before them.
  private static final long ESP = MEBIBYTE;
  private static final long BOOT = 502 * MEBIBYTE;
  private static final long ROOT = 1526 * MEBIBYTE;

  private Path dir = Path.of("");
  private Launcher bib = Launcher.NONE;
  private Path image = Path.of("");

  @BeforeAll
  void prepare() throws IOException, InterruptedException {
    assertThat(EXAMPLE.resolve("oci-layout")).as("made by tests/run").exists();
    dir = Launcher.directory("bib-arm64");
    bib = Launcher.install(dir);
    image = dir.resolve("image");
    both(image);
  }

  @AfterAll
  void deleteAll() throws IOException, InterruptedException {
    Tools.run("rm", "-rf", dir.toString());
  }

  /** One index for both architectures, as registries have them; arm64 comes last. */
  private static void both(Path target) throws IOException, InterruptedException {
    checked("cp", "-rT", EXAMPLE.toString(), target.toString());
    checked(
        "cp",
        "-rT",
        Launcher.EXAMPLE.resolve("blobs").toString(),
        target.resolve("blobs").toString());
    ObjectNode index = (ObjectNode) JSON.readTree(EXAMPLE.resolve("index.json").toFile());
    ArrayNode manifests = index.putArray("manifests");
    for (Path one : List.of(Launcher.EXAMPLE, EXAMPLE)) {
      JsonNode latest = JSON.readTree(one.resolve("index.json").toFile()).at("/manifests/0");
      manifests.add(((ObjectNode) latest).without("annotations"));
    }
    Files.writeString(target.resolve("index.json"), index.toString());
    checked("chmod", "-R", "a+rX", target.toString());
  }

  @Test
  void theDiskIsSoundAndBootsToItsLogin() throws IOException, InterruptedException {
    Path key = dir.resolve("key");
    checked("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key.toString());
    Path disk =
        build(
            "default",
            "[[customizations.user]]\nname = 'alice'\nkey = '%s'\n"
                .formatted(Files.readString(dir.resolve("key.pub")).strip()));
    assertThat(partitions(disk))
        .containsExactly(
            "1 501 C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
            "502 1024 BC13C2FF-59E6-4262-A352-B275FD6F7172",
            "1526 8713 0FC63DAF-8483-4772-8E79-3D69D8477DE4");
    // No boot code for a BIOS.
    assertThat(Tools.sh("head -c 440 \"$1\" | tr -d '\\0' | wc -c", disk))
        .isEqualToIgnoringWhitespace("0");
    for (long offset : List.of(BOOT, ROOT)) {
      checked("e2fsck", "-fn", disk + "?offset=" + offset);
      // As on amd64, though char has no sign on arm64.
      assertThat(checked("dumpe2fs", "-h", disk + "?offset=" + offset))
          .contains(" signed_directory_hash");
    }
    assertFirmwareFindsItsPrograms(disk);
    boot(disk, key);
  }

  private void assertFirmwareFindsItsPrograms(Path disk) throws IOException, InterruptedException {
    Path esp = dir.resolve("esp");
    checked(
        "dd",
        "if=" + disk,
        "of=" + esp,
        "bs=1M",
        "skip=" + ESP / MEBIBYTE,
        "count=501",
        "status=none");
    checked("fsck.vfat", "-n", esp.toString());
    assertThat(checked("mdir", "-b", "-i", esp.toString(), "::/EFI/BOOT"))
        .doesNotContainIgnoringCase("x64");
    for (String name : List.of("BOOTAA64.EFI", "grubaa64.efi", "mmaa64.efi")) {
      Path program = dir.resolve(name);
      checked("mcopy", "-n", "-i", esp.toString(), "::/EFI/BOOT/" + name, program.toString());
      assertThat(checked("file", "-b", program.toString())).contains("PE32+", "EFI", "Aarch64");
    }
  }

  private void boot(Path disk, Path key) throws IOException, InterruptedException {
    String vm = Launcher.TOP.resolve("tests/boot/vm").toString();
    String work = dir.resolve("vm").toString();
    String to = disk.toString();
    checked(vm, "start", "--arch", "arm64", "--disk", to, "--work", work, "--port", "2253");
    try {
      String with = key.toString();
      checked(vm, "wait", "--work", work, "--key", with, "--user", "alice", "--timeout", "1500");
      String script =
          "uname -m; cat /proc/cmdline /proc/consoles; findmnt -n -o SOURCE /; ostree admin status";
      assertThat(checked(vm, "ssh", "--work", work, "--key", with, "--user", "alice", "--", script))
          .startsWith("aarch64\n")
          .contains(" rw ", " console=tty0 console=ttyS0 console=ttyAMA0", " example.arm=1")
          .containsPattern("ttyAMA0 .*C")
          .contains("\ncomposefs\n", "* default ");
      assertThat(Files.readString(dir.resolve("vm/console"), StandardCharsets.ISO_8859_1))
          .contains(" ttyAMA0", "login: ");
    } finally {
      checked(vm, "stop", "--work", work);
    }
  }

  /** Of a table that the user describes, the root has the type of its architecture. */
  @Test
  void theTypeOfTheRootIsThatOfArm64() throws IOException, InterruptedException {
    Path disk =
        build(
            "chosen",
            """
            [[customizations.disk.partitions]]
            mountpoint = '/var'
            fs_type = 'ext4'
            minsize = '1 GiB'
            """);
    assertThat(partitions(disk))
        .extracting(partition -> partition.substring(partition.lastIndexOf(' ') + 1))
        .containsExactly(
            "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
            "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
            "B921B045-1DF0-41C3-AF44-4C6F280D3FAE");
  }

  private Path build(String name, String config) throws IOException, InterruptedException {
    Path toml = Files.writeString(dir.resolve(name + ".toml"), config);
    List<String> command = new ArrayList<>(List.of("build", "--type", "raw"));
    command.addAll(List.of("--target-arch", "arm64", "--config", toml.toString()));
    command.addAll(List.of("--target-imgref", "registry.example/x/os:latest"));
    command.addAll(List.of("--output", dir.resolve(name).toString(), "oci:" + image));
    Result result = bib.run(command.toArray(new String[0]));
    assertThat(result.status()).as(result.err()).isZero();
    Path disk = dir.resolve(name).resolve("image/disk.raw");
    assertThat(checked("sgdisk", "-v", disk.toString())).contains("No problems found");
    return disk;
  }

  /** Start and size in MiB, and type of each. */
  private static List<String> partitions(Path disk) throws IOException, InterruptedException {
    JsonNode table = JSON.readTree(checked("sfdisk", "--json", disk.toString()));
    List<String> partitions = new ArrayList<>();
    for (JsonNode partition : table.at("/partitiontable/partitions")) {
      partitions.add(
          "%d %d %s"
              .formatted(
                  partition.get("start").asLong() * 512 / MEBIBYTE,
                  partition.get("size").asLong() * 512 / MEBIBYTE,
                  partition.get("type").asText()));
    }
    return partitions;
  }
}
