package org.bib.secrets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.bib.failure.ConfigException;
import org.bib.layout.Seed;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PasswordHashTest {
  private static final Seed SEED = new Seed("seed");

  @Test
  void hashesAsOpensslDoes() throws Exception {
    // openssl passwd -6 -salt abcdefgh secret
    assertThat(LibCrypt.hash("secret", "$6$abcdefgh$"))
        .isEqualTo(
            "$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip"
                + "/cZ/1GM/O6IND4WQhG.");
  }

  @Test
  void hashesPlainTextThatOpensslVerifies() throws Exception {
    String hash = PasswordHash.of("pässword", "alice", SEED, "w");
    String salt = hash.substring(3, 19);
    Process openssl =
        new ProcessBuilder("openssl", "passwd", "-6", "-salt", salt, "-stdin").start();
    openssl.getOutputStream().write("pässword\n".getBytes(UTF_8));
    openssl.getOutputStream().close();
    assertThat(new String(openssl.getInputStream().readAllBytes(), UTF_8).strip()).isEqualTo(hash);
  }

  @Test
  void hashesTheSameOnManyThreads()
      throws ConfigException, IOException, InterruptedException, ExecutionException {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Callable<String>> tasks =
          IntStream.range(0, 16)
              .<Callable<String>>mapToObj(i -> () -> PasswordHash.of("p" + i % 2, "u", SEED, "w"))
              .toList();
      List<Future<String>> hashes = threads.invokeAll(tasks);
      for (int i = 0; i < hashes.size(); i++) {
        assertThat(hashes.get(i).get()).isEqualTo(PasswordHash.of("p" + i % 2, "u", SEED, "w"));
      }
    } finally {
      threads.shutdown();
    }
  }

  @Test
  void saltsByUserAndSeed() throws Exception {
    String hash = PasswordHash.of("secret", "alice", SEED, "w");
    assertThat(hash)
        .isEqualTo(PasswordHash.of("secret", "alice", new Seed("seed"), "w"))
        .isNotEqualTo(PasswordHash.of("secret", "bob", SEED, "w"))
        .isNotEqualTo(PasswordHash.of("secret", "alice", new Seed("other"), "w"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG.",
        "$y$j9T$abcdefghijkl$XFQnRmFDoRnfefa6tLCdzcaB9xoGhmmkRgfG1lm0pK1",
        "$5$rounds=10000$saltstringsaltst$3xv.VbSCBX41eDL9L3voZredBEasCwhSNrhk4R.4fO3",
        "$2b$05$abcdefghijklmnopqrstuuXRgEUZ0pPsGJ0kjcdKE4NRWEi1Uf3Ju"
      })
  void passesHashesThrough(String hash) throws Exception {
    assertThat(PasswordHash.of(hash, "alice", SEED, "w")).isEqualTo(hash);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a\nb", "$6$salt$short", "$6$a:b$c", "$1$salt$hashhash", "$y$x"})
  void refusesWithoutShowing(String password) {
    assertThatThrownBy(() -> PasswordHash.of(password, "alice", SEED, "where"))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("where: ")
        .satisfies(
            e -> {
              if (!password.isEmpty()) {
                assertThat(e.toString()).doesNotContain(password);
              }
            });
  }
}
