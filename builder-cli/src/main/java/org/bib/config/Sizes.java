package org.bib.config;

import java.util.Optional;
import java.util.OptionalLong;
import org.bib.disk.ByteSize;
import org.bib.layout.DiskLayout;

/** Sizes in files: a number of bytes, or a string with a unit. */
final class Sizes {
  private Sizes() {}

  /** A size that must be there, greater than 0. */
  static Optional<ByteSize> required(Table table, String key) {
    if (!table.has(key)) {
      table.problem(key, key + " is required");
      return Optional.empty();
    }
    Optional<ByteSize> size = read(table, key);
    if (size.isPresent() && size.get().bytes() == 0) {
      table.problem(key, "must be greater than 0");
      return Optional.empty();
    }
    return size;
  }

  /** A size, if it is there. */
  static Optional<ByteSize> read(Table table, String key) {
    Optional<ByteSize> size = table.isText(key) ? written(table, key) : counted(table, key);
    if (size.isPresent() && size.get().compareTo(DiskLayout.MAX_SIZE) > 0) {
      table.problem(key, "is " + size.get() + "; it can be at most " + DiskLayout.MAX_SIZE);
      return Optional.empty();
    }
    return size;
  }

  private static Optional<ByteSize> written(Table table, String key) {
    Optional<String> text = table.text(key);
    try {
      return text.map(ByteSize::parse);
    } catch (IllegalArgumentException e) {
      table.problem(key, String.valueOf(e.getMessage()));
      return Optional.empty();
    }
  }

  private static Optional<ByteSize> counted(Table table, String key) {
    OptionalLong bytes = table.integer(key, 0, Long.MAX_VALUE);
    return bytes.isPresent() ? Optional.of(new ByteSize(bytes.getAsLong())) : Optional.empty();
  }
}
