package org.bib.oci;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CacheOptionsTest {
  @ParameterizedTest
  @CsvSource({
    "/cache, /home/a, /home/b, /cache/bib",
    "'', /home/a, /home/b, /home/a/.cache/bib",
    "relative, /home/a, /home/b, /home/a/.cache/bib",
    "./relative, '', /home/b, /home/b/.cache/bib",
    "'', relative, /home/b, /home/b/.cache/bib",
  })
  void directoryIsWhereTheSpecificationSays(
      String cacheHome, String home, String userHome, Path expected) {
    assertThat(CacheOptions.directory(Map.of("XDG_CACHE_HOME", cacheHome, "HOME", home), userHome))
        .hasValue(expected);
  }

  @Test
  void unsetVariablesAreAsEmptyOnes() {
    assertThat(CacheOptions.directory(Map.of(), "/home/b")).hasValue(Path.of("/home/b/.cache/bib"));
  }

  @Test
  void withoutAHomeThereIsNoCache() {
    assertThat(CacheOptions.directory(Map.of("HOME", ""), "?")).isEmpty();
  }
}
