package org.bib.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.bib.disk.ByteRange;
import org.bib.disk.ByteSize;
import org.bib.failure.BuildException;
import org.bib.failure.ConfigException;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@NullMarked
class DiskPlannerTest {
  private static final long MIB = 1 << 20;

  @Test
  void defaultTableIsThePeers() throws BuildException {
    DiskPlan plan = plan(DiskLayout.standard(Architecture.AMD64, false), 500);
    assertThat(plan.size()).isEqualTo(ByteSize.gibibytes(10));
    assertThat(starts(plan)).containsExactly(1L, 2L, 503L, 1527L);
    assertThat(sizes(plan)).containsExactly(1L, 501L, 1024L, 8712L);
    assertThat(plan.partitions().get(0).attributes()).isEqualTo(4);
    assertThat(plan.biosCode()).contains(new ByteRange(MIB, MIB));
  }

  @Test
  void arm64HasNoBiosBootPartition() throws BuildException {
    DiskPlan plan = plan(DiskLayout.standard(Architecture.ARM64, false), 500);
    assertThat(plan.partitions().get(0).role()).isEqualTo(PartitionRole.ESP);
    assertThat(plan.partitions().get(2).size().bytes()).isEqualTo(8713 * MIB);
    assertThat(plan.biosCode()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "AMD64, 4f68bce3-e8cd-4db1-96e7-fbcaf984b709",
    "ARM64, b921b045-1df0-41c3-af44-4c6f280d3fae"
  })
  void aDiscoverableRootHasTheTypeOfItsArchitecture(Architecture architecture, String type)
      throws BuildException {
    assertThat(root(plan(DiskLayout.standard(architecture, true), 500)).type()).isEqualTo(type);
    assertThat(root(plan(DiskLayout.standard(architecture, false), 500)).type())
        .isEqualTo("0fc63daf-8483-4772-8e79-3d69d8477de4");
  }

  @Test
  void rootHasTwiceItsContent() throws BuildException {
    DiskPlan plan = plan(DiskLayout.standard(Architecture.AMD64, false), 9000);
    assertThat(plan.partitions().get(3).size().bytes()).isEqualTo(18000 * MIB);
  }

  @Test
  void filesystemsAreRaisedToTheLeastOfThePeerAndStandBeforeTheRoot() throws Exception {
    DiskPlan plan =
        plan(
            DiskLayout.standard(Architecture.AMD64, false)
                .withFilesystems(
                    "test",
                    List.of(
                        least("/var/z", 3000),
                        least("/var/a", 1),
                        least("/boot", 1),
                        least("/", 20 << 10))),
            500);
    assertThat(plan.partitions().stream().map(DiskPlan.Partition::mountpoint))
        .containsExactly("", "/boot/efi", "/boot", "/var/z", "/var/a", "/");
    assertThat(sizes(plan)).containsExactly(1L, 501L, 1024L, 3000L, 1024L, 20480L);
    assertThat(plan.size().bytes()).isEqualTo(root(plan).end() + MIB);
  }

  @Test
  void aSmallBootOfATableIsRaisedTo500Mebibytes() throws Exception {
    DiskLayout layout =
        custom(LabelType.GPT, partition("/boot", 100))
            .withFilesystems("test", List.of(least("/boot", 1)));
    assertThat(sizes(plan(layout, 500)).get(2)).isEqualTo(500L);
  }

  @Test
  void tooManyFilesystemsForADosTableAreRefused() {
    assertThatThrownBy(
            () ->
                custom(LabelType.DOS, partition("/boot", 600))
                    .withFilesystems("f.toml", List.of(least("/var/a", 1), least("/var/b", 1))))
        .isInstanceOf(ConfigException.class)
        .hasMessage("f.toml: \"dos\" partition table type only supports up to 4 partitions: got 5");
  }

  @ParameterizedTest
  @CsvSource({"100, 1500", "700, 3000", "2000, 0"})
  void minimalDisksHoldTheirPartitionsAndNoMore(long root, long data) throws Exception {
    DiskLayout layout = DiskLayout.standard(Architecture.AMD64, false);
    if (data > 0) {
      layout = layout.withFilesystems("test", List.of(least("/var/a", data)));
    }
    DiskPlan plan = plan(layout, Optional.empty(), true, root);
    assertThat(root(plan).size().bytes()).isEqualTo(root * MIB);
    assertThat(plan.size().bytes())
        .isEqualTo(root(plan).end() + MIB)
        .isEqualTo((1527 + data + root + 1) * MIB);
  }

