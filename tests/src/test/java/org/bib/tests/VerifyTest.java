package org.bib.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * What bib says of disks that it built: nothing of those that nobody touched, and the name of what
 * was changed of the others. debugfs, mtools and sfdisk tell where the bytes to be changed are.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class VerifyTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String HASH = "$6$saltsaltsalt$" + "h".repeat(86);
  private static final String CONFIG =
      """
      [customizations]
      hostname = "verified"
      [customizations.kernel]
      append = "quiet"
      [[customizations.user]]
      name = "alice"
      password = "%s"
      groups = ["sudo"]
      [[customizations.files]]
      path = "/etc/secret.conf"
      data = "a secret that nobody may see"
      """
          .formatted(HASH);

  private Path dir = Path.of("");
  private Launcher bib = Launcher.NONE;
  private Path config = Path.of("");
  private Path raw = Path.of("");
  private Path qcow2 = Path.of("");
  private String image = "";
  private String deployment = "";
  private long esp;
  private long boot;
  private long root;

  @BeforeAll
  void build() throws IOException, InterruptedException {
    dir = Launcher.directory("bib-verify");
    bib = Launcher.install(dir);
    ImageLayout lean = ImageLayout.lean(Launcher.EXAMPLE, dir.resolve("lean"));
    TarBuilder layer = new TarBuilder();
    layer.file("usr/share/text", "some text ".repeat(1000));
    layer.file("usr/share/other", "other text");
    layer.file("usr/share/empty", "");
    image = "oci:" + lean.addLayer(layer.build()).write().directory();
    config = Files.writeString(dir.resolve("config.toml"), CONFIG);
    String out = dir.resolve("out").toString();
    Result build =
        bib.run(
            "build",
            "--type",
            "raw",
            "--type",
            "qcow2",
            "--no-checksum",
            "--disk-size",
            "minimal",
            "--config",
            config.toString(),
            "--target-imgref",
            "registry.example/os:1",
            "--output",
            out,
            image);
    assertThat(build.status()).as(build.err()).isZero();
    raw = dir.resolve("out/image/disk.raw");
    qcow2 = dir.resolve("out/qcow2/disk.qcow2");
    // bib runs as nobody; what it made is changed by these tests.
    Files.setPosixFilePermissions(raw, PosixFilePermissions.fromString("rw-rw-rw-"));
    JsonNode table = JSON.readTree(Tools.checked("sfdisk", "--json", raw.toString()));
    JsonNode partitions = table.at("/partitiontable/partitions");
    esp = partitions.get(1).get("start").asLong() * 512;
    boot = partitions.get(2).get("start").asLong() * 512;
    root = partitions.get(3).get("start").asLong() * 512;
    String deployments = "/ostree/deploy/default/deploy";
    String listed = debugfs(root, "ls -p " + deployments);
    Matcher name = Pattern.compile("/([0-9a-f]{64}\\.0)/").matcher(listed);
    assertThat(name.find()).as(listed).isTrue();
    deployment = deployments + "/" + name.group(1);
  }

  @AfterAll
  void deleteAll() throws IOException, InterruptedException {
    Tools.run("rm", "-rf", dir.toString());
  }

  @Test
  void aDiskThatNobodyTouchedIsProved() throws IOException, InterruptedException {
    for (Path disk : List.of(raw, qcow2)) {
      Result verify = verify(disk);
      assertThat(verify.status()).as(verify.out() + verify.err()).isZero();
      assertThat(verify.out())
          .doesNotContain("differs: ")
          .contains("\n0 differences from the image and the configuration, ")
          .contains("added: /etc/passwd: differs from the image's\n")
          .contains("added: /etc/secret.conf: is not in the image\n")
          .contains("added: /etc/hostname: ")
          .contains("added: /boot/loader/entries/ostree-1.conf: kernel arguments: ")
          .contains("follows ostree-unverified-registry:registry.example/os:1\n")
          .doesNotContain(HASH, "nobody may see");
    }
    Result alone = bib.run("verify", raw.toString());
    assertThat(alone.status()).as(alone.out()).isZero();
    assertThat(alone.out()).contains("\n0 differences from its own commits, ");
  }

  @Test
  void withoutTheConfigurationTheImageIsProvedAndTheRestListed()
      throws IOException, InterruptedException {
    Result verify = bib.run("verify", "--image", image, "--output", dir.toString(), raw.toString());
    assertThat(verify.status()).as(verify.out() + verify.err()).isZero();
    assertThat(verify.out())
        .contains("\n0 differences from the image, but for what a configuration decides, ")
        .contains("added: /etc/secret.conf: is not in the image\n");
  }

  @Test
  void anotherConfigurationIsADifference() throws IOException, InterruptedException {
    Path other = dir.resolve("other.toml");
    Files.writeString(other, CONFIG.replace("verified", "changed"));
    Result verify =
        bib.run(
            "verify",
            "--image",
            image,
            "--config",
            other.toString(),
            "--output",
            dir.toString(),
            raw.toString());
    assertThat(verify.status()).isEqualTo(1);
    assertThat(verify.out())
        .contains("/etc/hostname: has 9 bytes, not 8\n")
        .doesNotContain(HASH, "nobody may see");
  }

  @Test
  void aByteOfAFileIsFoundAndNamed() throws IOException, InterruptedException {
    long at = root + block(root, deployment + "/usr/share/text") * 4096 + 904;
    String found = withFlipped(at, true);
    assertThat(found)
        .contains("differs: /usr/share/text (object ")
        .contains(
            "differs: partition 4: " + deployment + "/usr/share/text: differs from byte 904 on\n");
    assertThat(withFlipped(at, false)).contains("differs: /usr/share/text (object ");
  }

  @Test
  void aByteOfAnInodeIsFoundAndNamed() throws IOException, InterruptedException {
    String place = debugfs(root, "imap " + deployment + "/usr/share/other");
    Matcher matcher =
        Pattern.compile("located at block (\\d+), offset 0x([0-9a-f]+)").matcher(place);
    assertThat(matcher.find()).as(place).isTrue();
    long at =
        root + Long.parseLong(matcher.group(1)) * 4096 + Integer.parseInt(matcher.group(2), 16);
    assertThat(withFlipped(at, false)) // i_mode
        .contains(": the checksum of its inode ")
        .contains("differs: /usr/share/other (object ");
  }

  @Test
  void aByteOfADirectoryIsFoundAndNamed() throws IOException, InterruptedException {
    long at = root + block(root, deployment + "/usr/share") * 4096 + 33;
    assertThat(withFlipped(at, false))
        .contains(deployment + "/usr/share: the checksum of the directory is wrong\n");
  }

  @Test
  void aByteOfTheLoaderEntryIsFoundAndNamed() throws IOException, InterruptedException {
    long at = boot + block(boot, "/loader.1/entries/ostree-1.conf") * 4096 + 8; // of the title
    assertThat(withFlipped(at, true)).contains("/loader.1/entries/ostree-1.conf: differs from");
  }

  @Test
  void aByteOfTheInitramfsIsFoundAndNamed() throws IOException, InterruptedException {
    String listed = debugfs(boot, "ls -p /ostree");
    Matcher name = Pattern.compile("/(default-[0-9a-f]{64})/").matcher(listed);
    assertThat(name.find()).as(listed).isTrue();
    String directory = "/ostree/" + name.group(1);
    Matcher file =
        Pattern.compile("/(initramfs-[^/]+)/").matcher(debugfs(boot, "ls -p " + directory));
    assertThat(file.find()).isTrue();
    long at = boot + block(boot, directory + "/" + file.group(1)) * 4096 + 77;
    assertThat(withFlipped(at, false))
        .contains("differs: /boot" + directory + "/" + file.group(1) + ": differs from byte 77 on");
  }

  @Test
  void aByteOfAMetadataObjectIsFoundAndNamed() throws IOException, InterruptedException {
    String commit = deployment.substring(deployment.lastIndexOf('/') + 1, deployment.length() - 2);
    String object = commit.substring(0, 2) + "/" + commit.substring(2) + ".commit";
    long at = root + block(root, "/ostree/repo/objects/" + object) * 4096 + 200;
    assertThat(withFlipped(at, false)).contains("differs: object " + object + ": ");
  }

  @Test
  void aByteOfTheEfiSystemPartitionIsFoundAndNamed() throws IOException, InterruptedException {
    byte[] efi = new byte[64 << 20];
    try (FileChannel channel = FileChannel.open(raw)) {
      channel.read(ByteBuffer.wrap(efi), esp);
    }
    int at = 0;
    while (efi[at] != 'M' || efi[at + 1] != 'Z') { // files begin with sectors
      at += 512;
    }
    assertThat(withFlipped(esp + at + 1000, false))
        .containsPattern("differs: partition 2: /EFI/.*: differs from byte 1000 on\n");
    // The second FAT entry of its first copy.
    assertThat(withFlipped(esp + 32 * 512 + 40, false))
        .contains("differs: partition 2: file allocation table: its two copies differ\n");
  }

  @Test
  void aByteOfTheBootSectorAndOfThePartitionTableIsFound()
      throws IOException, InterruptedException {
    assertThat(withFlipped(10, false))
        .contains("boot loader for BIOS: the code of the boot sector");
    assertThat(withFlipped((1 << 20) + 700, false))
        .contains("boot loader for BIOS: GRUB's core image differs from byte 700 on\n");
    assertThat(withFlipped(512 + 60, false))
        .contains("differs: primary GPT: the checksum of its header is wrong\n");
  }

  @Test
  void aSecretThatChangedIsFoundWithItsConfiguration() throws IOException, InterruptedException {
    long at = root + block(root, deployment + "/etc/secret.conf") * 4096 + 3;
    assertThat(withFlipped(at, true))
        .contains(
            "differs: partition 4: " + deployment + "/etc/secret.conf: differs from byte 3 on\n")
        .doesNotContain("nobody may see");
  }

  @Test
  void aBadSuperblockIsOneLine() throws IOException, InterruptedException {
    assertThat(withFlipped(root + 1024 + 0x28, false))
        .contains("differs: partition 4: ext4 superblock: its checksum is wrong\n")
        .contains("differs: disk: no filesystem of it has an ostree repository\n");
  }

  @Test
  void truncatedDisksAreToldInClearWords() throws IOException, InterruptedException {
    Path cut = dir.resolve("cut.raw");
    Tools.sh("head -c 700000000 \"$1\" > \"$2\"", raw, cut);
    Result verify = bib.run("verify", cut.toString());
    assertThat(verify.status()).isEqualTo(1);
    assertThat(verify.out())
        .contains("differs: backup GPT: it is not there\n")
        .contains("it ends outside of the disk");
    Files.write(cut, new byte[1000]);
    assertRefused(bib.run("verify", cut.toString()), "it has no partition table");
    assertRefused(bib.run("inspect", cut.toString()), "it has no partition table");
    Files.delete(cut);
    assertRefused(bib.run("verify", cut.toString()), "no such file");
  }

  @Test
  void aDamagedQcow2IsOneLine() throws IOException, InterruptedException {
    byte[] good = Files.readAllBytes(qcow2);
    ByteBuffer fields = ByteBuffer.wrap(good);
    int l1 = (int) fields.getLong(40);
    int l2 = (int) (fields.getLong(l1) & 0xFFFF_FFFF_FFFFFFL);
    Path bad = dir.resolve("bad.qcow2");

    ByteBuffer outside = ByteBuffer.wrap(good.clone()).putLong(l2, 1L << 63 | 1L << 45);
    Files.write(bad, outside.array());
    assertRefused(bib.run("verify", bad.toString()), "the L2 entry of cluster 0 is no place");
    ByteBuffer table = ByteBuffer.wrap(good.clone()).putLong(l1, 1L << 63 | 512);
    Files.write(bad, table.array());
    assertRefused(bib.run("inspect", bad.toString()), "entry 0 of the L1 table is no place");
    Files.write(bad, Arrays.copyOf(good, good.length / 2));
    assertRefused(bib.run("verify", bad.toString()), "outside of the file");

    // Some compressed data in the middle of the contents: it belongs to some file.
    byte[] damaged = good.clone();
    for (int i = 0; i < 20; i++) {
      damaged[good.length / 3 + i] ^= 0x55;
    }
    Files.write(bad, damaged);
    Result verify = bib.run("verify", bad.toString());
    assertThat(verify.status()).as(verify.out()).isEqualTo(1);
    assertThat(verify.out() + verify.err()).doesNotContain("\tat ", "bug");
    Files.delete(bad);
  }

  @Test
  void inspectTellsWhatOtherToolsTellOfADisk() throws IOException, InterruptedException {
    for (Path disk : List.of(raw, qcow2)) {
      Result inspect = bib.run("inspect", "--json", disk.toString());
      assertThat(inspect.status()).as(inspect.err()).isZero();
      JsonNode told = JSON.readTree(inspect.out());
      assertThat(told.get("version").asInt()).isEqualTo(1);
      assertThat(told.get("format").asText()).isEqualTo(disk == raw ? "raw" : "qcow2");
      assertThat(told.get("size").asLong()).isEqualTo(Files.size(raw));
      JsonNode table =
          JSON.readTree(Tools.checked("sfdisk", "--json", raw.toString())).get("partitiontable");
      assertThat(told.at("/partitionTable/identifier").asText())
          .isEqualToIgnoringCase(table.get("id").asText());
      for (int i = 0; i < 4; i++) {
        JsonNode part = told.at("/partitions/" + i);
        JsonNode expected = table.at("/partitions/" + i);
        long start = expected.get("start").asLong() * 512;
        assertThat(part.get("start").asLong()).isEqualTo(start);
        assertThat(part.get("size").asLong()).isEqualTo(expected.get("size").asLong() * 512);
        assertThat(part.get("type").asText()).isEqualToIgnoringCase(expected.get("type").asText());
        assertThat(part.get("guid").asText()).isEqualToIgnoringCase(expected.get("uuid").asText());
        if (i > 0) {
          JsonNode filesystem = part.get("filesystem");
          String size = expected.get("size").asLong() * 512 + "";
          String probe =
              Tools.checked(
                  "blkid", "-p", "-O", start + "", "-S", size, "-o", "export", raw.toString());
          assertThat(probe)
              .contains("\nUUID=" + filesystem.get("identifier").asText() + "\n")
              .contains("TYPE=" + filesystem.get("type").asText() + "\n")
              .contains("LABEL=" + filesystem.get("label").asText() + "\n");
        }
      }
      JsonNode manifest = JSON.readTree(dir.resolve("out/manifest-raw-qcow2.json").toFile());
      JsonNode deployed = told.at("/deployments/0");
      assertThat(deployed.get("checksum")).isEqualTo(manifest.get("commit"));
      assertThat(deployed.get("digest")).isEqualTo(manifest.at("/image/digest"));
      assertThat(deployed.at("/entry/arguments")).isEqualTo(manifest.get("kernelArguments"));
      assertThat(deployed.get("default").asBoolean()).isTrue();
      assertThat(deployed.get("image").asText()).isEqualTo("registry.example/os:1");
      assertThat(deployed.get("notOfTheImage").toString())
          .contains("/etc/secret.conf: is not in the image");
      assertThat(told.get("damages")).isEmpty();
      assertThat(inspect.out()).doesNotContain(HASH, "nobody may see");
    }
    Result text = bib.run("inspect", qcow2.toString());
    assertThat(text.out()).contains("format: qcow2\n", "\n  - number: 1\n", "      type: vfat\n");
  }

  @Test
  void inspectTellsWhatAnImageIs() throws IOException, InterruptedException {
    Result inspect = bib.run("inspect", "--json", "--output", dir.toString(), image);
    assertThat(inspect.status()).as(inspect.err()).isZero();
    JsonNode told = JSON.readTree(inspect.out());
    JsonNode manifest = JSON.readTree(dir.resolve("out/manifest-raw-qcow2.json").toFile());
    assertThat(told.get("digest")).isEqualTo(manifest.at("/image/digest"));
    assertThat(told.get("architecture").asText()).isEqualTo("amd64");
    assertThat(told.get("kernels")).hasSize(1);
    assertThat(told.at("/labels/containers.bootc").asText()).isEqualTo("1");
    assertThat(told.get("layers")).hasSize(2);
    for (JsonNode layer : told.get("layers")) { // these are not compressed
      assertThat(layer.get("uncompressed").asLong()).isEqualTo(layer.get("compressed").asLong());
    }
    assertThat(told.get("composefs").asText()).isEqualTo("yes");
    assertThat(told.get("selinux").asBoolean()).isFalse();
    assertThat(told.get("encapsulated").asBoolean()).isFalse();
    assertThat(told.get("findings").toString()).contains("\"severity\":\"warning\"");
    Result text = bib.run("inspect", "--output", dir.toString(), image);
    assertThat(text.out()).contains("digest: sha256:", "\ncomposefs: yes\n");
  }

  @Test
  void wrongUsageIsTold() throws IOException, InterruptedException {
    Result none = bib.run("verify");
    assertThat(none.status()).isEqualTo(2);
    assertThat(none.err()).isEqualTo("error: DISK: name one disk, raw or qcow2\n");
    Result alone = bib.run("verify", "--config", config.toString(), raw.toString());
    assertThat(alone.status()).isEqualTo(2);
    assertThat(alone.err()).isEqualTo("error: --config: needs --image, which it configured\n");
  }

  private static void assertRefused(Result result, String words) {
    assertThat(result.status()).as(result.out() + result.err()).isEqualTo(1);
    assertThat(result.out()).isEmpty();
    assertThat(result.err().lines().filter(line -> line.startsWith("error: ")))
        .singleElement()
        .asString()
        .contains(words);
    assertThat(result.err()).doesNotContain("\tat ");
  }

  /** What bib says of the raw disk while one byte of it is another. */
  private String withFlipped(long at, boolean whole) throws IOException, InterruptedException {
    try (FileChannel channel =
        FileChannel.open(raw, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      channel.read(one, at);
      byte good = one.get(0);
      channel.write(ByteBuffer.wrap(new byte[] {(byte) (good ^ 1)}), at);
      try {
        Result verify = whole ? verify(raw) : bib.run("verify", raw.toString());
        assertThat(verify.status()).as(verify.out() + verify.err()).isEqualTo(1);
        assertThat(verify.out()).contains("differs: ");
        return verify.out();
      } finally {
        channel.write(ByteBuffer.wrap(new byte[] {good}), at);
      }
    }
  }

  private Result verify(Path disk) throws IOException, InterruptedException {
    return bib.run(
        "verify",
        "--image",
        image,
        "--config",
        config.toString(),
        "--output",
        dir.toString(),
        disk.toString());
  }

  /** The first block of a file. */
  private long block(long partition, String path) throws IOException, InterruptedException {
    return Long.parseLong(debugfs(partition, "blocks " + path).strip().split(" ", -1)[0]);
  }

  private String debugfs(long partition, String request) throws IOException, InterruptedException {
    String said = Tools.checked("debugfs", "-R", request, raw + "?offset=" + partition);
    List<String> lines = new ArrayList<>(said.lines().toList());
    lines.removeIf(line -> line.startsWith("debugfs "));
    return String.join("\n", lines) + "\n";
  }
}
