package org.bib.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ByteSizeTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1073741824, 1073741824",
    "512 B, 512",
    "20GB, 20000000000",
    "1 kB, 1000",
    "3 MB, 3000000",
    "1 TB, 1000000000000",
    "10G, 10737418240",
    "4k, 4096",
    "2 m, 2097152",
    "1T, 1099511627776",
    "1.5 GiB, 1610612736",
    "1 KiB, 1024",
    "7 mib, 7340032",
    "2 TiB, 2199023255552",
    "' 8 GiB ', 8589934592",
    "9223372036854775807, 9223372036854775807",
  })
  void sizesAreReadAsPeopleWriteThem(String text, long bytes) {
    assertThat(ByteSize.parse(text)).isEqualTo(new ByteSize(bytes));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "GiB",
        "-1",
        "1e9",
        "1,5 GiB",
        "10 GiBs",
        "10 X",
        ".5G",
        "1.",
        "0.5",
        "1.0001 kB",
        "9223372036854775808",
        "8388608 TiB"
      })
  void whatIsNoSizeIsRefused(String text) {
    assertThatThrownBy(() -> ByteSize.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"" + text + "\"");
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "1, 512", "512, 512", "513, 1024"})
  void sizesAreRoundedUp(long bytes, long rounded) {
    assertThat(new ByteSize(bytes).roundUpTo(512)).isEqualTo(new ByteSize(rounded));
  }
}
