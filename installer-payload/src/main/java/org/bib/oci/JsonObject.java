package org.bib.oci;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A JSON object, or a table of TOML, as the documents around images need to read it. */
final class JsonObject {
  /** Two values under one key would let two readers see two different images. */
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final TomlMapper TOML = new TomlMapper();

  private final JsonNode node;

  private JsonObject(JsonNode node) {
    this.node = node;
  }

  /**
   * Reads one object.
   *
   * @throws MalformedException if {@code bytes} hold anything else
   */
  static JsonObject parse(byte[] bytes) throws MalformedException {
    try {
      JsonNode node = MAPPER.readTree(bytes);
      if (node == null || !node.isObject()) {
        throw new MalformedException("not a JSON object");
      }
      return new JsonObject(node);
    } catch (JsonProcessingException e) {
      throw new MalformedException("not JSON: " + e.getOriginalMessage());
    } catch (IOException e) {
      throw new MalformedException("not JSON: " + e.getMessage());
    }
  }

  /**
   * Reads an array of objects.
   *
   * @throws MalformedException if {@code bytes} hold anything else
   */
  static List<JsonObject> parseList(byte[] bytes) throws MalformedException {
    try {
      JsonNode node = MAPPER.readTree(bytes);
      if (node == null || !node.isArray()) {
        throw new MalformedException("not a JSON array");
      }
      return new JsonObject(MAPPER.createObjectNode().set("", node)).objects("");
    } catch (JsonProcessingException e) {
      throw new MalformedException("not JSON: " + e.getOriginalMessage());
    } catch (IOException e) {
      throw new MalformedException("not JSON: " + e.getMessage());
    }
  }

  /**
   * Reads a TOML document, whose tables are objects.
   *
   * @throws MalformedException if {@code bytes} hold anything else
   */
  static JsonObject parseToml(byte[] bytes) throws MalformedException {
    try {
      return new JsonObject(TOML.readTree(bytes));
    } catch (JsonProcessingException e) {
      throw new MalformedException(
          "not TOML: line "
              + (e.getLocation() == null ? 1 : e.getLocation().getLineNr())
              + ": "
              + e.getOriginalMessage());
    } catch (IOException e) {
      throw new MalformedException("not TOML: " + e.getMessage());
    }
  }

  /**
   * Refuses keys that are not among {@code known}.
   *
   * @param what names the object in the message
   */
  JsonObject only(Set<String> known, String what) throws MalformedException {
    for (String key : keys()) {
      if (!known.contains(key)) {
        throw new MalformedException(what + " has the unknown key " + MessageText.quoted(key));
      }
    }
    return this;
  }

  /** All keys, sorted. */
  Set<String> keys() {
    Set<String> keys = new TreeSet<>();
    node.fieldNames().forEachRemaining(keys::add);
    return keys;
  }

  boolean has(String key) {
    return node.hasNonNull(key);
  }

  /** A string that is not empty. */
  Optional<String> text(String key) throws MalformedException {
    @Nullable JsonNode value = value(key);
    if (value == null) {
      return Optional.empty();
    }
    if (!value.isTextual()) {
      throw new MalformedException("\"" + key + "\" is not a string");
    }
    return Optional.of(value.textValue()).filter(text -> !text.isEmpty());
  }

  OptionalLong number(String key) throws MalformedException {
    @Nullable JsonNode value = value(key);
    if (value == null) {
      return OptionalLong.empty();
    }
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw new MalformedException("\"" + key + "\" is not a number");
    }
    return OptionalLong.of(value.longValue());
  }

  Optional<Boolean> flag(String key) throws MalformedException {
    @Nullable JsonNode value = value(key);
    if (value == null) {
      return Optional.empty();
    }
    if (!value.isBoolean()) {
      throw new MalformedException("\"" + key + "\" is neither true nor false");
    }
    return Optional.of(value.booleanValue());
  }

  Optional<JsonObject> object(String key) throws MalformedException {
    @Nullable JsonNode value = value(key);
    if (value == null) {
      return Optional.empty();
    }
    if (!value.isObject()) {
      throw new MalformedException("\"" + key + "\" is not an object");
    }
    return Optional.of(new JsonObject(value));
  }

  /** The objects of an array; empty if there is none. */
  List<JsonObject> objects(String key) throws MalformedException {
    List<JsonObject> objects = new ArrayList<>();
    for (JsonNode element : array(key)) {
      if (!element.isObject()) {
        throw new MalformedException("\"" + key + "\" holds something that is not an object");
      }
      objects.add(new JsonObject(element));
    }
    return objects;
  }

  /** The strings of an array; empty if there is none. */
  List<String> texts(String key) throws MalformedException {
    List<String> texts = new ArrayList<>();
    for (JsonNode element : array(key)) {
      if (!element.isTextual()) {
        throw new MalformedException("\"" + key + "\" holds something that is not a string");
      }
      texts.add(element.textValue());
    }
    return texts;
  }

  /** The members of an object that are strings, sorted; empty if there is none. */
  Map<String, String> textMap(String key) throws MalformedException {
    Map<String, String> members = new TreeMap<>();
    Optional<JsonObject> object = object(key);
    if (object.isPresent()) {
      for (Map.Entry<String, JsonNode> member : object.get().node.properties()) {
        if (member.getValue().isTextual()) {
          members.put(member.getKey(), member.getValue().textValue());
        }
      }
    }
    return Collections.unmodifiableMap(members);
  }

  /** The members of an object that are objects, sorted; empty if there is none. */
  Map<String, JsonObject> objectMap(String key) throws MalformedException {
    Map<String, JsonObject> members = new TreeMap<>();
    Optional<JsonObject> object = object(key);
    if (object.isPresent()) {
      for (Map.Entry<String, JsonNode> member : object.get().node.properties()) {
        if (member.getValue().isObject()) {
          members.put(member.getKey(), new JsonObject(member.getValue()));
        }
      }
    }
    return Collections.unmodifiableMap(members);
  }

  private JsonNode array(String key) throws MalformedException {
    @Nullable JsonNode value = value(key);
    if (value == null) {
      return MAPPER.createArrayNode();
    }
    if (!value.isArray()) {
      throw new MalformedException("\"" + key + "\" is not an array");
    }
    return value;
  }

  private @Nullable JsonNode value(String key) {
    @Nullable JsonNode value = node.get(key);
    return value == null || value.isNull() ? null : value;
  }

  /** The bytes are not what they should be; the message says why, in part of a line. */
  static final class MalformedException extends Exception {
    private static final long serialVersionUID = 1L;

    MalformedException(String message) {
      super(message);
    }
  }
}
