package org.bib.tests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * All that is in a directory, as far as a build must leave it alone: names, modes, owners, times
 * and contents of files. What has changed shows when two of them are compared.
 */
record Snapshot(Map<String, String> entries) {
  static final Snapshot EMPTY = new Snapshot(Map.of());

  /** The same without what is at and below a name. */
  Snapshot without(String name) {
    Map<String, String> rest = new TreeMap<>(entries);
    rest.keySet().removeIf(path -> path.equals(name) || path.startsWith(name + "/"));
    return new Snapshot(rest);
  }

  static Snapshot of(Path directory) throws IOException {
    Map<String, String> entries = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : paths.toList()) {
        Map<String, Object> stat =
            Files.readAttributes(path, "unix:mode,ino,uid,gid,size", LinkOption.NOFOLLOW_LINKS);
        // Directories change their times when a workspace comes and goes.
        boolean isFile = Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS);
        entries.put(
            directory.relativize(path).toString(),
            String.format(
                    "%o inode %s owner %s:%s",
                    (Integer) stat.get("mode"), stat.get("ino"), stat.get("uid"), stat.get("gid"))
                + (isFile
                    ? " size "
                        + stat.get("size")
                        + " time "
                        + Files.getLastModifiedTime(path)
                        + " "
                        + sha256(path)
                    : ""));
      }
    }
    return new Snapshot(entries);
  }

  private static String sha256(Path file) throws IOException {
    try (var in =
        new DigestInputStream(Files.newInputStream(file), MessageDigest.getInstance("SHA-256"))) {
      in.transferTo(java.io.OutputStream.nullOutputStream());
      return HexFormat.of().formatHex(in.getMessageDigest().digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
