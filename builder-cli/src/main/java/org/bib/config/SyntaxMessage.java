package org.bib.config;

/** What a parser said, without what it read: the piece that is wrong may be a password. */
final class SyntaxMessage {
  private SyntaxMessage() {}

  static String of(String parserMessage) {
    String line = parserMessage.lines().findFirst().orElse("");
    if (line.startsWith("Unrecognized token")) {
      return "a word that is no value; strings need quotes";
    }
    if (line.startsWith("Cannot deserialize")) {
      return "the outermost value must be a table";
    }
    if (line.startsWith("No content to map")) {
      return "the file is empty";
    }
    if (line.startsWith("Trailing token")) {
      return "more than one object";
    }
    int detail = line.indexOf(" (for ");
    String shown = detail < 0 ? line : line.substring(0, detail);
    int numeral = shown.indexOf("numeric value");
    return numeral < 0 ? shown : "a number that is none";
  }
}