  @Test
  void tooSmallSaysWhatIsNeeded() {
    assertThatThrownBy(
            () ->
                plan(
                    DiskLayout.standard(Architecture.AMD64, false),
                    Optional.of(ByteSize.gibibytes(2)),
                    false,
                    3000))
        .hasMessage(
            "a disk of 2048 MiB is too small: this image needs 4528 MiB;"
                + " raise --disk-size or name minimal");
  }

  @Test
  void aCustomTableGetsWhatItTakesToBoot() throws Exception {
    DiskPlan plan = plan(custom(LabelType.GPT, partition("/data", 2000)), 500);
    assertThat(plan.partitions().stream().map(DiskPlan.Partition::key))
        .containsExactly("bios-boot", "esp", "/data", "root");
    assertThat(root(plan).type()).isEqualTo(Architecture.AMD64.rootType().toString());
    assertThat(plan.size()).isEqualTo(ByteSize.gibibytes(10));
    assertThat(plan.biosCode()).isPresent();
  }

  @Test
  void aCustomDosTableHasItsCodeBeforeTheFirstPartition() throws Exception {
    DiskPlan plan = plan(custom(LabelType.DOS, partition("/data", 2000)), 500);
    assertThat(plan.partitions().stream().map(DiskPlan.Partition::key))
        .containsExactly("esp", "/data", "root");
    assertThat(plan.partitions().stream().map(DiskPlan.Partition::type))
        .containsExactly("ef", "83", "83");
    assertThat(plan.partitions().stream().map(DiskPlan.Partition::active))
        .containsExactly(false, false, true);
    assertThat(plan.biosCode()).contains(new ByteRange(512, MIB - 512));
    // Nothing lies behind the last partition.
    assertThat(root(plan).end()).isEqualTo(plan.size().bytes());
  }

  @Test
  void whatIsWantedExplicitlyIsNotAddedAgain() throws Exception {
    DiskCustomization.Partition esp =
        new DiskCustomization.Partition(
            "esp",
            Optional.empty(),
            Optional.empty(),
            "",
            ByteSize.mebibytes(300),
            new FilesystemPayload(FilesystemType.VFAT, "/boot/efi", "MINE"));
    DiskPlan plan = plan(custom(LabelType.GPT, partition("/", 4000), esp), 500);
    assertThat(plan.partitions().stream().map(DiskPlan.Partition::key))
        .containsExactly("bios-boot", "esp", "root");
    assertThat(plan.partitions().get(1).type()).isEqualTo(PartitionRole.ESP.typeGuid());
    assertThat(sizes(plan).get(1)).isEqualTo(300L);
  }

  @Test
  void minsizeOfADiskReplacesTheDefault() throws Exception {
    DiskCustomization small =
        new DiskCustomization(
            "test",
            Optional.empty(),
            Optional.of(ByteSize.mebibytes(3000)),
            ByteSize.mebibytes(7),
            512,
            List.of(partition("/", 1000)));
    DiskPlan plan = plan(small.layout(Architecture.AMD64, DiskCustomization.Base.STANDARD), 400);
    assertThat(plan.size()).isEqualTo(ByteSize.mebibytes(3000));
    // The offset counts from the end of the table.
    assertThat(starts(plan)).containsExactly(8L, 9L, 510L);
    assertThat(root(plan).size()).isEqualTo(ByteSize.mebibytes(2489));
  }

  @ParameterizedTest
  @CsvSource({
    "zz, GPT, invalid partition part_type \"zz\" for partition table type \"gpt\"",
    "0fc63daf-8483-4772-8e79-3d69d8477de4, DOS, for partition table type \"dos\" (must be a"
        + " 2-digit hex number)",
    "00, DOS, for partition table type \"dos\""
  })
  void typesOfOtherTablesAreRefused(String type, LabelType label, String message) {
    DiskCustomization.Partition partition =
        new DiskCustomization.Partition(
            "here",
            Optional.of(type),
            Optional.empty(),
            "",
            ByteSize.mebibytes(1),
            new NoPayload());
    assertThatThrownBy(() -> custom(label, partition))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("here: ")
        .hasMessageContaining(message);
  }

