package org.bib.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import org.bib.secrets.Customizations;

/** {@code customizations.user}, {@code .group}, {@code .sshkey} and {@code .hostname}. */
final class Accounts {
  /** What shadow-utils' useradd(8) takes, with capitals and dots as its peers allow. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_.-]{0,30}\\$?");

  /** The largest identifier: 2^32 - 1 means "none" to chown(2). */
  private static final long MAX_ID = 0xFFFF_FFFEL;

  /** Labels of RFC 1123 section 2.1. */
  private static final Pattern HOST_NAME =
      Pattern.compile(
          "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*");

  /** {@code HOST_NAME_MAX} of Linux. */
  private static final int HOST_NAME_MAX = 64;

  private Accounts() {}

  static List<Customizations.User> users(
      List<Table> tables, References references, Problems problems) {
    List<Customizations.User> users = new ArrayList<>();
    for (Table table : tables) {
      Optional<String> name = name(table);
      Customizations.User user = user(name.orElse(""), table, references);
      table.refuseUnknownKeys();
      if (name.isPresent()) {
        users.add(user);
      }
    }
    Blueprint.refuseRepetition(
        users.stream().map(Customizations.User::name).toList(), "customizations.user", problems);
    return users;
  }

  private static Customizations.User user(String name, Table table, References references) {
    return new Customizations.User(
        name,
        password(table, references),
        keys(table, references),
        groupNames(table),
        absolute(table, "home"),
        absolute(table, "shell"),
        table.integer("uid", 0, MAX_ID),
        table.integer("gid", 0, MAX_ID),
        field(table, "description"),
        expireDate(table),
        table.flag("force_password_reset"));
  }

  /**
   * Adds {@code customizations.sshkey} to the users: a key for one of them, or for one that has
   * nothing else.
   */
  static List<Customizations.User> withKeys(
      List<Customizations.User> users, List<Table> tables, References references) {
    Map<String, Customizations.User> all = new LinkedHashMap<>();
    users.forEach(user -> all.put(user.name(), user));
    for (Table table : tables) {
      Optional<String> name = name(table, "user");
      List<String> keys = keys(table, references);
      if (keys.isEmpty() && !table.hasProblems()) {
        table.problem("key", "is missing");
      }
      table.refuseUnknownKeys();
      name.ifPresent(
          text ->
              all.merge(
                  text,
                  Customizations.User.withKeys(text, keys),
                  (user, other) -> user.withMoreKeys(keys)));
    }
    return List.copyOf(all.values());
  }

  /** {@code customizations.sudo-nopasswd}: users, and groups after a "%". */
  static List<String> sudoers(Table customizations) {
    List<String> names = customizations.texts("sudo-nopasswd");
    for (String name : names) {
      if (!isName(name.startsWith("%") ? name.substring(1) : name)) {
        customizations.problem("sudo-nopasswd", "\"" + name + "\" is not a name that Linux takes");
      }
    }
    return names.stream().distinct().toList();
  }

  static List<Customizations.Group> groups(List<Table> tables, Problems problems) {
    List<Customizations.Group> groups = new ArrayList<>();
    for (Table table : tables) {
      Optional<String> name = name(table);
      OptionalLong gid = table.integer("gid", 0, MAX_ID);
      table.refuseUnknownKeys();
      name.ifPresent(text -> groups.add(new Customizations.Group(text, gid)));
    }
    Blueprint.refuseRepetition(
        groups.stream().map(Customizations.Group::name).toList(), "customizations.group", problems);
    return groups;
  }

  static Optional<String> hostname(Table table) {
    Optional<String> hostname = table.text("hostname");
    if (hostname.isPresent()
        && (hostname.get().length() > HOST_NAME_MAX
            || !HOST_NAME.matcher(hostname.get()).matches())) {
      table.problem(
          "hostname",
          "must be letters, digits, \"-\" and \".\", at most " + HOST_NAME_MAX + " of them");
    }
    return hostname;
  }

  private static Optional<String> name(Table table) {
    return name(table, "name");
  }

  private static Optional<String> name(Table table, String key) {
    Optional<String> name = table.required(key);
    if (name.isPresent() && !isName(name.get())) {
      table.problem(key, "\"" + name.get() + "\" is not a name that Linux takes");
      return Optional.empty();
    }
    return name;
  }

  static boolean isName(String text) {
    return NAME.matcher(text).matches();
  }

  /** The problem never quotes the value. */
  private static Optional<String> password(Table table, References references) {
    Optional<String> password = references.text(table, "password");
    password
        .filter(text -> text.chars().anyMatch(Character::isISOControl))
        .ifPresent(text -> table.problem("password", "must not contain control characters"));
    return password;
  }

  private static List<String> keys(Table table, References references) {
    return references
        .text(table, "key")
        .map(text -> text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList())
        .orElse(List.of());
  }

  private static List<String> groupNames(Table table) {
    List<String> names = table.texts("groups");
    for (String name : names) {
      if (!isName(name)) {
        table.problem("groups", "\"" + name + "\" is not a name that Linux takes");
      }
    }
    return names.stream().distinct().toList();
  }

  private static Optional<String> absolute(Table table, String key) {
    Optional<String> path = field(table, key);
    path.filter(text -> !CanonicalPath.isCanonical(text))
        .ifPresent(text -> table.problem(key, CanonicalPath.problem(text)));
    return path;
  }

  /** A field of passwd(5). */
  private static Optional<String> field(Table table, String key) {
    Optional<String> field = table.text(key);
    field
        .filter(text -> text.chars().anyMatch(c -> c == ':' || Character.isISOControl(c)))
        .ifPresent(text -> table.problem(key, "must not contain \":\" or control characters"));
    return field;
  }

  /** Days since the epoch, as shadow(5) counts. */
  private static OptionalLong expireDate(Table table) {
    return table.integer("expiredate", 0, Integer.MAX_VALUE);
  }
}
