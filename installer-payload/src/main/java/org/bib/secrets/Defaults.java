package org.bib.secrets;

import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bib.failure.ConfigException;

/** What the image says of new accounts: login.defs(5) and the defaults of useradd(8). */
final class Defaults {
  private static final Pattern SETTING =
      Pattern.compile("\\s*([A-Z_]+)[\\s=]+\"?([^\"#\\s]*)\"?.*");

  private final Map<String, String> settings = new TreeMap<>();

  private Defaults() {}

  static Defaults readFrom(SystemTree system) throws ConfigException, IOException {
    Defaults defaults = new Defaults();
    // Images that leave /etc empty keep the vendor's file in /usr/etc.
    defaults.add(system.readText("/usr/etc/login.defs").orElse(""));
    defaults.add(system.readText("/etc/login.defs").orElse(""));
    defaults.add(system.readText("/etc/default/useradd").orElse(""));
    return defaults;
  }

  private void add(String text) {
    text.lines()
        .map(SETTING::matcher)
        .filter(Matcher::matches)
        .forEach(matcher -> settings.put(matcher.group(1), matcher.group(2)));
  }

  String text(String key, String ifAbsent) {
    String value = settings.get(key);
    return value == null || value.isEmpty() ? ifAbsent : value;
  }

  long number(String key, long ifAbsent) {
    String value = text(key, "");
    return value.matches("[0-9]{1,10}") ? Long.parseLong(value) : ifAbsent;
  }

  /** Whether a user gets a group of its own: so unless the image says no. */
  boolean hasUserGroups() {
    return !text("USERGROUPS_ENAB", "yes").equals("no");
  }

  /** A field of shadow(5): empty if the image gives no limit. */
  String days(String key, String ifAbsent) {
    String value = text(key, ifAbsent);
    return value.matches("[0-9]{1,10}") ? value : "";
  }
}
