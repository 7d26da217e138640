package org.bib.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ConfigExamplesTest {
  private static final Path EXAMPLES = Path.of("../config-examples");

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
  void everyExampleSaysSomething(Path example) throws Exception {
    assertThat(ConfigurationFile.read(example).digest()).isNotEqualTo(Configuration.EMPTY.digest());
  }

  @Test
  void tomlAndJsonOfTheSameMeaningHaveTheSameDigest() throws Exception {
    assertThat(ConfigurationFile.read(EXAMPLES.resolve("minimal.toml")).digest())
        .isEqualTo(ConfigurationFile.read(EXAMPLES.resolve("minimal.json")).digest());
  }
}
