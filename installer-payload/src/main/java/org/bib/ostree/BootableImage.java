package org.bib.ostree;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.bib.disk.Content;
import org.bib.failure.BuildException;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Node;

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
  private static final long MAX_TEXT = 1 << 20;

  /**
   * Finds kernel and initramfs.
   *
   * @param root the merged tree of the container, which a lint found fit to boot
   * @throws BuildException if there is not one kernel with its initramfs
   */
  public static BootableImage inspect(DirectoryNode root) throws IOException {
    List<KernelDirectory> kernels = KernelDirectory.find(root);
    if (kernels.size() != 1 || kernels.get(0).initramfs().isEmpty()) {
      throw new BuildException(
          "the image needs one kernel and its initramfs, but has " + kernels.size() + " kernels",
          "name an image made for bootc with one kernel below /usr/lib/modules");
    }
    KernelDirectory kernel = kernels.get(0);
    DirectoryNode directory = kernel.node();
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
    return new BootableImage(
        kernel.version(),
        kernel.kernel(),
        kernel.initramfs().get(),
        hmac,
        deviceTree,
        osRelease(root));
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

  /**
   * A small file as text.
   *
   * @param path in the image, absolute, for messages
   */
  public static String text(String path, Content content) throws IOException {
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
