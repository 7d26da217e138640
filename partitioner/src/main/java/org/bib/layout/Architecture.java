package org.bib.layout;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;

/** An architecture that disks are made for. */
public enum Architecture {
  AMD64("amd64", "x86_64", "4f68bce3-e8cd-4db1-96e7-fbcaf984b709", "ttyS0"),
  /** Virtual machines and Azure have a PL011, EC2 has a 16550. */
  ARM64("arm64", "aarch64", "b921b045-1df0-41c3-af44-4c6f280d3fae", "ttyS0 ttyAMA0");

  private final String ociName;
  private final String kernelName;
  private final String rootType;
  private final String serialConsoles; // separated by blanks

  Architecture(String ociName, String kernelName, String rootType, String serialConsoles) {
    this.ociName = ociName;
    this.kernelName = kernelName;
    this.rootType = rootType;
    this.serialConsoles = serialConsoles;
  }

  /** As OCI images name it ({@code GOARCH}). */
  public String ociName() {
    return ociName;
  }

  /** As {@code uname -m} and {@code match-architectures} name it. */
  public String kernelName() {
    return kernelName;
  }

  /**
   * The kernel's names of what may be the first serial line. It passes over those that are not
   * there; of the others the last is {@code /dev/console}.
   */
  public List<String> serialConsoles() {
    return List.of(serialConsoles.split(" ", -1));
  }

  /** The type GUID of a root partition (Discoverable Partitions Specification). */
  public UUID rootType() {
    return UUID.fromString(rootType);
  }

  /** The architecture with that name in either spelling, if it is one that disks are made for. */
  public static Optional<Architecture> named(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return Arrays.stream(values())
        .filter(arch -> arch.ociName.equals(lower) || arch.kernelName.equals(lower))
        .findFirst();
  }

  /** All names, for messages. */
  public static String names() {
    return Arrays.stream(values())
        .map(arch -> arch.ociName + " (" + arch.kernelName + ")")
        .collect(Collectors.joining(", "));
  }
}
