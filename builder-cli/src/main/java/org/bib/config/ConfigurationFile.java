package org.bib.config;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import com.fasterxml.jackson.dataformat.toml.TomlReadFeature;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.bib.build.BuildSpec;
import org.bib.failure.ConfigException;
import org.jspecify.annotations.Nullable;

/** Reads configuration files. The only class that knows Jackson's types. */
public final class ConfigurationFile {
  /** Far more than bootstrap secrets need; a mistaken path to a disk image must not be read. */
  private static final int MAX_BYTES = 16 << 20;

  private ConfigurationFile() {}

  /**
   * Reads {@code file}, TOML or JSON by its extension.
   *
   * @param variables environment variables that it may name for its secrets
   * @throws ConfigException if the file is missing or says something that bib cannot do
   * @throws IOException if the file cannot be read
   */
  public static Configuration read(Path file, Map<String, String> variables)
      throws ConfigException, IOException {
    String name = file.toString();
    String lower = name.toLowerCase(Locale.ROOT);
    boolean toml = lower.endsWith(".toml");
    if (!toml && !lower.endsWith(".json")) {
      throw new ConfigException(name, "is neither .toml nor .json; rename it after its format");
    }
    if (!Files.exists(file)) {
      throw new ConfigException(name, "no such file");
    }
    if (!Files.isRegularFile(file) && Files.isDirectory(file)) {
      throw new ConfigException(name, "is a directory");
    }
    if (!Files.isReadable(file)) {
      throw new ConfigException(name, "cannot be read: permission denied");
    }
    @Nullable Path directory = file.getParent();
    try (InputStream in = Files.newInputStream(file)) {
      String text = decode(name, in);
      return Blueprint.read(
          name,
          toml ? toml(name, text) : json(name, text),
          new References(directory == null ? Path.of("") : directory, variables));
    }
  }

  /**
   * Reads TOML or JSON from {@code in}, which is left open; JSON begins with a brace, TOML never.
   *
   * @param name what messages call it
   * @param variables environment variables that it may name for its secrets
   * @throws ConfigException if it says something that bib cannot do
   * @throws IOException if it cannot be read
   */
  public static Configuration read(String name, InputStream in, Map<String, String> variables)
      throws ConfigException, IOException {
    String text = decode(name, in);
    return Blueprint.read(
        name,
        text.stripLeading().startsWith("{") || text.stripLeading().startsWith("[{")
            ? json(name, text)
            : toml(name, text),
        new References(Path.of(""), variables));
  }

  /**
   * What a blueprint in an image says of partitions.
   *
   * @param name for messages
   * @param toml whether it is TOML, else JSON
   */
  static BuildSpec.Partitioning readPartitioning(String name, boolean toml, String text)
      throws ConfigException {
    return Blueprint.readPartitioning(name, toml ? toml(name, text) : json(name, text));
  }

  /**
   * A JSON object.
   *
   * @param name for messages, which never show what was read
   */
  static Map<?, ?> jsonObject(String name, String text) throws ConfigException {
    Map<?, ?> document;
    try {
      document =
          JsonMapper.builder()
              .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
              .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
              .build()
              .readValue(text, Map.class);
    } catch (JsonProcessingException e) {
      throw syntaxError(name, "JSON", e);
    }
    if (document == null) {
      throw new ConfigException(name, "must be a JSON object, not null");
    }
    return document;
  }

  private static Map<?, ?> json(String name, String text) throws ConfigException {
    Map<?, ?> document = jsonObject(name, text);
    return document.size() == 1 && document.get("blueprint") instanceof Map<?, ?> wrapped
        ? wrapped
        : document;
  }

  private static Map<?, ?> toml(String name, String text) throws ConfigException {
    try {
      return TomlMapper.builder()
          // A date must not pass for a string.
          .enable(TomlReadFeature.PARSE_JAVA_TIME)
          .build()
          .readValue(text, Map.class);
    } catch (JsonProcessingException e) {
      throw syntaxError(name, "TOML", e);
    }
  }

  private static ConfigException syntaxError(
      String name, String format, JsonProcessingException failure) {
    @Nullable JsonLocation location = failure.getLocation();
    String where =
        location == null || location.getLineNr() < 1
            ? ""
            : "line " + location.getLineNr() + ", column " + location.getColumnNr() + ": ";
    return new ConfigException(
        name, where + "not " + format + ": " + SyntaxMessage.of(failure.getOriginalMessage()));
  }

  /** UTF-8 text of at most {@link #MAX_BYTES}. */
  private static String decode(String name, InputStream in) throws ConfigException, IOException {
    byte[] bytes = in.readNBytes(MAX_BYTES + 1);
    if (bytes.length > MAX_BYTES) {
      throw new ConfigException(name, "is larger than 16 MiB, so it is no configuration");
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new ConfigException(name, "is not UTF-8 text");
    }
  }
}
