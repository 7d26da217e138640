package org.bib.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Values that a configuration may keep elsewhere, so that no secret has to stand in it: instead of
 * {@code KEY} it may have {@code KEY_file}, the path of a file, or {@code KEY_env}, the name of an
 * environment variable. Problems name the place, never the value.
 *
 * @param directory from which relative paths go
 * @param variables environment variables
 */
record References(Path directory, Map<String, String> variables) {
  /** What is injected is small; a mistaken path must not fill the memory. */
  private static final int MAX_BYTES = 16 << 20;

  References {
    variables = Map.copyOf(variables);
  }

  /** Text, less the newline at the end of a file. */
  Optional<String> text(Table table, String key) {
    String file = key + "_file";
    String variable = key + "_env";
    List<String> given = List.of(key, file, variable).stream().filter(table::has).toList();
    if (given.size() > 1) {
      table.problem(given.get(1), "cannot stand beside " + given.get(0) + "; choose one");
      return Optional.empty();
    }
    if (table.has(variable)) {
      return variable(table, variable);
    }
    return table.has(file)
        ? read(table, file).flatMap(bytes -> decode(table, file, bytes))
        : table.text(key);
  }

  /** The bytes of {@code KEY} as UTF-8, or of the file that {@code KEY_file} names, as they are. */
  Optional<byte[]> bytes(Table table, String key) {
    String file = key + "_file";
    if (table.has(key) && table.has(file)) {
      table.problem(file, "cannot stand beside " + key + "; choose one");
      return Optional.empty();
    }
    return table.has(file)
        ? read(table, file)
        : table.text(key).map(text -> text.getBytes(StandardCharsets.UTF_8));
  }

  /** The texts of the files that an array names. */
  List<String> texts(Table table, String key) {
    return table.texts(key).stream()
        .flatMap(
            path -> read(table, key, path).flatMap(bytes -> decode(table, key, bytes)).stream())
        .toList();
  }

  private Optional<String> variable(Table table, String key) {
    Optional<String> name = table.text(key);
    Optional<String> value = name.map(variables::get);
    if (name.isPresent() && value.isEmpty()) {
      table.problem(key, "the environment has no variable \"" + name.get() + "\"; set it");
    }
    return value;
  }

  private Optional<byte[]> read(Table table, String key) {
    return table.text(key).flatMap(path -> read(table, key, path));
  }

  private Optional<byte[]> read(Table table, String key, String path) {
    try {
      Path file = directory.resolve(path);
      if (Files.isDirectory(file)) {
        table.problem(key, file + ": is a directory");
      } else if (!Files.exists(file)) {
        table.problem(key, file + ": no such file");
      } else {
        try (InputStream in = Files.newInputStream(file)) {
          byte[] bytes = in.readNBytes(MAX_BYTES + 1);
          if (bytes.length <= MAX_BYTES) {
            return Optional.of(bytes);
          }
          table.problem(key, file + ": is larger than 16 MiB");
        }
      }
    } catch (InvalidPathException e) {
      table.problem(key, "is not a path: " + e.getReason());
    } catch (IOException e) {
      table.problem(key, directory.resolve(path) + ": cannot be read; check its permissions");
    }
    return Optional.empty();
  }

  private static Optional<String> decode(Table table, String key, byte[] bytes) {
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return Optional.of(text.replaceFirst("\\r?\\n\\z", ""));
    } catch (CharacterCodingException e) {
      table.problem(key, "names a file that is not UTF-8 text");
      return Optional.empty();
    }
  }
}
