package org.bib.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.bib.failure.ConfigException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShortNamesTest {
  @TempDir Path dir;
  private Path configuration = Path.of("");

  @BeforeEach
  void configure() throws Exception {
    configuration = Files.writeString(dir.resolve("registries.conf"), "");
  }

  private String told(String name) {
    Pull pull = new Pull(dir).variable("CONTAINERS_REGISTRIES_CONF", configuration.toString());
    try (SourceImage image = pull.open(name)) {
      throw new AssertionError(image.manifestDigest());
    } catch (ConfigException e) {
      return String.valueOf(e.getMessage());
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "os, 'docker.io/library/os, localhost/os'",
    "os:1, 'docker.io/library/os:1, localhost/os:1'",
    "x/os:1, 'docker.io/x/os:1, quay.io/x/os:1, localhost/x/os:1'",
    "fedora-bootc:42, 'quay.io/fedora/fedora-bootc:42, docker.io/library/fedora-bootc:42,"
        + " localhost/fedora-bootc:42'"
  })
  void likelyFullNamesAreListed(String name, String names) {
    assertThat(told(name))
        .isEqualTo(
            "\""
                + name
                + "\": names no registry; write it in full, such as "
                + names
                + "; or containers-storage:"
                + name
                + " for podman's store");
  }

  @Test
  void whatTheMachineHasConfiguredComesFirst() throws Exception {
    Files.writeString(
        configuration,
        """
        unqualified-search-registries = ['a.example', 'b.example:5000']
        [aliases]
        'os' = 'c.example/deep/os'
        """);
    assertThat(told("os:1"))
        .contains(
            "such as c.example/deep/os:1, a.example/os:1, b.example:5000/os:1,"
                + " docker.io/library/os:1");
    assertThat(told("y/os")).contains("such as a.example/y/os, b.example:5000/y/os, docker.io/y");
  }

  @Test
  void aConfigurationThatCannotBeReadDoesNotCount() throws Exception {
    Files.writeString(configuration, "[[[");
    assertThat(told("os")).contains("such as docker.io/library/os, localhost/os;");
    Files.writeString(configuration, "unqualified-search-registries = 7\naliases = []\n");
    assertThat(told("os")).contains("such as docker.io/library/os, localhost/os;");
  }

  @Test
  void anExplicitTransportMeansWhatItSays() {
    // An engine would ask Docker Hub, and so does bib; here nobody answers.
    assertThatThrownBy(
            () -> new Pull(dir).variable("HTTPS_PROXY", "http://127.0.0.1:9").open("docker://os:1"))
        .isNotInstanceOf(ConfigException.class)
        .hasMessageContaining("docker://docker.io/library/os:1");
  }
}
