package org.bib.mount;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** How the installed system is told of its mounts ({@code mount_configuration} of a disk.yaml). */
public enum MountConfiguration {
  /** Lines of {@code /etc/fstab}. */
  FSTAB("fstab"),
  /** Units of systemd. */
  UNITS("units"),
  /** Not at all: {@code systemd-gpt-auto-generator} or the image itself finds them. */
  NONE("none");

  private final String word;

  MountConfiguration(String word) {
    this.word = word;
  }

  /** The configuration of that name. */
  public static Optional<MountConfiguration> named(String name) {
    return Arrays.stream(values()).filter(value -> value.word.equals(name)).findFirst();
  }

  /** All names, for messages. */
  public static List<String> names() {
    return Arrays.stream(values()).map(value -> value.word).toList();
  }
}