  @Test
  void fourPartitionsAreAllThatADosTableHas() {
    assertThatThrownBy(
            () -> custom(LabelType.DOS, partition("/a", 1), partition("/b", 1), partition("/c", 1)))
        .hasMessageContaining(
            "\"dos\" partition table type only supports up to 4 partitions: got 5 after creating"
                + " the partition table with all necessary partitions");
  }

  @Test
  void aDosTableReachesTwoTebibytesOnly() throws Exception {
    DiskLayout layout = custom(LabelType.DOS);
    assertThat(plan(layout, Optional.of(ByteSize.gibibytes(2048)), false, 9).size().bytes())
        .isEqualTo(2L << 40);
    assertThatThrownBy(() -> plan(layout, Optional.of(ByteSize.gibibytes(2049)), false, 9))
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("use a gpt");
  }

  @Test
  void aRootThatDoesNotGrowKeepsItsSize() throws BuildException {
    for (int size : new int[] {0, 3000}) {
      DiskLayout layout =
          new DiskLayout(
              "test",
              LabelType.GPT,
              Optional.empty(),
              DiskLayout.Alignment.DEFAULT,
              new DiskLayout.Sizing(ByteSize.gibibytes(10), new ByteSize(0), false),
              List.of(DiskLayout.filesystem(LabelType.GPT, "/", "", ByteSize.mebibytes(size))));
      DiskPlan plan = plan(layout, 2000);
      assertThat(plan.size()).isEqualTo(ByteSize.gibibytes(10));
      assertThat(root(plan).size().bytes()).isEqualTo((size == 0 ? 4000 : 3000) * MIB);
      assertThat(root(plan(layout, Optional.empty(), true, 2000)).size().bytes())
          .isEqualTo(Math.max(2000, size) * MIB);
    }
  }

  @Test
  void grainStartAndPaddingAreKept() throws BuildException {
    DiskLayout layout =
        new DiskLayout(
            "test",
            LabelType.GPT,
            Optional.empty(),
            new DiskLayout.Alignment(
                512, 4 * MIB, ByteSize.mebibytes(16), false, ByteSize.mebibytes(5)),
            DiskLayout.Sizing.of(ByteSize.mebibytes(100)),
            List.of(
                new PartitionRequest(
                    PartitionRole.EMPTY.typeGuid(), ByteSize.mebibytes(1), new NoPayload()),
                DiskLayout.filesystem(LabelType.GPT, "/", "", new ByteSize(0))));
    DiskPlan plan = plan(layout, 9);
    assertThat(starts(plan)).containsExactly(16L, 20L);
    assertThat(sizes(plan)).containsExactly(4L, 68L);
    assertThat(plan.size()).isEqualTo(ByteSize.mebibytes(100));
  }

  @Test
  void aFileThatIsLargerThanItsPartitionIsRefused() {
    DiskLayout layout = withFile(ByteSize.mebibytes(2));
    assertThatThrownBy(
            () ->
                DiskPlanner.plan(
                    new DiskPlanner.Request(
                        layout,
                        Map.of("raw", new ByteSize(2 * MIB + 1)),
                        Optional.empty(),
                        false,
                        new Seed("x"))))
        .hasMessage(
            "disk.yaml: /x has 2097153 bytes, its partition 2097152; make the partition larger");
  }

  @Test
  void aFileWithoutASizeGetsItsOwn() throws BuildException {
    DiskPlan plan =
        DiskPlanner.plan(
            new DiskPlanner.Request(
                withFile(new ByteSize(0)),
                Map.of("raw", new ByteSize(2 * MIB + 1)),
                Optional.empty(),
                false,
                new Seed("x")));
    assertThat(sizes(plan).get(0)).isEqualTo(3L);
  }

  private static DiskLayout withFile(ByteSize size) {
    return new DiskLayout(
        "disk.yaml",
        LabelType.GPT,
        Optional.empty(),
        DiskLayout.Alignment.DEFAULT,
        DiskLayout.Sizing.DEFAULT,
        List.of(
            new PartitionRequest(
                PartitionRole.RAW.typeGuid(), size, new FilePayload("/x", "disk.yaml")),
            DiskLayout.filesystem(LabelType.GPT, "/", "", new ByteSize(0))));
  }

