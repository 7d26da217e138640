package org.bib.selinux;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the syntax of PCRE2 (pcre2pattern(3), without UTF, with DOTALL) as far as it is regular:
 * back references, look-around, word boundaries, atomic groups, possessive quantifiers and options
 * are refused. Characters stand for bytes.
 */
final class RegexParser {
  private static final int MAX_DEPTH = 250; // PCRE2's PARENS_NEST_LIMIT
  private static final int MAX_COUNT = 65535; // PCRE2's MAX_REPEAT_COUNT
  private static final Map<String, String> POSIX_CLASSES =
      Map.ofEntries(
          Map.entry("alnum", "09AZaz"),
          Map.entry("alpha", "AZaz"),
          Map.entry("ascii", "\0\177"),
          Map.entry("blank", "\t\t  "),
          Map.entry("cntrl", "\0\37\177\177"),
          Map.entry("digit", "09"),
          Map.entry("graph", "!~"),
          Map.entry("lower", "az"),
          Map.entry("print", " ~"),
          Map.entry("punct", "!/:@[`{~"),
          Map.entry("space", "\t\r  "),
          Map.entry("upper", "AZ"),
          Map.entry("word", "09AZ__az"),
          Map.entry("xdigit", "09AFaf"));

  private final String text;
  private int at;
  private int depth;

  private RegexParser(String text) {
    this.text = text;
  }

  /**
   * Reads a regular expression.
   *
   * @throws MalformedSpecException if it is none, or not regular
   */
  static Regex parse(String text) throws MalformedSpecException {
    RegexParser parser = new RegexParser(text);
    Regex regex = parser.choice();
    if (parser.at < text.length()) {
      throw new MalformedSpecException("unmatched )");
    }
    return regex;
  }

  private Regex choice() throws MalformedSpecException {
    List<Regex> branches = new ArrayList<>();
    branches.add(sequence());
    while (accept('|')) {
      branches.add(sequence());
    }
    return branches.size() == 1 ? branches.get(0) : new Regex.Choice(branches);
  }

  private Regex sequence() throws MalformedSpecException {
    List<Regex> parts = new ArrayList<>();
    while (at < text.length() && peek() != '|' && peek() != ')') {
      parts.add(quantified(atom()));
    }
    return parts.size() == 1 ? parts.get(0) : new Regex.Sequence(parts);
  }

  private Regex atom() throws MalformedSpecException {
    if (repeat(Regex.Edge.START) != null) {
      throw new MalformedSpecException("a quantifier stands behind nothing");
    }
    char c = text.charAt(at++);
    return switch (c) {
      case '^' -> Regex.Edge.START;
      case '$' -> Regex.Edge.END;
      case '.' -> oneOf("\0\377");
      case '[' -> new Regex.OneOf(bracket());
      case '(' -> group();
      case '\\' -> escape();
      default -> oneOf("" + c + c);
    };
  }

  private Regex group() throws MalformedSpecException {
    if (accept('?') && !accept(':')) {
      throw new MalformedSpecException("(? is followed by what is not supported, only (?: is");
    }
    if (accept('*')) {
      throw new MalformedSpecException("(* is not supported");
    }
    if (++depth > MAX_DEPTH) {
      throw new MalformedSpecException("more than " + MAX_DEPTH + " groups within each other");
    }
    Regex inner = choice();
    depth--;
    if (!accept(')')) {
      throw new MalformedSpecException("missing )");
    }
    // So that quantifiers apply to it even if it is an edge.
    return new Regex.Sequence(List.of(inner));
  }

  private Regex quantified(Regex atom) throws MalformedSpecException {
    int before = at;
    Regex.Repeat repeat = repeat(atom);
    if (repeat == null) {
      return atom;
    }
    if (accept('+')) {
      throw new MalformedSpecException("possessive quantifiers are not supported");
    }
    accept('?'); // lazy, which says nothing about whether there is a match
    if (atom instanceof Regex.Edge || repeat(atom) != null) {
      throw new MalformedSpecException("no quantifier can stand at " + text.substring(before));
    }
    return repeat;
  }

  /** The quantifier that stands here, applied; null if there is none. */
  private Regex.@Nullable Repeat repeat(Regex part) throws MalformedSpecException {
    if (accept('*')) {
      return new Regex.Repeat(part, 0, Regex.Repeat.UNLIMITED);
    }
    if (accept('+')) {
      return new Regex.Repeat(part, 1, Regex.Repeat.UNLIMITED);
    }
    if (accept('?')) {
      return new Regex.Repeat(part, 0, 1);
    }
    int close = text.indexOf('}', at);
    if (peekOr(']') != '{' || close < 0) {
      return null;
    }
    String counts = text.substring(at + 1, close);
    if (counts.matches(",[0-9]+")) {
      throw new MalformedSpecException("{" + counts + "} depends on the version of PCRE2");
    }
    if (!counts.matches("[0-9]+(,[0-9]*)?")) {
      return null; // a brace like any character
    }
    at = close + 1;
    int comma = counts.indexOf(',');
    int min = count(comma < 0 ? counts : counts.substring(0, comma));
    int max =
        comma < 0
            ? min
            : comma == counts.length() - 1
                ? Regex.Repeat.UNLIMITED
                : count(counts.substring(comma + 1));
    if (max < min) {
      throw new MalformedSpecException("{" + counts + "} has its numbers out of order");
    }
    return new Regex.Repeat(part, min, max);
  }

