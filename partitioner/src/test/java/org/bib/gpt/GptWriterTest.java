package org.bib.gpt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.bib.disk.ByteSize;
import org.bib.disk.DiskImage;
import org.bib.failure.BuildException;
import org.bib.layout.Architecture;
import org.bib.layout.DiskPlan;
import org.bib.layout.DiskPlanner;
import org.bib.layout.PartitionRole;
import org.bib.layout.Seed;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class GptWriterTest {
  private static final long MIB = 1 << 20;

  @TempDir Path dir;

  @Test
  void defaultTableIsThePeers() throws BuildException {
    DiskPlan plan = DiskPlanner.plan(request(Architecture.AMD64, Optional.empty(), false, 500));
    assertThat(plan.size()).isEqualTo(ByteSize.gibibytes(10));
    assertThat(plan.partitions().stream().map(DiskPlan.Partition::start))
        .containsExactly(MIB, 2 * MIB, 503 * MIB, 1527 * MIB);
    assertThat(plan.partitions().stream().map(p -> p.size().bytes()))
        .containsExactly(MIB, 501 * MIB, 1024 * MIB, 8712 * MIB);
    assertThat(plan.partitions().get(0).attributes()).isEqualTo(4);
  }

  @Test
  void arm64HasNoBiosBootPartition() throws BuildException {
    DiskPlan plan = DiskPlanner.plan(request(Architecture.ARM64, Optional.empty(), false, 500));
    assertThat(plan.partitions().get(0).role()).isEqualTo(PartitionRole.ESP);
    assertThat(plan.partitions().get(2).size().bytes()).isEqualTo(8713 * MIB);
  }

  @Test
  void rootHasTwiceItsContent() throws BuildException {
    DiskPlan plan = DiskPlanner.plan(request(Architecture.AMD64, Optional.empty(), false, 9000));
    assertThat(plan.partitions().get(3).size().bytes()).isEqualTo(18000 * MIB);
  }

  @ParameterizedTest
  @CsvSource({"100, 1, 1628", "700, 3000, 9000", "2000, 0, 4000"})
  void minimalDisksHoldTheirPartitionsAndNoMore(long root, long data, long limit)
      throws BuildException {
    DiskPlanner.Request request = request(Architecture.AMD64, Optional.empty(), true, root);
    DiskPlan plan =
        DiskPlanner.plan(
            new DiskPlanner.Request(
                request.architecture(),
                request.discoverable(),
                request.exactSize(),
                true,
                request.boot(),
                request.root(),
                request.rootContent(),
                data == 0
                    ? List.of()
                    : List.of(new DiskPlanner.Data("/var/a", ByteSize.mebibytes(data))),
                request.seed()));
    DiskPlan.Partition last = plan.partitions().get(plan.partitions().size() - 1);
    assertThat(last.role()).isEqualTo(PartitionRole.ROOT);
    assertThat(last.size().bytes()).isEqualTo(root * MIB);
    assertThat(plan.size().bytes())
        .isEqualTo(last.end() + MIB)
        .isLessThanOrEqualTo(limit * MIB + MIB);
  }

  @ParameterizedTest
  @CsvSource({
    "AMD64, 4f68bce3-e8cd-4db1-96e7-fbcaf984b709",
    "ARM64, b921b045-1df0-41c3-af44-4c6f280d3fae"
  })
  void aDiscoverableRootHasTheTypeOfItsArchitecture(Architecture architecture, String type)
      throws BuildException {
    DiskPlanner.Request request = request(architecture, Optional.empty(), false, 500);
    DiskPlan plan =
        DiskPlanner.plan(
            new DiskPlanner.Request(
                architecture,
                true,
                request.exactSize(),
                false,
                request.boot(),
                request.root(),
                request.rootContent(),
                List.of(),
                request.seed()));
    assertThat(plan.partitions().get(plan.partitions().size() - 1).type()).hasToString(type);
  }

  @Test
  void tooSmallSaysWhatIsNeeded() {
    assertThatThrownBy(
            () ->
                DiskPlanner.plan(
                    request(Architecture.AMD64, Optional.of(ByteSize.gibibytes(2)), false, 3000)))
        .hasMessage(
            "a disk of 2048 MiB is too small: this image needs 4528 MiB;"
                + " raise --disk-size or name minimal");
  }

  @ParameterizedTest
  @EnumSource(Architecture.class)
  void sgdiskAndSfdiskReadThePlanBack(Architecture architecture)
      throws IOException, InterruptedException {
    DiskPlan plan = DiskPlanner.plan(request(architecture, Optional.empty(), false, 500));
    Path disk = write("disk.raw", plan);
    assertThat(run("sgdisk", "-v", disk.toString())).contains("No problems found");
    String json = run("sfdisk", "--json", disk.toString());
    assertThat(json).containsIgnoringCase(plan.guid().toString());
    for (DiskPlan.Partition partition : plan.partitions()) {
      assertThat(json)
          .containsIgnoringCase(partition.guid().toString())
          .containsIgnoringCase(partition.type().toString())
          .contains("\"start\": " + partition.start() / 512 + ",")
          .contains("\"size\": " + partition.size().bytes() / 512 + ",");
    }
    assertThat(json.contains("LegacyBIOSBootable")).isEqualTo(architecture == Architecture.AMD64);
  }

  @Test
  void samePlanSameBytes() throws IOException {
    DiskPlan plan =
        DiskPlanner.plan(request(Architecture.AMD64, Optional.of(ByteSize.gibibytes(4)), false, 9));
    assertThat(Files.mismatch(write("a", plan), write("b", plan))).isEqualTo(-1);
  }

  private Path write(String name, DiskPlan plan) throws IOException {
    Path disk = dir.resolve(name);
    DiskImage.create(disk, plan.size()).close();
    GptWriter.write(disk, plan);
    return disk;
  }

  private static DiskPlanner.Request request(
      Architecture architecture, Optional<ByteSize> size, boolean minimal, long rootMebibytes) {
    ByteSize root = ByteSize.mebibytes(rootMebibytes);
    return new DiskPlanner.Request(
        architecture,
        false,
        size,
        minimal,
        ByteSize.mebibytes(100),
        root,
        root,
        List.of(),
        new Seed("x"));
  }

  private static String run(String... command) throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("PATH", "/usr/sbin:/sbin:/usr/bin:/bin");
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }
}
