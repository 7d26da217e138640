package org.bib.layout;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;

/** An architecture that disks are made for. */
public enum Architecture {
  AMD64("amd64", "x86_64", "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"),
  ARM64("arm64", "aarch64", "b921b045-1df0-41c3-af44-4c6f280d3fae");

  private final String ociName;
  private final String kernelName;
  private final String rootType;

  Architecture(String ociName, String kernelName, String rootType) {
    this.ociName = ociName;
    this.kernelName = kernelName;
    this.rootType = rootType;
  }

  /** As OCI images name it ({@code GOARCH}). */
  public String ociName() {
    return ociName;
  }

  /** As {@code uname -m} and {@code match-architectures} name it. */
  public String kernelName() {
    return kernelName;
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
