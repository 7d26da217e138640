package org.bib.inspect;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What is told of an image or a disk, as JSON for programs and as text for people. */
public final class Document {
  /** Counts up when a key changes its meaning or goes away; new keys may come at any time. */
  private static final int VERSION = 1;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final ObjectNode root = JSON.createObjectNode();

  /** An empty document. */
  Document(String kind) {
    root.put("version", VERSION).put("kind", kind);
  }

  ObjectNode root() {
    return root;
  }

  /** As JSON, with a version of its schema. */
  public String json() {
    return root.toPrettyString();
  }

  /** As lines of text: a key and its value each, what lies below indented. */
  public List<String> text() {
    List<String> lines = new ArrayList<>();
    for (Map.Entry<String, JsonNode> field : root.properties()) {
      if (!List.of("version", "kind").contains(field.getKey())) {
        add(lines, "", field.getKey(), field.getValue());
      }
    }
    return lines;
  }

  private static void add(List<String> lines, String indent, String key, JsonNode value) {
    if (value.isValueNode()) {
      lines.add(indent + key + ": " + scalar(key, value));
      return;
    }
    if (value.isEmpty()) {
      lines.add(indent + key + ": none");
      return;
    }
    lines.add(indent + key + ":");
    if (value instanceof ArrayNode array) {
      array.forEach(element -> addElement(lines, indent + "  ", element));
    } else {
      value
          .properties()
          .forEach(field -> add(lines, indent + "  ", field.getKey(), field.getValue()));
    }
  }

  private static void addElement(List<String> lines, String indent, JsonNode element) {
    if (element.isValueNode()) {
      lines.add(indent + "- " + element.asText());
      return;
    }
    List<String> below = new ArrayList<>();
    element.properties().forEach(field -> add(below, "", field.getKey(), field.getValue()));
    for (int i = 0; i < below.size(); i++) {
      lines.add(indent + (i == 0 ? "- " : "  ") + below.get(i));
    }
  }

  private static String scalar(String key, JsonNode value) {
    boolean size =
        value.isIntegralNumber()
            && List.of("size", "allocated", "compressed", "uncompressed").contains(key);
    if (!size || value.asLong() < 1 << 20) {
      return value.asText();
    }
    return value.asLong() + String.format(" (%.1f MiB)", value.asLong() / 1048576.0);
  }
}
