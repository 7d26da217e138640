package org.bib.selinux;

import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Paths that stand for others, from {@code file_contexts.subs} or {@code .subs_dist} (label_file.c:
 * {@code selabel_subs_init}, {@code selabel_apply_subs}).
 */
final class PathAliases {
  private final Map<String, Alias> aliases = new HashMap<>(); // by the path to replace
  private final BitSet lengths = new BitSet(); // of these paths: most others need no look

  private record Alias(int line, String target) {}

  private PathAliases() {}

  /** Reads lines {@code FROM TO}; what is behind that, and lines without both, is ignored. */
  static PathAliases parse(String text) {
    PathAliases aliases = new PathAliases();
    int number = 0;
    for (String line : text.split("\n", -1)) {
      List<String> words = Words.of(line);
      if (words.size() >= 2 && !words.get(0).startsWith("#")) {
        aliases.aliases.put(words.get(0), new Alias(number, words.get(1)));
        aliases.lengths.set(words.get(0).length());
      }
      number++;
    }
    return aliases;
  }

  /**
   * What {@code path} stands for: that of the last line that is for it or a directory above it, or
   * itself.
   */
  String apply(String path) {
    String result = path;
    int line = -1;
    int end = 0;
    while (end < path.length()) {
      int slash = path.indexOf('/', end + 1);
      end = slash < 0 ? path.length() : slash;
      Alias alias = lengths.get(end) ? aliases.get(path.substring(0, end)) : null;
      if (alias != null && alias.line > line) {
        line = alias.line;
        String rest = path.substring(end);
        result = alias.target.equals("/") && !rest.isEmpty() ? rest : alias.target + rest;
      }
    }
    return result;
  }
}
