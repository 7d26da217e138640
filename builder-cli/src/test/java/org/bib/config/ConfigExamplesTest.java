package org.bib.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.bib.build.BuildSpec;
import org.bib.build.EmbeddedFormats;
import org.bib.disk.ByteSize;
import org.bib.failure.ConfigException;
import org.bib.layout.Architecture;
import org.bib.layout.DiskCustomization;
import org.bib.layout.DiskLayout;
import org.bib.layout.DiskPlan;
import org.bib.layout.DiskPlanner;
import org.bib.layout.LabelType;
import org.bib.layout.PartitionRole;
import org.bib.layout.Seed;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ConfigExamplesTest {
  private static final Path EXAMPLES = Path.of("../config-examples");

  /** What {@code secrets.toml} wants of the environment. */
  private static final Map<String, String> VARIABLES =
      Map.of(
          "ALICE_PASSWORD",
          "correct horse",
          "PULL_SECRET",
          "{\"auths\":{\"registry.example\":{\"auth\":\"dXNlcjpzZWNyZXQ=\"}}}");

  static List<Path> examples() throws IOException {
    try (Stream<Path> files = Files.list(EXAMPLES)) {
      return files
          .filter(file -> file.toString().endsWith(".toml") || file.toString().endsWith(".json"))
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest
  @MethodSource("examples")
  void everyExampleSaysSomethingAndIsPlanned(Path example) throws Exception {
    Configuration configuration = ConfigurationFile.read(example, VARIABLES);
    assertThat(configuration.digest()).isNotEqualTo(Configuration.EMPTY.digest());
    assertThat(configuration.warnings()).isEmpty();
    for (Architecture architecture : Architecture.values()) {
      assertThat(plan(layout(configuration.partitioning(), architecture)).size())
          .isGreaterThanOrEqualTo(ByteSize.gibibytes(10));
    }
  }

  private static DiskLayout layout(BuildSpec.Partitioning asked, Architecture architecture)
      throws ConfigException {
    return asked.disk().isPresent()
        ? asked.disk().get().layout(architecture, DiskCustomization.Base.STANDARD)
        : DiskLayout.standard(architecture, false)
            .withFilesystems(asked.source(), asked.filesystems());
  }

  private static DiskPlan plan(DiskLayout layout) throws IOException {
    return DiskPlanner.plan(
        new DiskPlanner.Request(
            layout,
            Map.of("root", ByteSize.mebibytes(700), "raw", new ByteSize(400)),
            Optional.empty(),
            false,
            new Seed("example")));
  }

  @Test
  void theLayoutsAreThoseThatTheExamplesTellOf() throws Exception {
    DiskPlan own = planOf("disk-layout.toml");
    assertThat(own.size()).isEqualTo(ByteSize.gibibytes(20));
    assertThat(own.partitions().stream().map(DiskPlan.Partition::key))
        .containsExactly("bios-boot", "esp", "boot", "swap", "/var", "root");
    DiskPlan dos = planOf("disk-dos.toml");
    assertThat(dos.label()).isEqualTo(LabelType.DOS);
    assertThat(dos.partitions().stream().map(DiskPlan.Partition::key))
        .containsExactly("esp", "/var/data", "root");
    DiskPlan large = planOf("disk-4k.toml");
    assertThat(large.sectorSize()).isEqualTo(4096);
    assertThat(large.biosCode()).isEmpty();
  }

  private static DiskPlan planOf(String name) throws Exception {
    return plan(
        layout(
            ConfigurationFile.read(EXAMPLES.resolve(name), Map.of()).partitioning(),
            Architecture.AMD64));
  }

  @Test
  void theDiskYamlIsPlanned() throws Exception {
    EmbeddedFormats.DiskDescription disk =
        new EmbeddedFiles().disk("/x", Files.readString(EXAMPLES.resolve("disk.yaml")));
    DiskPlan plan = plan(disk.layout().orElseThrow());
    assertThat(plan.size()).isEqualTo(ByteSize.gibibytes(10));
    DiskPlan.Partition root = plan.partitions().get(plan.partitions().size() - 1);
    assertThat(root.role()).isEqualTo(PartitionRole.ROOT);
    assertThat(root.size()).isEqualTo(ByteSize.gibibytes(5));
  }

  @Test
  void tomlAndJsonOfTheSameMeaningHaveTheSameDigest() throws Exception {
    assertThat(ConfigurationFile.read(EXAMPLES.resolve("minimal.toml"), Map.of()).digest())
        .isEqualTo(ConfigurationFile.read(EXAMPLES.resolve("minimal.json"), Map.of()).digest());
  }
}
