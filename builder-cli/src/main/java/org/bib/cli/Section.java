package org.bib.cli;

/** A section of options in a command's help and manual page. */
enum Section {
  SOURCE("Source"),
  DISK("Disk"),
  OUTPUT("Output"),
  /** What only this command knows. */
  COMMAND("Options"),
  GENERAL("General");

  private final String title;

  Section(String title) {
    this.title = title;
  }

  String title() {
    return title;
  }
}
