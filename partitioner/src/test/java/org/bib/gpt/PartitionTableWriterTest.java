package org.bib.gpt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.bib.TestTools.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.bib.disk.ByteSize;
import org.bib.disk.DiskImage;
import org.bib.disk.RawDisk;
import org.bib.failure.ConfigException;
import org.bib.layout.Architecture;
import org.bib.layout.DiskCustomization;
import org.bib.layout.DiskLayout;
import org.bib.layout.DiskPlan;
import org.bib.layout.DiskPlanner;
import org.bib.layout.FilesystemPayload;
import org.bib.layout.FilesystemType;
import org.bib.layout.LabelType;
import org.bib.layout.NoPayload;
import org.bib.layout.PartitionRequest;
import org.bib.layout.Payload;
import org.bib.layout.Seed;
import org.bib.layout.SwapPayload;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@NullMarked
class PartitionTableWriterTest {
  private static final UUID ID = UUID.fromString("01234567-89ab-4def-8123-456789abcdef");

  @TempDir private Path dir = Path.of("");

  @ParameterizedTest
  @EnumSource(Architecture.class)
  void sgdiskAndSfdiskReadThePlanBack(Architecture architecture)
      throws IOException, InterruptedException {
    DiskPlan plan = plan(DiskLayout.standard(architecture, false), Optional.empty());
    Path disk = write("disk.raw", plan);
    assertThat(run("sgdisk", "-v", disk.toString())).contains("No problems found");
    String json = run("sfdisk", "--json", disk.toString());
    assertPlan(json, plan);
    assertThat(json.contains("LegacyBIOSBootable")).isEqualTo(architecture == Architecture.AMD64);
  }

  @Test
  void typesNamesIdentifiersAndAttributesAreThoseAskedFor()
      throws IOException, InterruptedException {
    String type = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709";
    DiskLayout layout =
        new DiskLayout(
            "test",
            LabelType.GPT,
            Optional.of("aaaaaaaa-89ab-4def-8123-456789abcdef"),
            DiskLayout.Alignment.DEFAULT,
            DiskLayout.Sizing.of(ByteSize.gibibytes(2)),
            List.of(
                new PartitionRequest(
                    type,
                    Optional.of(ID),
                    "r\u00f6\u00f6t \u6839",
                    1L << 63 | 1L << 59 | 1L << 50 | 7,
                    false,
                    ByteSize.gibibytes(1),
                    new FilesystemPayload(FilesystemType.EXT4, "/", "root"))));
    Path disk = write("disk.raw", plan(layout, Optional.empty()));
    assertThat(run("sgdisk", "-v", disk.toString())).contains("No problems found");
    assertThat(run("sfdisk", "--json", disk.toString()))
        .containsIgnoringCase("aaaaaaaa-89ab-4def-8123-456789abcdef")
        .containsIgnoringCase(type)
        .containsIgnoringCase(ID.toString())
        .contains("\"name\": \"r\u00f6\u00f6t \u6839\"")
        .contains("RequiredPartition NoBlockIOProtocol LegacyBIOSBootable GUID:50,59,63");
  }

  @Test
  void aDosTableHasItsTypesAndAnActivePartition() throws IOException, InterruptedException {
    DiskPlan plan =
        plan(
            custom(
                LabelType.DOS,
                512,
                partition("83", new FilesystemPayload(FilesystemType.EXT4, "/boot", "boot")),
                partition("82", new SwapPayload("swap", Optional.empty(), "defaults"))),
            Optional.of(ByteSize.gibibytes(3)));
    Path disk = write("disk.raw", plan);
    String json = run("sfdisk", "--json", disk.toString());
    assertPlan(json, plan);
    assertThat(json).contains("\"label\": \"dos\"", "\"id\": \"" + plan.identifier() + "\"");
    assertThat(json.split("\"bootable\": true", -1)).hasSize(2);
    assertThat(run("sfdisk", "--verify", disk.toString())).contains("No errors detected");
    // Nothing of a GPT, and room for a boot loader.
    assertThat(bytes(disk, 512, 1048064)).isEqualTo(new byte[1048064]);
  }

