package org.bib.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * Disks of other layouts than the default one, which the image or its user describes, judged by
 * sgdisk, sfdisk, partx, blkid, e2fsck and fsck.vfat.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LayoutTest {
  private static final Path EXAMPLES = Launcher.TOP.resolve("config-examples");
  private static final String DISK_YAML = "usr/lib/image-builder/bootc/disk.yaml";
  private static final String CONFIG_TOML = "usr/lib/bootc-image-builder/config.toml";
  private static final ObjectMapper JSON = new ObjectMapper();

  private Path dir = Path.of("");
  private Launcher bib = Launcher.NONE;
  private ImageLayout lean = ImageLayout.NONE;

  @BeforeAll
  void prepare() throws IOException, InterruptedException {
    dir = Launcher.directory("bib-layout");
    bib = Launcher.install(dir);
    lean = ImageLayout.lean(Launcher.EXAMPLE, dir.resolve("lean"));
  }

  @AfterAll
  void deleteAll() throws IOException, InterruptedException {
    Tools.run("rm", "-rf", dir.toString());
  }

  /**
   * A partition as blkid(8) sees it.
   *
   * @param start in bytes
   * @param size in bytes
   */
  private record Part(long start, long size, String type, String fs, String label, String uuid) {}

  @Test
  void theCustomizationInTheImageDecides() throws IOException, InterruptedException {
    Path disk = build("own", derived("own", CONFIG_TOML, example("disk-layout.toml")));
    assertThat(Files.size(disk)).isEqualTo(20L << 30);
    assertThat(Tools.checked("sgdisk", "-v", disk.toString())).contains("No problems found");
    List<Part> parts = parts(disk, 512);
    assertThat(parts)
        .extracting(Part::fs)
        .containsExactly("", "vfat", "ext4", "swap", "ext4", "ext4");
    assertThat(parts)
        .extracting(Part::label)
        .containsExactly("", "ESP", "boot", "swap", "var", "root");
    assertThat(parts.get(3).size()).isEqualTo(2L << 30);
    assertThat(parts.get(3).type()).isEqualTo("0657fd6d-a4ab-43c4-84e5-0933c84b4f4f");
    assertThat(parts.get(4).size()).isEqualTo(8L << 30);
    checkFilesystems(disk, parts, 512);
    Part root = parts.get(5);
    assertThat(fileOf(disk, root, deployment(disk, root) + "/etc/fstab"))
        .isEqualTo(
            "UUID=%s /boot auto ro 0 0\nUUID=%s /var ext4 defaults 0 2\nUUID=%s none swap defaults 0 0\n"
                .formatted(parts.get(2).uuid(), parts.get(4).uuid(), parts.get(3).uuid()));
    // What the image has in /var is where it will be mounted, and not below.
    assertThat(debugfs(disk, parts.get(4), "ls -p /")).contains("/lib/");
    assertThat(debugfs(disk, root, "ls -p " + STATEROOT + "/var")).doesNotContain("/lib/");
  }

  @Test
  void theUserGoesBeforeTheCustomizationInTheImage() throws IOException, InterruptedException {
    ImageLayout image = derived("both", CONFIG_TOML, example("disk-layout.toml"));
    Path config =
        Files.writeString(
            dir.resolve("user.toml"),
            "[[customizations.filesystem]]\nmountpoint = '/var/data'\nminsize = '3 GiB'\n");
    Result plan =
        bib.run(
            "manifest",
            "--config",
            config.toString(),
            "--output",
            dir.resolve("plan").toString(),
            image(image));
    assertThat(plan.status()).as(plan.err()).isZero();
    List<String> mountpoints = new ArrayList<>();
    JSON.readTree(plan.out())
        .at("/disk/partitions")
        .forEach(partition -> mountpoints.add(partition.get("mountpoint").asText()));
    assertThat(mountpoints).containsExactly("", "/boot/efi", "/boot", "/var/data", "/");
  }

  @Test
  void theDiskYamlOfTheImageDecides() throws IOException, InterruptedException {
    Path disk = build("yaml", derived("yaml", DISK_YAML, example("disk.yaml")));
    assertThat(Files.size(disk)).isEqualTo(10L << 30);
    assertThat(Tools.checked("sgdisk", "-v", disk.toString())).contains("No problems found");
    List<Part> parts = parts(disk, 512);
    assertThat(parts).extracting(Part::fs).containsExactly("", "vfat", "ext4", "", "ext4", "ext4");
    Part root = parts.get(5);
    assertThat(root.size()).isEqualTo(5L << 30);
    checkFilesystems(disk, parts, 512);
    JsonNode table = JSON.readTree(Tools.checked("sfdisk", "--json", disk.toString()));
    assertThat(table.at("/partitiontable/partitions/3/name").asText()).isEqualTo("os-release");
    assertThat(table.at("/partitiontable/partitions/5/attrs").asText()).isEqualTo("GUID:59");
    assertThat(table.at("/partitiontable/partitions/0/attrs").asText())
        .isEqualTo("LegacyBIOSBootable");
    String deployment = deployment(disk, root);
    String release = fileOf(disk, root, deployment + "/usr/lib/os-release");
    assertThat(Files.readString(copy(disk, parts.get(3))))
        .isEqualTo(release + "\0".repeat((1 << 20) - release.length()));
    String units = deployment + "/etc/systemd/system/";
    assertThat(fileOf(disk, root, units + "var.mount"))
        .contains(
            "What=/dev/disk/by-uuid/" + parts.get(4).uuid() + "\n", "Options=defaults,nodev\n");
    assertThat(fileOf(disk, root, units + "boot-efi.mount"))
        .contains("What=/dev/disk/by-uuid/" + parts.get(1).uuid() + "\n", "Type=vfat\n");
    assertThat(debugfs(disk, root, "ls -p " + units + "local-fs.target.requires"))
        .contains("/var.mount/", "/boot-efi.mount/");
  }

  @Test
  void aDosTableHasBootInTheRoot() throws IOException, InterruptedException {
    Path disk = build("dos", lean, "--config", config("disk-dos.toml"));
    assertThat(Tools.checked("sfdisk", "--verify", disk.toString())).contains("No errors detected");
    JsonNode table = JSON.readTree(Tools.checked("sfdisk", "--json", disk.toString()));
    assertThat(table.at("/partitiontable/label").asText()).isEqualTo("dos");
    assertThat(table.at("/partitiontable/partitions/2/bootable").asBoolean()).isTrue();
    List<Part> parts = parts(disk, 512);
    assertThat(parts).extracting(Part::type).containsExactly("0xef", "0x83", "0x83");
    checkFilesystems(disk, parts, 512);
    assertThat(fileOf(disk, parts.get(2), "/boot/grub2/grub.cfg"))
        .contains("insmod part_msdos", "--set=root " + parts.get(2).uuid());
  }

  @Test
  void sectorsMayHave4096Bytes() throws IOException, InterruptedException {
    Path disk = build("large", lean, "--config", config("disk-4k.toml"));
    List<Part> parts = parts(disk, 4096);
    assertThat(parts).extracting(Part::fs).containsExactly("", "vfat", "ext4", "ext4");
    checkFilesystems(disk, parts, 4096);
  }

  @Test
  void whatIsNotMadeIsRefusedByFileAndKey() throws IOException, InterruptedException {
    String yaml = example("disk.yaml").replace("payload_type: raw", "payload_type: lvm");
    refused("lvm", DISK_YAML, yaml)
        .failed(
            2,
            "/"
                + DISK_YAML
                + " of the image: partition_table.partitions[3].payload_type: lvm is not made by"
                + " this version; use filesystem, swap or raw");
    refused("xfs", CONFIG_TOML, example("disk-4k.toml").replace("ext4", "xfs"))
        .failed(
            2,
            "/"
                + CONFIG_TOML
                + " of the image: customizations.disk.partitions[0].fs_type: xfs is not made by this"
                + " version; use ext4");
    refused("missing", DISK_YAML, example("disk.yaml").replace("/usr/lib/os-release", "/usr/none"))
        .failed(
            2,
            "/"
                + DISK_YAML
                + " of the image: partition_table.partitions[3].payload.source_path: the image has"
                + " no file /usr/none");
  }

  private static final String STATEROOT = "/ostree/deploy/default";

  private Result refused(String name, String path, String text)
      throws IOException, InterruptedException {
    return bib.run(
        "build", "--type", "raw", "--output", out(name), image(derived(name, path, text)));
  }

  private static String example(String name) throws IOException {
    return Files.readString(EXAMPLES.resolve(name));
  }

  /** The example as a file that everyone may read. */
  private String config(String name) throws IOException {
    return Files.writeString(dir.resolve(name), example(name)).toString();
  }

  /** The lean image with a file over it. */
  private ImageLayout derived(String name, String path, String text) throws IOException {
    return lean.copy(dir.resolve("image-" + name))
        .addLayer(new TarBuilder().file(path, text).build())
        .write();
  }

  private static String image(ImageLayout layout) {
    return "oci:" + layout.directory();
  }

  private String out(String name) {
    return dir.resolve("out-" + name).toString();
  }

  private Path build(String name, ImageLayout image, String... options)
      throws IOException, InterruptedException {
    List<String> arguments =
        new ArrayList<>(List.of("build", "--type", "raw", "--output", out(name)));
    arguments.addAll(List.of(options));
    arguments.add(image(image));
    Result result = bib.run(arguments.toArray(String[]::new));
    assertThat(result.status()).as(result.err()).isZero();
    return dir.resolve("out-" + name).resolve("image/disk.raw");
  }

  /** The partitions as the kernel would find them. */
  private List<Part> parts(Path disk, int sectorSize) throws IOException, InterruptedException {
    String list =
        Tools.checked(
            "partx",
            "--sector-size",
            String.valueOf(sectorSize),
            "--show",
            "--noheadings",
            "--output",
            "START,SECTORS,TYPE",
            disk.toString());
    List<Part> parts = new ArrayList<>();
    for (String line : list.lines().toList()) {
      String[] fields = line.strip().split(" +", -1);
      // partx counts in sectors of 512 bytes, whatever those of the disk.
      long start = Long.parseLong(fields[0]) * 512;
      long size = Long.parseLong(fields[1]) * 512;
      parts.add(
          new Part(
              start,
              size,
              fields[2],
              blkid(disk, start, size, "TYPE"),
              blkid(disk, start, size, "LABEL"),
              blkid(disk, start, size, "UUID")));
    }
    return parts;
  }

  private static String blkid(Path disk, long start, long size, String tag)
      throws IOException, InterruptedException {
    Result result =
        Tools.run(
            "blkid",
            "-p",
            "-O",
            "" + start,
            "-S",
            "" + size,
            "-s",
            tag,
            "-o",
            "value",
            disk.toString());
    assertThat(result.status()).isIn(0, 2); // 2: nothing there
    return result.out().strip();
  }

  private void checkFilesystems(Path disk, List<Part> parts, int sectorSize)
      throws IOException, InterruptedException {
    for (Part part : parts) {
      if (part.fs().equals("ext4")) {
        Tools.checked("e2fsck", "-fn", disk + "?offset=" + part.start());
      } else if (part.fs().equals("vfat")) {
        Path esp = copy(disk, part);
        Tools.checked("fsck.vfat", "-n", esp.toString());
        assertThat(Tools.checked("mdir", "-b", "-i", esp.toString(), "::/EFI/BOOT"))
            .contains("BOOTX64.EFI");
        assertThat(Tools.checked("minfo", "-i", esp.toString(), "::"))
            .contains("sector size: " + sectorSize + " bytes");
        Files.delete(esp);
      }
    }
  }

  /** The bytes of a partition as a file of their own. */
  private Path copy(Path disk, Part part) throws IOException {
    Path copy = dir.resolve("partition");
    try (FileChannel in = FileChannel.open(disk);
        FileChannel out =
            FileChannel.open(
                copy,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
      for (long done = 0; done < part.size(); ) {
        done += in.transferTo(part.start() + done, part.size() - done, out);
      }
    }
    return copy;
  }

  private static String deployment(Path disk, Part root) throws IOException, InterruptedException {
    String deployments = STATEROOT + "/deploy";
    return debugfs(disk, root, "ls -p " + deployments)
        .lines()
        .map(line -> line.split("/", -1))
        .filter(fields -> fields.length > 5 && fields[5].endsWith(".0"))
        .map(fields -> deployments + "/" + fields[5])
        .findFirst()
        .orElseThrow();
  }

  private static String fileOf(Path disk, Part root, String path)
      throws IOException, InterruptedException {
    return debugfs(disk, root, "cat " + path);
  }

  private static String debugfs(Path disk, Part part, String request)
      throws IOException, InterruptedException {
    String said = Tools.checked("debugfs", "-R", request, disk + "?offset=" + part.start());
    return said.replaceFirst("^debugfs [^\n]*\n", "");
  }
}