  @Test
  void keysTellPartitionsApart() throws Exception {
    List<DiskCustomization.Partition> partitions = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      partitions.add(
          new DiskCustomization.Partition(
              "swap",
              Optional.empty(),
              Optional.empty(),
              "",
              ByteSize.mebibytes(64),
              new SwapPayload("", Optional.empty(), "defaults")));
    }
    DiskPlan plan =
        plan(custom(LabelType.GPT, partitions.toArray(new DiskCustomization.Partition[0])), 9);
    assertThat(plan.partitions().stream().map(DiskPlan.Partition::key))
        .containsExactly("bios-boot", "esp", "swap", "swap#2", "swap#3", "root");
    assertThat(plan.partitions().stream().map(DiskPlan.Partition::guid)).doesNotHaveDuplicates();
  }

  /** {@link DiskPlan} itself refuses overlaps and what leaves the disk. */
  @ParameterizedTest
  @EnumSource(LabelType.class)
  void whateverIsAskedForFits(LabelType label) throws Exception {
    Random random = new Random(20);
    for (int round = 0; round < 500; round++) {
      List<DiskCustomization.Partition> partitions = new ArrayList<>();
      for (int i = random.nextInt(3); i > 0; i--) {
        partitions.add(partition("/m" + i, 1 + random.nextInt(5000)));
      }
      DiskLayout layout =
          new DiskCustomization(
                  "test",
                  Optional.of(label),
                  random.nextBoolean()
                      ? Optional.empty()
                      : Optional.of(new ByteSize(1 + random.nextInt(Integer.MAX_VALUE))),
                  new ByteSize(random.nextInt(1 << 30)),
                  random.nextBoolean() ? 512 : 4096,
                  partitions)
              .layout(Architecture.AMD64, DiskCustomization.Base.STANDARD);
      DiskPlan plan = plan(layout, Optional.empty(), random.nextBoolean(), random.nextInt(9000));
      assertThat(plan.size().bytes() % plan.sectorSize()).isZero();
      assertThat(root(plan).end()).isLessThanOrEqualTo(plan.size().bytes());
    }
  }

  private static DiskCustomization.Partition partition(String mountpoint, long mebibytes) {
    return new DiskCustomization.Partition(
        mountpoint,
        Optional.empty(),
        Optional.empty(),
        "",
        ByteSize.mebibytes(mebibytes),
        new FilesystemPayload(FilesystemType.EXT4, mountpoint, ""));
  }

  private static DiskLayout custom(LabelType label, DiskCustomization.Partition... partitions)
      throws ConfigException {
    return new DiskCustomization(
            "test", Optional.of(label), Optional.empty(), new ByteSize(0), 512, List.of(partitions))
        .layout(Architecture.AMD64, DiskCustomization.Base.STANDARD);
  }

  private static DiskLayout.MinimumSize least(String mountpoint, long mebibytes) {
    return new DiskLayout.MinimumSize(mountpoint, ByteSize.mebibytes(mebibytes));
  }

  private static DiskPlan plan(DiskLayout layout, long rootMebibytes) throws BuildException {
    return plan(layout, Optional.empty(), false, rootMebibytes);
  }

  private static DiskPlan plan(
      DiskLayout layout, Optional<ByteSize> size, boolean minimal, long rootMebibytes)
      throws BuildException {
    return DiskPlanner.plan(
        new DiskPlanner.Request(
            layout,
            Map.of("root", ByteSize.mebibytes(rootMebibytes)),
            size,
            minimal,
            new Seed("x")));
  }

  private static DiskPlan.Partition root(DiskPlan plan) {
    return plan.partitions().get(plan.partitions().size() - 1);
  }

  private static List<Long> starts(DiskPlan plan) {
    return plan.partitions().stream().map(partition -> partition.start() / MIB).toList();
  }

  private static List<Long> sizes(DiskPlan plan) {
    return plan.partitions().stream().map(partition -> partition.size().bytes() / MIB).toList();
  }
}
