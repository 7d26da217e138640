package org.bib.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Properties;

/**
 * Which bib this is.
 *
 * @param version of the product
 * @param revision abbreviated git commit, or {@code unknown}
 */
record Version(String version, String revision) {

  static Version current() {
    Properties properties = new Properties();
    try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
      if (in != null) {
        properties.load(in);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("version.properties cannot be read", e);
    }
    return new Version(
        properties.getProperty("version", "unknown"),
        properties.getProperty("revision", "unknown"));
  }

  /** One line, for messages. */
  String line() {
    return "bib " + version + " (" + revision + ")";
  }

  /** What {@code bib version} prints. */
  List<String> lines() {
    return List.of(
        "bib " + version,
        "revision: " + revision,
        "java: "
            + System.getProperty("java.runtime.version", "unknown")
            + " ("
            + System.getProperty("java.vendor", "unknown")
            + ")",
        "os: "
            + System.getProperty("os.name", "unknown")
            + " "
            + System.getProperty("os.version", "unknown")
            + " "
            + System.getProperty("os.arch", "unknown"));
  }
}
