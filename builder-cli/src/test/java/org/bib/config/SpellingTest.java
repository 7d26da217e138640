package org.bib.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpellingTest {
  private static final List<String> WORDS = List.of("--type", "--rootfs", "--output", "minsize");

  @ParameterizedTest
  @CsvSource({
    "--tpye,--type",
    "--TYPE,--type",
    "--out,--output",
    "min_size,minsize",
    "--root,--rootfs"
  })
  void findsWhatWasMeant(String typed, String meant) {
    assertThat(Spelling.nearest(typed, WORDS)).contains(meant);
  }

  @ParameterizedTest
  @CsvSource({"birds", "x", "--frobnicate"})
  void suggestsNothingFarOff(String typed) {
    assertThat(Spelling.nearest(typed, WORDS)).isEmpty();
  }
}
