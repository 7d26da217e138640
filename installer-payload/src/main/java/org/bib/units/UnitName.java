package org.bib.units;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a unit (systemd.unit, "Description"): {@code prefix.type}, or {@code
 * prefix@instance.type}, which is a template if the instance is empty.
 *
 * @param prefix before the "@" or the dot of the type
 * @param instance absent if there is no "@"
 * @param type such as {@code service}
 */
record UnitName(String prefix, Optional<String> instance, String type) {
  private static final int MAX_LENGTH = 255; // UNIT_NAME_MAX

  private static final Pattern NAME =
      Pattern.compile(
          "([A-Za-z0-9:_.\\\\-]+)(?:@([A-Za-z0-9:_.\\\\@-]*))?\\.(service|socket|device|mount|automount|swap"
              + "|target|path|timer|slice|scope)");

  /** The name, if it is one. */
  static Optional<UnitName> of(String text) {
    Matcher matcher = NAME.matcher(text);
    return text.length() <= MAX_LENGTH && matcher.matches()
        ? Optional.of(
            new UnitName(matcher.group(1), Optional.ofNullable(matcher.group(2)), matcher.group(3)))
        : Optional.empty();
  }

  boolean isTemplate() {
    return instance.equals(Optional.of(""));
  }

  boolean isInstance() {
    return instance.isPresent() && !isTemplate();
  }

  /** The template of an instance. */
  UnitName template() {
    return new UnitName(prefix, Optional.of(""), type);
  }

  /** An instance of a template. */
  UnitName withInstance(String other) {
    return new UnitName(prefix, Optional.of(other), type);
  }

  /** As it is written. */
  String text() {
    return prefix + instance.map(text -> "@" + text).orElse("") + "." + type;
  }
}
