package org.bib.layout;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** An architecture that disks are made for. */
public enum Architecture {
  AMD64("amd64", "x86_64"),
  ARM64("arm64", "aarch64");

  private final String ociName;
  private final String kernelName;

  Architecture(String ociName, String kernelName) {
    this.ociName = ociName;
    this.kernelName = kernelName;
  }

  /** As OCI images name it ({@code GOARCH}). */
  public String ociName() {
    return ociName;
  }

  /** As {@code uname -m} and {@code match-architectures} name it. */
  public String kernelName() {
    return kernelName;
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
