package org.bib.layout;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;

/** A filesystem that bib can write. */
public enum FilesystemType {
  EXT4("ext4", "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
  VFAT("vfat", "[0-9a-fA-F]{4}-[0-9a-fA-F]{4}");

  private static final int MAX_EXT4_LABEL = 16; // s_volume_name
  private static final Pattern VFAT_LABEL = Pattern.compile("[A-Z0-9!#$%&'()@^_`{}~ -]{1,11}");

  private final String typeName;
  private final Pattern identifier;

  FilesystemType(String typeName, String identifier) {
    this.typeName = typeName;
    this.identifier = Pattern.compile(identifier);
  }

  /** As {@code mount -t}, {@code --rootfs} and fstab(5) name it. */
  public String typeName() {
    return typeName;
  }

  /** The type of that name. */
  public static Optional<FilesystemType> named(String name) {
    return Arrays.stream(values()).filter(type -> type.typeName.equals(name)).findFirst();
  }

  /** Whether {@code text} can identify such a filesystem. */
  public boolean isIdentifier(String text) {
    return identifier.matcher(text).matches();
  }

  /** What is wrong with a label, if anything is. */
  public Optional<String> labelProblem(String label) {
    boolean fits =
        switch (this) {
          case EXT4 ->
              label.getBytes(StandardCharsets.UTF_8).length <= MAX_EXT4_LABEL
                  && label.chars().noneMatch(Character::isISOControl);
          case VFAT -> label.isEmpty() || VFAT_LABEL.matcher(label).matches();
        };
    return fits
        ? Optional.empty()
        : Optional.of(
            "\""
                + label
                + "\" is no label for "
                + typeName
                + ": it takes "
                + (this == EXT4
                    ? "up to " + MAX_EXT4_LABEL + " bytes"
                    : "up to 11 capital letters, digits and signs"));
  }
}
