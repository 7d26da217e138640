package org.bib.selinux;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * Policies made up. Nothing in them is taken differently by one version of libselinux than by
 * another: no alternative at the top, no literal twice in a file, {@code <<none>>} for regular
 * expressions last. And no repetition of repetitions, at which libselinux gives up.
 */
final class RandomPolicy {
  private static final List<String> NAMES =
      List.of("a", "b", "usr", "lib", "x\\.y", "e-t_c", "q\\+", "home");
  private static final List<String> SETS =
      List.of(
          ".",
          "[^/]",
          "[a-c]",
          "[^a-c]",
          "[[:alpha:]]",
          "[0-9x]",
          "[]a]",
          "[^]a]",
          "[a-]",
          "[[:^digit:].]",
          "[\\w/]",
          "[a\\-c]",
          "[[.]",
          "\\d",
          "\\w",
          "\\S",
          "[[:punct:]]",
          "\\.",
          "\\-",
          "\\@",
          "a",
          "b",
          "z",
          "_",
          "9");
  private static final List<String> QUANTIFIERS =
      List.of("", "", "", "", "", "?", "??", "{2}", "{1,2}", "{x");
  private static final List<String> REPETITIONS = List.of("*", "+", "*?", "+?", "{2,}", "{0,3}");
  private static final String CHARACTERS = "abxyz.+-_09:@,ü";

  private final Random random;
  private int contexts;

  RandomPolicy(Random random) {
    this.random = random;
  }

  String specifications(int count) {
    StringBuilder lines = new StringBuilder();
    Set<String> literals = new HashSet<>();
    for (int i = 0; i < count; i++) {
      String regex = regex();
      String literal = Literal.of(regex);
      if (literal == null || literals.add(literal)) {
        String context = literal != null && random.nextInt(6) == 0 ? "<<none>>" : "c" + contexts++;
        lines.append(regex).append('\t').append(kind()).append(context).append('\n');
      }
      if (random.nextInt(10) == 0) {
        lines.append("  # comment\n\n");
      }
    }
    return lines.toString();
  }

  /** Lines that take labels away. */
  String exceptions() {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 5; i++) {
      lines.append(regex()).append("(/.*)?\t").append(kind()).append("<<none>>\n");
    }
    return lines.toString();
  }

  String aliases() {
    StringBuilder lines = new StringBuilder();
    for (int i = random.nextInt(5); i > 0; i--) {
      String target = random.nextInt(5) == 0 ? "/" : literalPath(3);
      lines.append(literalPath(3)).append(' ').append(target).append('\n');
    }
    return lines.toString();
  }

  List<String> paths(int count) {
    List<String> paths = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String path = neighbour(literalPath(6), random);
      paths.add(random.nextInt(10) == 0 ? path.replaceFirst("/", "//") : path);
    }
    return paths;
  }

  private String kind() {
    return pick(List.of("", "", "", "--\t", "-d\t", "-l\t", "-c\t", "-b\t", "-s\t", "-p\t"));
  }

  private String literalPath(int most) {
    return path(most, 0).replace("\\", "");
  }

  private String regex() {
    return path(5, random.nextInt(4) == 0 ? 0 : 45) + (random.nextInt(5) == 0 ? "(/.*)?" : "");
  }

  private String path(int most, int percentRegular) {
    StringBuilder path = new StringBuilder();
    for (int i = random.nextInt(most); i >= 0; i--) {
      path.append('/').append(random.nextInt(100) < percentRegular ? sequence(0) : pick(NAMES));
    }
    return path.toString();
  }

  private String sequence(int depth) {
    StringBuilder sequence = new StringBuilder();
    for (int i = random.nextInt(3); i >= 0; i--) {
      if (depth < 3 && random.nextInt(4) == 0) {
        sequence.append('(').append(pick(List.of("", "?:"))).append(sequence(depth + 1));
        while (random.nextInt(2) == 0) {
          sequence.append('|').append(random.nextInt(9) == 0 ? "" : sequence(depth + 1));
        }
        sequence.append(')').append(pick(QUANTIFIERS));
      } else {
        sequence.append(pick(SETS)).append(pick(depth == 0 ? REPETITIONS : QUANTIFIERS));
      }
    }
    return sequence.toString();
  }

  private String pick(List<String> from) {
    return from.get(random.nextInt(from.size()));
  }

  /** Something that may match {@code regex}: most policies' regular expressions are simple. */
  static String instance(String regex, Random random) {
    String path = regex;
    // The innermost groups first: any alternative, and once or not at all.
    for (String before = ""; !before.equals(path); ) {
      before = path;
      java.util.regex.Matcher group =
          java.util.regex.Pattern.compile("\\((\\?:)?([^()]*)\\)([?*])?").matcher(path);
      if (group.find()) {
        String[] alternatives = group.group(2).split("\\|", -1);
        String chosen = alternatives[random.nextInt(alternatives.length)];
        boolean leftOut = group.group(3) != null && random.nextBoolean();
        path =
            path.substring(0, group.start())
                + (leftOut ? "" : chosen)
                + path.substring(group.end());
      }
    }
    path = path.replaceAll("\\\\(.)", "$1\1"); // so that it is no meta character
    path = path.replaceAll("\\[[^\\]]*\\][*+?]?|\\.(?!\1)[*+?]?", letters(random));
    return path.replaceAll("(?<!^)[?*](?!\1)|[+^$](?!\1)|\1", "").replaceAll("/+", "/");
  }

  /** A path beside or below another. */
  static String neighbour(String path, Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> path + "/" + letters(random);
      case 1 -> path + letters(random);
      case 2 -> path.substring(0, path.lastIndexOf('/') + 1) + letters(random);
      default -> {
        int at = 1 + random.nextInt(path.length());
        yield path.substring(0, Math.min(at, path.length()))
            + letters(random)
            + path.substring(Math.min(at, path.length()));
      }
    };
  }

  private static String letters(Random random) {
    StringBuilder letters = new StringBuilder();
    for (int i = random.nextInt(4); i >= 0; i--) {
      letters.append(CHARACTERS.charAt(random.nextInt(CHARACTERS.length())));
    }
    return letters.toString();
  }
}
