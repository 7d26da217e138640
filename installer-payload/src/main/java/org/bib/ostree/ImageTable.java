package org.bib.ostree;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bib.failure.BuildException;
import org.bib.layout.Architecture;
import org.bib.tree.FileNode;

/** A table of a TOML file of the image, read strictly: what is not known is an error. */
final class ImageTable {
  private static final TomlMapper TOML = new TomlMapper();
  private static final String REMEDY = "correct the file in the image";

  private final String file;
  private final String prefix;
  private final JsonNode table;

  private ImageTable(String file, String prefix, JsonNode table) {
    this.file = file;
    this.prefix = prefix;
    this.table = table;
  }

  /**
   * The root table of a file.
   *
   * @param path in the image, absolute, for messages
   */
  static ImageTable read(String path, FileNode file) throws IOException {
    try {
      return new ImageTable(path, "", TOML.readTree(BootableImage.text(path, file.content())));
    } catch (JsonProcessingException e) {
      throw new BuildException(
          path + " of the image is not TOML: line " + line(e) + ": " + firstLine(e), REMEDY, e);
    }
  }

  private static String firstLine(JsonProcessingException e) {
    return String.valueOf(e.getOriginalMessage()).lines().findFirst().orElse("");
  }

  private static int line(JsonProcessingException e) {
    return e.getLocation() == null ? 1 : e.getLocation().getLineNr();
  }

  /** Refuses keys that are not among {@code known}. */
  ImageTable allow(Set<String> known) throws BuildException {
    for (Iterator<String> names = table.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      if (!known.contains(name)) {
        throw wrong(name, "is an unknown key");
      }
    }
    return this;
  }

  /** Refuses a table without a value of that name. */
  ImageTable require(String name) throws BuildException {
    if (!has(name)) {
      throw wrong(name, "is missing");
    }
    return this;
  }

  /** Whether there is a value of that name. */
  boolean has(String name) {
    return table.has(name);
  }

  /** The table of that name, empty if there is none. */
  ImageTable table(String name) throws BuildException {
    JsonNode node = table.path(name);
    if (!node.isObject() && !node.isMissingNode()) {
      throw wrong(name, "is not a table");
    }
    return new ImageTable(file, prefix + name + ".", node);
  }

  /** The text of that name. */
  Optional<String> text(String name) throws BuildException {
    JsonNode node = table.path(name);
    if (node.isMissingNode()) {
      return Optional.empty();
    }
    if (!node.isTextual()) {
      throw wrong(name, "is not a string");
    }
    return Optional.of(node.asText());
  }

  /** The text of that name, which is one of {@code choices}. */
  Optional<String> choice(String name, List<String> choices) throws BuildException {
    Optional<String> text = text(name);
    if (text.isPresent() && !choices.contains(text.get())) {
      throw wrong(name, "is \"" + text.get() + "\", not one of " + String.join(", ", choices));
    }
    return text;
  }

  /** The truth value of that name. */
  Optional<Boolean> flag(String name) throws BuildException {
    JsonNode node = table.path(name);
    if (node.isMissingNode()) {
      return Optional.empty();
    }
    if (!node.isBoolean()) {
      throw wrong(name, "is neither true nor false");
    }
    return Optional.of(node.asBoolean());
  }

  /** The list of texts of that name, empty if there is none. */
  List<String> texts(String name) throws BuildException {
    JsonNode node = table.path(name);
    if (!node.isArray() && !node.isMissingNode()) {
      throw wrong(name, "is not an array");
    }
    List<String> texts = new ArrayList<>();
    for (JsonNode element : node) {
      if (!element.isTextual()) {
        throw wrong(name, "holds more than strings");
      }
      texts.add(element.asText());
    }
    return texts;
  }

  /** The list of that name, which holds one or more of {@code choices} and nothing else. */
  List<String> choices(String name, List<String> choices) throws BuildException {
    List<String> texts = texts(name);
    if (texts.isEmpty() || !choices.containsAll(texts)) {
      throw wrong(name, "is " + texts + ", not one or more of " + String.join(", ", choices));
    }
    return texts;
  }

  /** Whether {@code match-architectures} is absent or names {@code architecture}. */
  boolean matches(Architecture architecture) throws BuildException {
    return table.path("match-architectures").isMissingNode()
        || texts("match-architectures").contains(architecture.kernelName());
  }

  private BuildException wrong(String name, String what) {
    return new BuildException(file + " of the image: " + prefix + name + " " + what, REMEDY);
  }
}