  @ParameterizedTest
  @EnumSource(LabelType.class)
  void sectorsOf4096BytesAreCounted(LabelType label) throws IOException, InterruptedException {
    DiskPlan plan =
        plan(
            custom(
                label,
                4096,
                partition(
                    label == LabelType.GPT ? "0fc63daf-8483-4772-8e79-3d69d8477de4" : "83",
                    new NoPayload())),
            Optional.of(ByteSize.gibibytes(3)));
    Path disk = write("disk.raw", plan);
    List<String> lines =
        run("partx", "-S", "4096", "-g", "-r", "-o", "START,SECTORS,TYPE,UUID", disk.toString())
            .lines()
            .toList();
    assertThat(lines).hasSize(plan.partitions().size());
    for (int i = 0; i < lines.size(); i++) {
      DiskPlan.Partition partition = plan.partitions().get(i);
      // partx counts in sectors of 512 bytes, whatever those of the disk.
      assertThat(lines.get(i))
          .startsWith(
              partition.start() / 512
                  + " "
                  + partition.size().bytes() / 512
                  + (label == LabelType.GPT
                      ? " " + partition.type() + " " + partition.guid()
                      : " 0x" + partition.type()));
    }
    byte[] signature = "EFI PART".getBytes(StandardCharsets.US_ASCII);
    assertThat(bytes(disk, 512, 8)).isEqualTo(new byte[8]);
    assertThat(bytes(disk, 4096, 8)).isEqualTo(label == LabelType.GPT ? signature : new byte[8]);
    assertThat(bytes(disk, plan.size().bytes() - 4096, 8))
        .isEqualTo(label == LabelType.GPT ? signature : new byte[8]);
    assertReadBack(disk, plan);
  }

  private static void assertReadBack(Path disk, DiskPlan plan) throws IOException {
    try (RawDisk raw = RawDisk.open(disk)) {
      PartitionTable table =
          PartitionTable.read(
              raw,
              (where, what) -> {
                throw new AssertionError(where + ": " + what);
              });
      assertThat(table.label()).isEqualTo(plan.label());
      assertThat(table.identifier()).isEqualToIgnoringCase(plan.identifier());
      assertThat(table.sectorSize()).isEqualTo(plan.sectorSize());
      assertThat(table.partitions().stream().map(PartitionTable.Partition::start).toList())
          .isEqualTo(plan.partitions().stream().map(DiskPlan.Partition::start).toList());
      assertThat(table.partitions().stream().map(PartitionTable.Partition::type).toList())
          .isEqualTo(plan.partitions().stream().map(DiskPlan.Partition::type).toList());
    }
  }

  @ParameterizedTest
  @EnumSource(LabelType.class)
  void samePlanSameBytes(LabelType label) throws IOException {
    DiskPlan plan = plan(custom(label, 512), Optional.of(ByteSize.gibibytes(4)));
    assertThat(Files.mismatch(write("a", plan), write("b", plan))).isEqualTo(-1);
  }

  private static void assertPlan(String json, DiskPlan plan) {
    assertThat(json)
        .containsIgnoringCase(plan.identifier())
        .contains("\"sectorsize\": " + plan.sectorSize());
    for (DiskPlan.Partition partition : plan.partitions()) {
      assertThat(json)
          .containsIgnoringCase("\"type\": \"" + partition.type())
          .contains("\"start\": " + partition.start() / plan.sectorSize() + ",")
          .contains("\"size\": " + partition.size().bytes() / plan.sectorSize() + ",");
      if (plan.label() == LabelType.GPT) {
        assertThat(json).contains(partition.guid().toString().toUpperCase(Locale.ROOT));
      }
    }
    assertThat(json.split("\"node\":", -1)).hasSize(plan.partitions().size() + 1);
  }

  private static DiskCustomization.Partition partition(String type, Payload payload) {
    return new DiskCustomization.Partition(
        "test", Optional.of(type), Optional.empty(), "", ByteSize.mebibytes(600), payload);
  }

  private static DiskLayout custom(
      LabelType label, int sectorSize, DiskCustomization.Partition... partitions) {
    try {
      return new DiskCustomization(
              "test",
              Optional.of(label),
              Optional.empty(),
              new ByteSize(0),
              sectorSize,
              List.of(partitions))
          .layout(Architecture.AMD64, DiskCustomization.Base.STANDARD);
    } catch (ConfigException e) {
      throw new AssertionError(e);
    }
  }

  private static DiskPlan plan(DiskLayout layout, Optional<ByteSize> size) throws IOException {
    return DiskPlanner.plan(new DiskPlanner.Request(layout, Map.of(), size, false, new Seed("x")));
  }

  private Path write(String name, DiskPlan plan) throws IOException {
    Path disk = dir.resolve(name);
    DiskImage.create(disk, plan.size()).close();
    PartitionTableWriter.write(disk, plan);
    return disk;
  }

  private static byte[] bytes(Path disk, long offset, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    try (FileChannel channel = FileChannel.open(disk)) {
      channel.read(bytes, offset);
    }
    byte[] copy = new byte[length];
    bytes.get(0, copy);
    return copy;
  }
}
