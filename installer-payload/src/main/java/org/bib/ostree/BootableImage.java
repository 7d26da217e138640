package org.bib.ostree;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.bib.disk.Content;
import org.bib.failure.BuildException;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.jspecify.annotations.Nullable;

/**
 * What makes a tree bootable.
 *
 * @param kernelVersion name of the directory below {@code /usr/lib/modules}
 * @param kernel {@code vmlinuz}
 * @param initramfs {@code initramfs.img}, or {@code initramfs}
 * @param hmac {@code .vmlinuz.hmac}, which FIPS mode checks the kernel with
 * @param deviceTree a file, or the directory {@code dtb} of many
 * @param osRelease variables of os-release(5)
 */
public record BootableImage(
    String kernelVersion,
    FileNode kernel,
    FileNode initramfs,
    Optional<FileNode> hmac,
    Optional<Node> deviceTree,
    Map<String, String> osRelease) {
  private static final List<String> API_DIRECTORIES =
      List.of("dev", "proc", "sys", "run", "tmp", "var");
  private static final long MAX_TEXT = 1 << 20;
  // The version becomes part of file names and of lines of the boot loader entry.
  private static final Pattern VERSION = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._+~:-]*");

  /**
   * Finds kernel and initramfs.
   *
   * @param root the merged tree of the container
   * @throws BuildException naming all that is missing
   */
  public static BootableImage inspect(DirectoryNode root, Map<String, String> labels)
      throws IOException {
    List<String> missing = new ArrayList<>();
    if (!labels.containsKey("containers.bootc") && !labels.containsKey("ostree.bootable")) {
      missing.add("label containers.bootc or ostree.bootable");
    }
    TreeMap<String, DirectoryNode> kernels = kernels(root);
    if (kernels.isEmpty()) {
      missing.add("/usr/lib/modules/*/vmlinuz");
    }
    kernels.forEach(
        (version, directory) -> {
          if (initramfs(directory) == null) {
            missing.add("/usr/lib/modules/" + version + "/initramfs.img");
          }
        });
    missing.addAll(missingBase(root));
    List<String> findings = new ArrayList<>();
    if (!missing.isEmpty()) {
      findings.add("it has no " + String.join(", no ", missing));
    }
    if (kernels.size() > 1) {
      findings.add("it has several kernels: " + String.join(", ", kernels.keySet()));
    }
    for (String version : kernels.keySet()) {
      if (!VERSION.matcher(version).matches()) {
        findings.add("its kernel version \"" + printable(version) + "\" is no file name to boot");
      }
    }
    for (String uki : ImagePath.files(root, "boot/EFI/Linux", ".efi").keySet()) {
      findings.add("it boots a unified kernel image, /boot/EFI/Linux/" + printable(uki));
    }
    if (!findings.isEmpty()) {
      throw new BuildException(
          "the image is not a bootable container: " + String.join(", ", findings),
          "name an image made for bootc with one kernel below /usr/lib/modules");
    }
    return of(root, kernels.firstKey(), kernels.firstEntry().getValue());
  }

  private static BootableImage of(DirectoryNode root, String version, DirectoryNode directory)
      throws IOException {
    FileNode initramfs = initramfs(directory);
    if (!(directory.child("vmlinuz") instanceof FileNode kernel) || initramfs == null) {
      throw new IllegalStateException("kernel and initramfs were there");
    }
    Optional<FileNode> hmac =
        directory.child(".vmlinuz.hmac") instanceof FileNode file
            ? Optional.of(file)
            : Optional.empty();
    Optional<Node> deviceTree = Optional.empty();
    if (directory.child("devicetree") instanceof FileNode file) {
      deviceTree = Optional.of(file);
    } else if (directory.child("dtb") instanceof DirectoryNode trees) {
      deviceTree = Optional.of(trees);
    }
    return new BootableImage(version, kernel, initramfs, hmac, deviceTree, osRelease(root));
  }

  /** Directories below {@code /usr/lib/modules} that have a {@code vmlinuz}. */
  private static TreeMap<String, DirectoryNode> kernels(DirectoryNode root) {
    TreeMap<String, DirectoryNode> kernels = new TreeMap<>();
    if (ImagePath.resolve(root, "usr/lib/modules").orElse(null) instanceof DirectoryNode modules) {
      modules
          .children()
          .forEach(
              (name, node) -> {
                if (node instanceof DirectoryNode directory
                    && directory.child("vmlinuz") instanceof FileNode) {
                  kernels.put(name, directory);
                }
              });
    }
    return kernels;
  }

  private static @Nullable FileNode initramfs(DirectoryNode directory) {
    for (String name : List.of("initramfs.img", "initramfs")) {
      if (directory.child(name) instanceof FileNode file) {
        return file;
      }
    }
    return null;
  }

  /** What bootc's base image checks (lints.rs) miss. */
  private static List<String> missingBase(DirectoryNode root) {
    List<String> missing = new ArrayList<>();
    for (String name : API_DIRECTORIES) {
      if (!(root.child(name) instanceof DirectoryNode)) {
        missing.add("directory /" + name);
      }
    }
    if (!(root.child("sysroot") instanceof DirectoryNode)) {
      missing.add("directory /sysroot");
    }
    if (!(root.child("ostree") instanceof SymlinkNode link)
        || !link.target().equals("sysroot/ostree")) {
      missing.add("link /ostree -> sysroot/ostree");
    }
    if (ImagePath.file(root, "usr/lib/ostree/prepare-root.conf").isEmpty()
        && ImagePath.file(root, "etc/ostree/prepare-root.conf").isEmpty()) {
      missing.add("ostree/prepare-root.conf in /usr/lib or /etc");
    }
    return missing;
  }

  /** The title of a boot loader entry, without what ostree adds; one line. */
  String title() {
    return osRelease
        .getOrDefault("PRETTY_NAME", osRelease.getOrDefault("ID", "Linux"))
        .replaceAll("\\p{Cntrl}", " ")
        .strip();
  }

  private static Map<String, String> osRelease(DirectoryNode root) throws IOException {
    Map<String, String> variables = new TreeMap<>();
    for (String path : List.of("usr/lib/os-release", "etc/os-release")) {
      Optional<FileNode> file = ImagePath.file(root, path);
      if (file.isPresent()) {
        for (String line : text("/" + path, file.get().content()).split("\n", -1)) {
          int equals = line.indexOf('=');
          if (equals > 0 && !line.startsWith("#")) {
            variables.put(
                line.substring(0, equals).strip(), unquoted(line.substring(equals + 1).strip()));
          }
        }
        break;
      }
    }
    return variables;
  }

  /** Takes quotes and, within double ones, backslashes off, as os-release(5) has it. */
  private static String unquoted(String value) {
    boolean quoted =
        value.length() >= 2
            && (value.startsWith("\"") || value.startsWith("'"))
            && value.charAt(value.length() - 1) == value.charAt(0);
    if (!quoted) {
      return value;
    }
    String inner = value.substring(1, value.length() - 1);
    return value.startsWith("\"") ? inner.replaceAll("\\\\([\"$`\\\\])", "$1") : inner;
  }

  private static String printable(String name) {
    return name.replaceAll("\\p{Cntrl}", "?");
  }

  /**
   * A small file as text.
   *
   * @param path in the image, absolute, for messages
   */
  static String text(String path, Content content) throws IOException {
    if (content.size() > MAX_TEXT) {
      throw new BuildException(
          path + " of the image is larger than " + MAX_TEXT + " bytes",
          "correct the file in the image");
    }
    ByteBuffer buffer = ByteBuffer.allocate(Math.toIntExact(content.size()));
    content.read(0, buffer);
    return StandardCharsets.UTF_8.decode(buffer.flip()).toString();
  }
}
