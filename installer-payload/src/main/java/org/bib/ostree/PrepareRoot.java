package org.bib.ostree;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.bib.failure.BuildException;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;

/**
 * How {@code ostree-prepare-root} is told to mount a deployment (ostree-prepare-root(1); libostree,
 * otcore-prepare-root.c). It reads the copy of {@code prepare-root.conf} that is in the initramfs,
 * which is taken to be that of the image. What it would refuse at boot is refused here.
 *
 * @param composefs whether it mounts {@code .ostree.cfs}; if it is told {@code maybe}, it does if
 *     that is there, and libostree makes one for every deployment
 * @param verity whether fs-verity has to protect the objects and that file
 */
public record PrepareRoot(boolean composefs, boolean verity) {
  // GLib forgets a file when it loads the next one, so there is one that counts.
  private static final List<String> PATHS =
      List.of("/etc/ostree/prepare-root.conf", "/usr/lib/ostree/prepare-root.conf");
  private static final String ARGUMENT = "ostree.prepare-root.composefs";

  /**
   * Reads the configuration of an image.
   *
   * @param root the merged tree of the container
   * @param kernelArguments those of the deployment, one of which may overrule the file
   * @throws BuildException if such a deployment would not boot
   */
  public static PrepareRoot read(DirectoryNode root, List<String> kernelArguments)
      throws IOException {
    KeyFile file = file(root);
    file.flag("sysroot", "readonly");
    file.flag("etc", "transient");
    boolean transientRoot = transientRoot(file);
    String enabled = file.value("composefs", "enabled").orElse("no");
    boolean signed = enabled.equals("signed");
    boolean verity = signed || enabled.equals("verity");
    boolean composefs = verity || composefs(file, enabled.strip());
    Optional<String> argument = argument(kernelArguments);
    if (argument.isPresent()) {
      signed = argument.get().equals("signed");
      verity |= signed;
      composefs = signed || composefs(argument.get());
    }
    if (signed) {
      throw new BuildException(
          "the image boots only commits signed with a key of its maker (prepare-root.conf,"
              + " composefs.enabled = signed); a commit made from a container has no such signature",
          "set composefs.enabled to verity in the image and make its initramfs again, or add the"
              + " kernel argument "
              + ARGUMENT
              + "=yes");
    }
    if (transientRoot && !composefs) {
      throw new BuildException(
          "the image wants a transient root without composefs, which ostree refuses at boot",
          "set composefs.enabled to yes in its prepare-root.conf and make its initramfs again");
    }
    return new PrepareRoot(composefs, composefs && verity);
  }

  /**
   * The file that makes the {@code /etc} of the deployment be passed over at boot for a fresh copy
   * of the image's, if it does ({@code etc.transient}; libostree, ostree-prepare-root.c).
   *
   * @throws BuildException if it is no key file
   */
  public static Optional<String> transientEtc(DirectoryNode root) throws IOException {
    return file(root).flag("etc", "transient")
        ? PATHS.stream().filter(path -> ImagePath.file(root, path).isPresent()).findFirst()
        : Optional.empty();
  }

  /** Whether a tree has a configuration. */
  public static boolean isConfigured(DirectoryNode root) {
    return PATHS.stream().anyMatch(path -> ImagePath.file(root, path).isPresent());
  }

  /**
   * What tools for containers take out of the configuration, if there is one: whether the root of
   * the running system is an overlay, of composefs or a transient one (ostree-ext,
   * ostree_prepareroot.rs). They take values that nobody knows for {@code no}.
   *
   * @throws BuildException if it is no key file
   */
  public static boolean hasOverlay(DirectoryNode root) throws IOException {
    KeyFile file = file(root);
    String enabled = file.value("composefs", "enabled").orElse("no").strip();
    return List.of("verity", "signed").contains(enabled)
        || tristate(enabled).orElse(false)
        || List.of("true", "1").contains(file.value("root", "transient").orElse("").strip());
  }

  private static KeyFile file(DirectoryNode root) throws IOException {
    for (String path : PATHS) {
      Optional<FileNode> found = ImagePath.file(root, path);
      if (found.isPresent()) {
        return KeyFile.parse(path, BootableImage.text(path, found.get().content()));
      }
    }
    return KeyFile.empty(PATHS.get(0));
  }

  private static boolean transientRoot(KeyFile file) throws BuildException {
    boolean writable = file.flag("root", "transient");
    boolean readOnly = file.flag("root", "transient-ro");
    if (writable && readOnly) {
      throw file.wrong("root", "transient-ro", "true", "false, as root.transient is true");
    }
    return writable || readOnly;
  }

  private static boolean composefs(KeyFile file, String enabled) throws BuildException {
    return tristate(enabled)
        .orElseThrow(
            () -> file.wrong("composefs", "enabled", enabled, "yes, no, maybe, verity, signed"));
  }

  private static boolean composefs(String argument) throws BuildException {
    return tristate(argument)
        .orElseThrow(
            () ->
                new BuildException(
                    "kernel argument "
                        + ARGUMENT
                        + "="
                        + argument
                        + " is not one of yes, no, maybe, signed, and ostree refuses it at boot",
                    "correct the argument"));
  }

  private static Optional<Boolean> tristate(String value) {
    return switch (value) {
      case "yes", "true", "1", "maybe" -> Optional.of(true);
      case "no", "false", "0" -> Optional.of(false);
      default -> Optional.empty();
    };
  }

  /** The first one counts. */
  private static Optional<String> argument(List<String> kernelArguments) {
    return kernelArguments.stream()
        .filter(argument -> argument.startsWith(ARGUMENT + "="))
        .map(argument -> argument.substring(ARGUMENT.length() + 1))
        .findFirst();
  }
}
