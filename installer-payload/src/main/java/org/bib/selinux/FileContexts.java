package org.bib.selinux;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bib.failure.BuildException;
import org.jspecify.annotations.Nullable;

/**
 * Which label a path gets: the specifications of file_contexts(5), looked up as selabel_lookup(3)
 * does. For one thread.
 */
public final class FileContexts {
  private static final int MAX_SPECIFICATIONS = 1 << 16; // ten times those of today
  private static final int MAX_REGEX = 4095; // label_file.h: compile_regex
  private static final int MAX_CONTEXT = 4095; // the kernel takes a page (fs/proc/base.c)
  private static final String NONE = "<<none>>";
  private static final String REMEDY = "correct the SELinux policy in the image";

  private final PathAliases aliases;
  private final PathAliases distributionAliases;
  private final SpecNode root = SpecNode.root();
  private final List<Specification> regexes = new ArrayList<>(); // in the order of lines
  private final Map<String, List<Specification>> literals = new HashMap<>(); // best first
  private final RegexSet regexSet;
  private int count;

  /**
   * The files of a policy, as text whose characters are bytes.
   *
   * @param specifications texts by their paths, in the order {@code file_contexts}, {@code
   *     .homedirs}, {@code .local}
   * @param aliases {@code file_contexts.subs}
   * @param distributionAliases {@code file_contexts.subs_dist}
   */
  record Files(Map<String, String> specifications, String aliases, String distributionAliases) {}

  /** A line; without a kind it is for all of them, without a context it takes labels away. */
  private record Specification(
      @Nullable FileKind kind, @Nullable String context, SpecNode node, int file) {
    boolean isFor(FileKind other) {
      return kind == null || kind == other;
    }
  }

  private FileContexts(Files files) throws BuildException {
    aliases = PathAliases.parse(files.aliases());
    distributionAliases = PathAliases.parse(files.distributionAliases());
    Automaton automaton = new Automaton();
    int file = 0;
    for (Map.Entry<String, String> text : files.specifications().entrySet()) {
      int line = 0;
      for (String content : text.getValue().split("\n", -1)) {
        line++;
        try {
          add(Words.of(content), file, automaton);
        } catch (MalformedSpecException e) {
          throw new BuildException(
              text.getKey() + " of the image, line " + line + ": " + e.getMessage(), REMEDY);
        }
      }
      file++;
    }
    regexSet = new RegexSet(automaton);
  }

  /**
   * Reads specifications.
   *
   * @throws BuildException naming file and line of the first that is malformed
   */
  static FileContexts parse(Files files) throws BuildException {
    return new FileContexts(files);
  }

  private void add(List<String> words, int file, Automaton automaton)
      throws MalformedSpecException {
    if (words.isEmpty() || words.get(0).startsWith("#")) {
      return;
    }
    if (words.size() < 2) {
      throw new MalformedSpecException("it has no context");
    }
    String regex = words.get(0);
    FileKind kind = null;
    if (words.size() > 2) {
      kind = FileKind.of(words.get(1)).orElse(null);
      if (kind == null) {
        throw new MalformedSpecException("there is no kind of file " + printable(words.get(1)));
      }
    }
    String context = words.get(words.size() > 2 ? 2 : 1);
    if (!isAscii(regex) || regex.length() > MAX_REGEX) {
      throw new MalformedSpecException("its path has characters outside of ASCII or is too long");
    }
    if (!isAscii(context) || context.length() > MAX_CONTEXT) {
      throw new MalformedSpecException(
          "its context has characters outside of ASCII or is too long");
    }
    if (count++ == MAX_SPECIFICATIONS) {
      throw new MalformedSpecException(
          "the policy has more than " + MAX_SPECIFICATIONS + " specifications");
    }
    String label = context.equals(NONE) ? null : context;
    String literal = Literal.of(regex);
    if (literal == null) {
      // Anchored by their text, so that an alternative at the top is but half anchored.
      automaton.add(RegexParser.parse("^" + regex + "$"));
      regexes.add(new Specification(kind, label, root.nodeFor(regex), file));
    } else {
      addLiteral(literal, new Specification(kind, label, root, file));
    }
  }

  /** The last file goes before the others, within a file the first line (compare_literal_spec). */
  private void addLiteral(String literal, Specification specification) {
    List<Specification> same = literals.computeIfAbsent(literal, unused -> new ArrayList<>());
    int at = 0;
    while (at < same.size() && same.get(at).file == specification.file) {
      at++;
    }
    same.add(at, specification);
  }

  private static boolean isAscii(String word) {
    return word.chars().allMatch(c -> c < 128);
  }

  private static String printable(String word) {
    return "\"" + word.replaceAll("[^ -~]", "?") + "\"";
  }

  /**
   * The label of a path.
   *
   * @param path absolute
   * @return empty if the policy has none for it
   * @throws BuildException if the policy's regular expressions take too long
   */
  public Optional<String> lookup(String path, FileKind kind) throws BuildException {
    // Latin-1 shows bytes as characters, and the files were read so.
    String bytes = new String(path.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    String key = distributionAliases.apply(aliases.apply(clean(bytes)));
    for (Specification literal : literals.getOrDefault(key, List.of())) {
      if (literal.isFor(kind)) {
        return Optional.ofNullable(literal.context);
      }
    }
    int[] matches = regexSet.matches(key);
    int best = -1;
    for (SpecNode node = root.deepest(key); node != null; node = node.parent()) {
      int last = last(matches, node, kind);
      if (last > best) {
        best = last;
        if (regexes.get(last).context == null) {
          break;
        }
      }
    }
    return best < 0 ? Optional.empty() : Optional.ofNullable(regexes.get(best).context);
  }

  /** The last line of a node among the matching ones, or -1. */
  private int last(int[] matches, SpecNode node, FileKind kind) {
    for (int i = matches.length - 1; i >= 0; i--) {
      Specification regex = regexes.get(matches[i]);
      if (regex.node == node && regex.isFor(kind)) {
        return matches[i];
      }
    }
    return -1;
  }

  /** Without slashes that follow others, or end a path. */
  private static String clean(String path) {
    String clean = path.contains("//") ? path.replaceAll("/+", "/") : path;
    return clean.length() > 1 && clean.endsWith("/")
        ? clean.substring(0, clean.length() - 1)
        : clean;
  }
}
