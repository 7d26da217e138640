package org.bib.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Layers made to do harm can only fail to be read. */
class HostileLayerTest {
  private static final int BLOCK = 512;

  @TempDir Path dir;

  /** Headers damaged at random, their checksums made right again so that they are looked at. */
  @Test
  void damagedHeadersAreReadOrRefused() throws IOException {
    Random random = new Random(20);
    byte[] sound = archive(Map.of());
    int refused = 0;
    for (int round = 0; round < 3000; round++) {
      byte[] damaged = sound.clone();
      for (int i = 1 + random.nextInt(3); i > 0; i--) {
        int block = random.nextInt(damaged.length / BLOCK) * BLOCK;
        damaged[block + random.nextInt(BLOCK)] = (byte) random.nextInt(256);
        setChecksum(damaged, block);
      }
      try {
        read(damaged);
      } catch (IOException e) {
        refused++;
      }
    }
    assertThat(refused).isBetween(500, 2999);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "mtime=1e999999999",
        "mtime=99999999999999999999",
        "mtime=-",
        "uid=4294967295",
        "uid=-1",
        "size=9223372036854775807",
        "GNU.sparse.map=0,9223372036854775807,1,1",
        "GNU.sparse.map=1",
        "GNU.sparse.map=0,4,2,4",
        "path=a/../../b",
        "path=a\0b"
      })
  void absurdRecordIsRefused(String record) throws IOException {
    String[] pair = record.split("=", 2);
    byte[] archive = archive(Map.of(pair[0], pair[1]));
    assertThatThrownBy(() -> read(archive)).isInstanceOf(IOException.class);
  }

  private List<LayerEntry> read(byte[] archive) throws IOException {
    Path file = dir.resolve("spool");
    Files.deleteIfExists(file);
    try (Spool spool = Spool.create(file)) {
      return LayerReader.read(new ByteArrayInputStream(archive), spool);
    }
  }

  private static byte[] archive(Map<String, String> records) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, StandardCharsets.UTF_8.name());
    tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
    tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_STAR);
    for (String path : List.of("d/", "d/file", "d/" + "n".repeat(200), "d/empty")) {
      if (path.equals("d/file") && !records.isEmpty()) {
        putRecords(tar, records);
      }
      TarArchiveEntry entry = new TarArchiveEntry(path);
      byte[] content = path.endsWith("/") || path.endsWith("empty") ? new byte[0] : new byte[700];
      entry.setSize(content.length);
      entry.setUserId(3_000_000_000L);
      if (path.equals("d/file") && records.isEmpty()) {
        entry.addPaxHeader("SCHILY.xattr.user.a", "b");
      }
      tar.putArchiveEntry(entry);
      tar.write(content);
      tar.closeArchiveEntry();
    }
    TarArchiveEntry link = new TarArchiveEntry("d/link", TarConstants.LF_LINK);
    link.setLinkName("d/file");
    tar.putArchiveEntry(link);
    tar.closeArchiveEntry();
    tar.finish();
    return bytes.toByteArray();
  }

  /** By hand: commons-compress would not write such. */
  private static void putRecords(TarArchiveOutputStream tar, Map<String, String> records)
      throws IOException {
    StringBuilder text = new StringBuilder();
    records.forEach(
        (key, value) -> {
          String rest = " " + key + "=" + value + "\n";
          int length = rest.length() + 2; // two digits do for all here
          text.append(length).append(rest);
        });
    byte[] content = text.toString().getBytes(StandardCharsets.UTF_8);
    TarArchiveEntry header = new TarArchiveEntry("pax", TarConstants.LF_PAX_EXTENDED_HEADER_LC);
    header.setSize(content.length);
    tar.putArchiveEntry(header);
    tar.write(content);
    tar.closeArchiveEntry();
  }

  private static void setChecksum(byte[] archive, int block) {
    int sum = 8 * ' ';
    for (int i = 0; i < BLOCK; i++) {
      sum += i >= 148 && i < 156 ? 0 : archive[block + i] & 0xFF;
    }
    byte[] text = String.format(Locale.ROOT, "%06o\0 ", sum).getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(text, 0, archive, block + 148, 8);
  }
}