  private static int count(String digits) throws MalformedSpecException {
    if (digits.length() > 5 || Integer.parseInt(digits) > MAX_COUNT) {
      throw new MalformedSpecException("more than " + MAX_COUNT + " repetitions");
    }
    return Integer.parseInt(digits);
  }

  private Regex escape() throws MalformedSpecException {
    if (at == text.length()) {
      throw new MalformedSpecException("\\ at the end");
    }
    BitSet type = typeEscape(peek());
    if (type != null) {
      at++;
      return new Regex.OneOf(type);
    }
    char c = literalEscape();
    return oneOf("" + c + c);
  }

  /** What {@code \d} and its kin stand for; null for other characters. */
  private static @Nullable BitSet typeEscape(char c) {
    BitSet set =
        switch (Character.toLowerCase(c)) {
          case 'd' -> set("09");
          case 'h' -> set("\t\t  \240\240");
          case 'n' -> c == 'N' ? set("\n\n") : null;
          case 's' -> set("\t\r  ");
          case 'v' -> set("\n\r\205\205");
          case 'w' -> set("09AZ__az");
          default -> null;
        };
    if (set != null && c <= 'Z') {
      set.flip(0, 256);
    }
    return set;
  }

  /** The one character that stands behind a backslash here. */
  private char literalEscape() throws MalformedSpecException {
    char c = text.charAt(at++);
    if (!set("09AZaz").get(c)) {
      return c;
    }
    return switch (c) {
      case 'a' -> '\7';
      case 'e' -> '\33';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      default -> throw new MalformedSpecException("\\" + c + " is not supported");
    };
  }

  private BitSet bracket() throws MalformedSpecException {
    if (posixName(at) != null) {
      throw new MalformedSpecException("[" + posixName(at) + "] stands outside of brackets");
    }
    boolean negated = accept('^');
    BitSet set = new BitSet(256);
    // The first bracket that closes stands for itself.
    boolean first = true;
    while (first || peekOr(']') != ']') {
      first = false;
      if (at == text.length()) {
        break;
      }
      int start = at;
      BitSet type = classMember();
      if (type != null) {
        set.or(type);
        if (peekOr(']') == '-' && at + 1 < text.length() && text.charAt(at + 1) != ']') {
          throw new MalformedSpecException("a range begins with " + text.substring(start, at));
        }
        continue;
      }
      char from = classCharacter();
      char to = from;
      if (peekOr(']') == '-' && at + 1 < text.length() && text.charAt(at + 1) != ']') {
        at++;
        if (classMember() != null) {
          throw new MalformedSpecException("a range ends with a class");
        }
        to = classCharacter();
      }
      if (to < from) {
        throw new MalformedSpecException(
            "the range " + text.substring(start, at) + " is out of order");
      }
      set.set(from, to + 1);
    }
    if (!accept(']')) {
      throw new MalformedSpecException("missing ]");
    }
    if (negated) {
      set.flip(0, 256);
    }
    return set;
  }

  /** The class such as {@code [:alpha:]} or {@code \d} that stands here in brackets, or null. */
  private @Nullable BitSet classMember() throws MalformedSpecException {
    if (peekOr(']') == '[') {
      String name = posixName(at + 1);
      if (name != null) {
        at += name.length() + 2;
        return posixClass(name);
      }
    }
    BitSet type =
        text.startsWith("\\", at) && at + 1 < text.length()
            ? typeEscape(text.charAt(at + 1))
            : null;
    at += type == null ? 0 : 2;
    return type;
  }

  /** What stands between {@code [} and {@code ]} from {@code from} on if it is {@code :name:}. */
  private @Nullable String posixName(int from) {
    int close = text.indexOf(']', from);
    String name = close < 0 ? "" : text.substring(from, close);
    boolean posix = name.length() > 1 && ":.=".indexOf(name.charAt(0)) >= 0;
    return posix && name.charAt(name.length() - 1) == name.charAt(0) ? name : null;
  }

  private static BitSet posixClass(String name) throws MalformedSpecException {
    boolean negated = name.startsWith(":^");
    String ranges = POSIX_CLASSES.get(name.substring(negated ? 2 : 1, name.length() - 1));
    if (ranges == null || name.charAt(0) != ':') {
      throw new MalformedSpecException("there is no class [" + name + "]");
    }
    BitSet set = set(ranges);
    if (negated) {
      set.flip(0, 256);
    }
    return set;
  }

  private char classCharacter() throws MalformedSpecException {
    if (at == text.length()) {
      throw new MalformedSpecException("missing ]");
    }
    char c = text.charAt(at++);
    if (c != '\\') {
      return c;
    }
    if (at == text.length()) {
      throw new MalformedSpecException("\\ at the end");
    }
    if (accept('b')) {
      return '\b';
    }
    return literalEscape();
  }

  private static Regex oneOf(String ranges) {
    return new Regex.OneOf(set(ranges));
  }

  /** The set of ranges, each written as its first and its last character. */
  private static BitSet set(String ranges) {
    BitSet set = new BitSet(256);
    for (int i = 0; i < ranges.length(); i += 2) {
      set.set(ranges.charAt(i), ranges.charAt(i + 1) + 1);
    }
    return set;
  }

  private char peek() {
    return text.charAt(at);
  }

  private char peekOr(char atEnd) {
    return at < text.length() ? text.charAt(at) : atEnd;
  }

  private boolean accept(char c) {
    if (at < text.length() && text.charAt(at) == c) {
      at++;
      return true;
    }
    return false;
  }
}
