package org.bib.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.bib.disk.ByteSize;
import org.bib.failure.ConfigException;
import org.bib.oci.CacheOptions;
import org.bib.oci.Digest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheCommandTest {
  private static final byte[] OLD = content(3 << 20);
  private static final byte[] NEW = content(1000);

  @TempDir Path dir;

  private final Map<String, String> variables = new TreeMap<>();
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private static byte[] content(int size) {
    byte[] content = new byte[size];
    Arrays.fill(content, (byte) 1);
    return content;
  }

  private int bib(String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    variables.putIfAbsent("XDG_CACHE_HOME", dir.toString());
    return Main.run(
        arguments, new NothingBuilt(), environment(), new PrintWriter(out), new PrintWriter(err));
  }

  private Environment environment() {
    return new Environment(variables, dir, InputStream.nullInputStream(), false);
  }

  private Path file(byte[] content, String suffix) {
    return dir.resolve("bib/layers/sha256-" + Digest.sha256(content).hex() + suffix);
  }

  private void fill() throws IOException {
    Files.createDirectories(dir.resolve("bib/layers"));
    Files.write(file(OLD, ".tar"), OLD);
    Files.writeString(file(OLD, ".from"), "registry.example/os:1\n");
    Files.setLastModifiedTime(
        file(OLD, ".tar"), FileTime.from(Instant.parse("2024-02-03T04:05:06.789Z")));
    Files.write(file(NEW, ".tar"), NEW);
    Files.writeString(file(NEW, ".from"), "oci:\u001b[2Jx\n");
    Files.setLastModifiedTime(
        file(NEW, ".tar"), FileTime.from(Instant.parse("2025-02-03T04:05:06Z")));
  }

  @Test
  void lsListsWhatWasUsedLastFirst() throws IOException {
    fill();
    assertThat(bib("cache", "ls")).isZero();
    assertThat(out.toString())
        .isEqualTo(
            Digest.sha256(NEW)
                + "  1000 bytes  2025-02-03T04:05:06Z  oci:?[2Jx\n"
                + Digest.sha256(OLD)
                + "     3 MiB  2024-02-03T04:05:06Z  registry.example/os:1\n"
                + "2 layers, 4 MiB\n");
    Files.delete(file(NEW, ".from"));
    bib("cache", "ls");
    assertThat(out.toString()).contains("  2025-02-03T04:05:06Z  -\n");
  }

  @Test
  void lsPrintsJson() throws IOException {
    fill();
    assertThat(bib("cache", "ls", "--json")).isZero();
    JsonNode document = new ObjectMapper().readTree(out.toString());
    assertThat(document.get("directory").asText()).isEqualTo(dir.resolve("bib").toString());
    assertThat(document.get("layers")).hasSize(2);
    assertThat(document.get("layers").get(1).toString())
        .isEqualTo(
            "{\"digest\":\""
                + Digest.sha256(OLD)
                + "\",\"size\":3145728,\"lastUse\":\"2024-02-03T04:05:06Z\","
                + "\"reference\":\"registry.example/os:1\"}");
  }

  @Test
  void aCacheThatIsNotThereIsEmpty() {
    assertThat(bib("cache", "ls")).isZero();
    assertThat(out.toString()).isEqualTo("0 layers, 0 bytes\n");
    assertThat(bib("cache", "prune", "--all")).isZero();
    assertThat(bib("cache", "verify")).isZero();
    assertThat(dir.resolve("bib")).doesNotExist();
  }

  @Test
  void pruneLeavesWhatFits() throws IOException {
    fill();
    assertThat(bib("cache", "prune")).isZero();
    assertThat(out.toString()).isEqualTo("removed 0 layers, 0 bytes; 2 layers, 4 MiB left\n");
    assertThat(bib("cache", "prune", "--cache-size", "1 MiB")).isZero();
    assertThat(out.toString()).isEqualTo("removed 1 layer, 3 MiB; 1 layer, 1000 bytes left\n");
    variables.put("BIB_CACHE_SIZE", "999");
    assertThat(bib("cache", "prune")).isZero();
    assertThat(out.toString()).isEqualTo("removed 1 layer, 1000 bytes; 0 layers, 0 bytes left\n");
    assertThat(dir.resolve("bib/layers")).isEmptyDirectory();
  }

  @Test
  void pruneAllLeavesNothing() throws IOException {
    fill();
    assertThat(bib("cache", "prune", "--all")).isZero();
    assertThat(out.toString()).isEqualTo("removed 2 layers, 4 MiB; 0 layers, 0 bytes left\n");
    assertThat(dir.resolve("bib/layers")).isEmptyDirectory();
  }

  @Test
  void verifyFailsIfOneIsDamagedAndRemovesIt() throws IOException {
    fill();
    assertThat(bib("cache", "verify")).isZero();
    assertThat(out.toString()).isEqualTo("2 layers intact, 0 damaged\n");
    Files.write(file(OLD, ".tar"), NEW);
    assertThat(bib("cache", "verify")).isEqualTo(1);
    assertThat(out.toString())
        .isEqualTo("damaged, removed: " + Digest.sha256(OLD) + "\n1 layer intact, 1 damaged\n");
    assertThat(bib("cache", "verify")).isZero();
  }

  @Test
  void whatIsInTheWayIsNamed() throws IOException {
    Files.createDirectories(dir.resolve("bib"));
    Files.createFile(dir.resolve("bib/layers"));
    assertThat(bib("cache", "ls")).isEqualTo(1);
    assertThat(err.toString())
        .isEqualTo("error: " + dir.resolve("bib/layers") + ": not a directory\n");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void optionsDecideWhatIsKept() throws ConfigException {
    variables.put("XDG_CACHE_HOME", "/cache");
    CacheArguments arguments = new CacheArguments();
    assertThat(arguments.read(environment()))
        .hasValue(new CacheOptions(Path.of("/cache/bib"), ByteSize.gibibytes(20)));
    variables.put("BIB_CACHE_SIZE", "2 GiB");
    assertThat(arguments.read(environment()).map(CacheOptions::limit))
        .hasValue(ByteSize.gibibytes(2));
    arguments.cacheSize = "3 GiB";
    assertThat(arguments.read(environment()).map(CacheOptions::limit))
        .as("an option counts more than a variable")
        .hasValue(ByteSize.gibibytes(3));
    arguments.cacheSize = "0";
    assertThat(arguments.read(environment())).isEqualTo(Optional.empty());
    arguments.cacheSize = null;
    arguments.noCache = true;
    assertThat(arguments.read(environment())).isEqualTo(Optional.empty());
  }

  @Test
  void aWrongVariableIsNamed() throws IOException {
    variables.put("BIB_CACHE_SIZE", "much");
    assertThat(bib("cache", "prune")).isEqualTo(2);
    assertThat(err.toString()).startsWith("error: BIB_CACHE_SIZE: \"much\" is not a size; ");
  }
}
