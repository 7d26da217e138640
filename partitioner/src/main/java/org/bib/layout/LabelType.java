package org.bib.layout;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/** A kind of partition table ("disk label"). */
public enum LabelType {
  /** UEFI 2.10, 5.3; 128 entries are what every tool makes. */
  GPT("gpt", 128),
  /** The table of the MBR; four primary partitions, no extended ones. */
  DOS("dos", 4);

  private static final Pattern GUID =
      Pattern.compile("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");
  private static final Pattern BYTE = Pattern.compile("[0-9a-fA-F]{2}");

  private final String labelName;
  private final int maximum;

  LabelType(String labelName, int maximum) {
    this.labelName = labelName;
    this.maximum = maximum;
  }

  /** As libfdisk and the blueprint name it. */
  public String labelName() {
    return labelName;
  }

  /** How many partitions it can have. */
  public int maximum() {
    return maximum;
  }

  /** The type of that name. */
  public static Optional<LabelType> named(String name) {
    return Arrays.stream(values()).filter(type -> type.labelName.equals(name)).findFirst();
  }

  /** Whether {@code text} is a type of partitions here: a GUID, or two hexadecimal digits. */
  public boolean isType(String text) {
    return switch (this) {
      case GPT -> GUID.matcher(text).matches();
      // An entry of type 0 is an unused one.
      case DOS -> BYTE.matcher(text).matches() && !text.equals("00");
    };
  }

  /** Whether {@code text} identifies a table of this type: a GUID, or 0x and eight digits. */
  public boolean isIdentifier(String text) {
    return switch (this) {
      case GPT -> GUID.matcher(text).matches();
      case DOS -> text.toLowerCase(Locale.ROOT).matches("0x[0-9a-f]{8}");
    };
  }

  /** The type of a partition of that role. */
  public String typeOf(PartitionRole role) {
    return this == GPT ? role.typeGuid() : role.dosType();
  }

  /** The type of a root that is found by it; DOS has none of its own. */
  public String rootType(Architecture architecture) {
    return this == GPT ? architecture.rootType().toString() : typeOf(PartitionRole.ROOT);
  }

  /** The identifier of a table for {@code seed}. */
  String identifier(Seed seed) {
    UUID guid = seed.uuid("disk");
    return this == GPT
        ? guid.toString()
        : String.format(Locale.ROOT, "0x%08x", Math.max(1, seed.u32("disk")));
  }
}
