package org.bib.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bib.disk.Content;
import org.bib.secrets.Customizations;

/** {@code customizations.files} and {@code .directories}, with the peer's policy of paths. */
final class Places {
  private static final List<String> FILES_BELOW =
      List.of("/etc", "/root", "/usr/local/bin", "/usr/local/sbin");
  private static final List<String> NEVER_FILES =
      List.of("/etc/fstab", "/etc/shadow", "/etc/passwd", "/etc/group");
  private static final List<String> DIRECTORIES_BELOW = List.of("/etc");
  private static final Pattern MODE = Pattern.compile("0?[0-7]{3}");
  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,10}");

  private Places() {}

  static List<Customizations.File> files(
      List<Table> tables, References references, Problems problems) {
    List<Customizations.File> files = new ArrayList<>();
    for (Table table : tables) {
      Optional<String> path = path(table, FILES_BELOW, NEVER_FILES);
      table.refuse("uri", "write the content as data, or name a file by data_file");
      Customizations.File file =
          new Customizations.File(
              path.orElse(""),
              owner(table, "user"),
              owner(table, "group"),
              permissions(table),
              data(table, references));
      table.refuseUnknownKeys();
      if (path.isPresent()) {
        files.add(file);
      }
    }
    Blueprint.refuseRepetition(
        files.stream().map(Customizations.File::path).toList(), "customizations.files", problems);
    return files;
  }

  static List<Customizations.Directory> directories(List<Table> tables, Problems problems) {
    List<Customizations.Directory> directories = new ArrayList<>();
    for (Table table : tables) {
      Optional<String> path = path(table, DIRECTORIES_BELOW, List.of());
      Customizations.Directory directory =
          new Customizations.Directory(
              path.orElse(""),
              owner(table, "user"),
              owner(table, "group"),
              permissions(table),
              table.flag("ensure_parents"));
      table.refuseUnknownKeys();
      if (path.isPresent()) {
        directories.add(directory);
      }
    }
    Blueprint.refuseRepetition(
        directories.stream().map(Customizations.Directory::path).toList(),
        "customizations.directories",
        problems);
    return directories;
  }

  /** Notes paths that cannot all be what they are to be: a file that is or holds another. */
  static void refuseDuplicates(Customizations customizations, Problems problems) {
    for (Customizations.File file : customizations.files()) {
      Stream.concat(
              customizations.files().stream().map(Customizations.File::path),
              customizations.directories().stream().map(Customizations.Directory::path))
          .filter(path -> path.startsWith(file.path() + "/"))
          .forEach(
              path ->
                  problems.add(
                      "customizations.files",
                      "\"" + file.path() + "\" cannot be a file that holds \"" + path + "\""));
      if (customizations.directories().stream().anyMatch(d -> d.path().equals(file.path()))) {
        problems.add(
            "customizations.files", "\"" + file.path() + "\" is in customizations.directories too");
      }
    }
  }

  private static Optional<String> path(Table table, List<String> below, List<String> never) {
    Optional<String> path = table.required("path");
    if (path.isEmpty()) {
      return path;
    }
    String text = path.get();
    if (!CanonicalPath.isCanonical(text)) {
      table.problem("path", CanonicalPath.problem(text));
      return Optional.empty();
    }
    if (never.contains(text) || below.stream().noneMatch(top -> text.startsWith(top + "/"))) {
      table.problem(
          "path",
          "\""
              + text
              + "\" is not allowed; "
              + (never.contains(text)
                  ? "it belongs to the operating system"
                  : "paths must be below " + String.join(", ", below)));
      return Optional.empty();
    }
    return path;
  }

  private static Optional<String> owner(Table table, String key) {
    Optional<String> owner = table.textOrInteger(key);
    owner
        .filter(text -> !Accounts.isName(text) && !NUMBER.matcher(text).matches())
        .ifPresent(text -> table.problem(key, "\"" + text + "\" is neither a name nor a number"));
    return owner;
  }

  private static Optional<Integer> permissions(Table table) {
    Optional<String> mode = table.text("mode");
    if (mode.isPresent() && !MODE.matcher(mode.get()).matches()) {
      table.problem("mode", "\"" + mode.get() + "\" must be three octal digits, such as \"0644\"");
      return Optional.empty();
    }
    return mode.map(text -> Integer.parseInt(text, 8));
  }

  private static Content data(Table table, References references) {
    return references.bytes(table, "data").map(Content::of).orElse(Content.EMPTY);
  }
}
