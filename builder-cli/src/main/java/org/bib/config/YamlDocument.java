package org.bib.config;

import java.util.Map;
import org.bib.failure.ConfigException;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;

/** Reads YAML. The only class that knows SnakeYAML's types. */
final class YamlDocument {
  // A disk.yaml has a few kilobytes; what is far from that is meant to exhaust its reader.
  private static final int MAX_CHARACTERS = 1 << 20;
  private static final int MAX_ALIASES = 50;
  private static final int MAX_DEPTH = 50;

  private YamlDocument() {}

  /**
   * Reads one document, whose aliases are followed.
   *
   * @param name of the file, for messages
   * @throws ConfigException if it is not YAML, or no mapping
   */
  static Map<?, ?> read(String name, String text) throws ConfigException {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    options.setAllowRecursiveKeys(false);
    options.setCodePointLimit(MAX_CHARACTERS);
    options.setMaxAliasesForCollections(MAX_ALIASES);
    options.setNestingDepthLimit(MAX_DEPTH);
    Object document;
    try {
      document = new Yaml(new SafeConstructor(options)).load(text);
    } catch (MarkedYAMLException e) {
      String where =
          e.getProblemMark() == null
              ? ""
              : "line "
                  + (e.getProblemMark().getLine() + 1)
                  + ", column "
                  + (e.getProblemMark().getColumn() + 1)
                  + ": ";
      throw new ConfigException(name, where + "not YAML: " + firstLine(e.getProblem()));
    } catch (RuntimeException e) {
      // Limits end in one YAMLException or another, values such as "!!int x" in what parsing
      // throws.
      throw new ConfigException(name, "not YAML: " + firstLine(e.getMessage()));
    }
    if (document instanceof Map<?, ?> map) {
      return map;
    }
    throw new ConfigException(name, "the outermost value must be a mapping");
  }

  private static String firstLine(@Nullable String text) {
    return text == null ? "a value that is none" : text.lines().findFirst().orElse("");
  }
}
