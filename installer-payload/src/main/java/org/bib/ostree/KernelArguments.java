package org.bib.ostree;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.bib.failure.BuildException;
import org.bib.layout.Architecture;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.NameOrder;
import org.bib.tree.Node;

/** Kernel arguments in the order of bootc install; one that is there already is not added again. */
public final class KernelArguments {
  private static final TomlMapper TOML = new TomlMapper();
  private final List<String> arguments = new ArrayList<>();

  /** Adds arguments; equal means equal in key, where {@code -} is {@code _}, and in value. */
  public KernelArguments add(List<String> more) {
    for (String argument : more) {
      if (arguments.stream().noneMatch(known -> canonical(known).equals(canonical(argument)))) {
        arguments.add(argument);
      }
    }
    return this;
  }

  /**
   * Adds what the image brings: {@code [install] kargs} of {@code bootc/install/*.toml}, then
   * {@code /usr/lib/bootc/kargs.d/*.toml} in the order of names.
   *
   * @throws BuildException naming a file that cannot be understood
   */
  public KernelArguments addFrom(DirectoryNode root, Architecture architecture) throws IOException {
    TreeMap<String, FileNode> install = new TreeMap<>(NameOrder.INSTANCE);
    for (String above : List.of("usr/lib", "etc")) { // later ones hide earlier ones
      install.putAll(files(root, above + "/bootc/install"));
    }
    for (Map.Entry<String, FileNode> file : install.entrySet()) {
      JsonNode table = parse("bootc/install/" + file.getKey(), file.getValue()).path("install");
      if (matches(table, architecture)) {
        add(strings(table.path("kargs"), "bootc/install/" + file.getKey()));
      }
    }
    for (Map.Entry<String, FileNode> file : files(root, "usr/lib/bootc/kargs.d").entrySet()) {
      String name = "/usr/lib/bootc/kargs.d/" + file.getKey();
      JsonNode table = parse(name, file.getValue());
      for (String key : (Iterable<String>) table::fieldNames) {
        if (!Set.of("kargs", "match-architectures").contains(key)) {
          throw new BuildException(name + ": unknown key " + key, "correct the file in the image");
        }
      }
      if (matches(table, architecture)) {
        add(strings(table.path("kargs"), name));
      }
    }
    return this;
  }

  /** The arguments so far. */
  public List<String> toList() {
    return List.copyOf(arguments);
  }

  private static String canonical(String argument) {
    int equals = argument.indexOf('=');
    return equals < 0
        ? argument.replace('-', '_')
        : argument.substring(0, equals).replace('-', '_') + argument.substring(equals);
  }

  private static boolean matches(JsonNode table, Architecture architecture) {
    JsonNode names = table.path("match-architectures");
    if (!names.isArray()) {
      return true;
    }
    for (JsonNode name : names) {
      if (name.asText().equals(architecture.kernelName())) {
        return true;
      }
    }
    return false;
  }

  private static List<String> strings(JsonNode array, String name) throws BuildException {
    List<String> strings = new ArrayList<>();
    for (JsonNode element : array) {
      if (!element.isTextual()) {
        throw new BuildException(
            name + ": kargs holds more than texts", "correct the file in the image");
      }
      strings.add(element.asText());
    }
    return strings;
  }

  private static JsonNode parse(String name, FileNode file) throws IOException {
    try {
      return TOML.readTree(BootableImage.text(file.content()));
    } catch (JsonProcessingException e) {
      throw new BuildException(
          name + " of the image is not TOML: " + e.getOriginalMessage(),
          "correct it in the image",
          e);
    }
  }

  private static Map<String, FileNode> files(DirectoryNode root, String path) {
    TreeMap<String, FileNode> files = new TreeMap<>(NameOrder.INSTANCE);
    Node node = root.find(path).orElse(null);
    if (node instanceof DirectoryNode directory) {
      directory
          .children()
          .forEach(
              (name, child) -> {
                if (name.endsWith(".toml") && child instanceof FileNode file) {
                  files.put(name, file);
                }
              });
    }
    return files;
  }
}
