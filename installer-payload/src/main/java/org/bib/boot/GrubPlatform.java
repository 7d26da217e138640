package org.bib.boot;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.bib.failure.BuildException;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;

/**
 * A directory of GRUB modules such as {@code /usr/lib/grub/i386-pc}.
 *
 * <p>Format of the module area: {@code include/grub/kernel.h} of GRUB, {@code struct
 * grub_module_info32/64} and {@code struct grub_module_header}.
 */
final class GrubPlatform {
  private static final int MODULE_MAGIC = 0x676D696D; // "mimg"
  private static final int TYPE_ELF = 0;
  private static final int TYPE_CONFIG = 2;
  private static final int TYPE_PREFIX = 3;
  private static final int MAX_MODULES = 1024;

  private final String path;
  private final DirectoryNode directory;
  private final ImageFiles image;

  private GrubPlatform(String path, DirectoryNode directory, ImageFiles image) {
    this.path = path;
    this.directory = directory;
    this.image = image;
  }

  /** The modules for a platform, if the image has any. */
  static Optional<GrubPlatform> find(ImageFiles image, String name) {
    String path = pathOf(name);
    return image
        .directory(path)
        .filter(directory -> directory.child("normal.mod") != null)
        .map(directory -> new GrubPlatform(path, directory, image));
  }

  /** Where the modules for a platform are, relative to the root. */
  static String pathOf(String name) {
    return "usr/lib/grub/" + name;
  }

  /** What GRUB loads at run time, as {@code grub-install} copies it. */
  DirectoryNode modules() {
    DirectoryNode copy = new DirectoryNode(Metadata.root(0755));
    for (String file : directory.children().keySet()) {
      if (file.endsWith(".mod") || file.endsWith(".lst") || file.startsWith("efiemu")) {
        image
            .file(pathTo(file))
            .ifPresent(found -> copy.put(file, new FileNode(Metadata.root(0644), found.content())));
      }
    }
    return copy;
  }

  /** The path of a file in the directory, relative to the root. */
  String pathTo(String file) {
    return path + "/" + file;
  }

  /** Whether the directory has such a file. */
  boolean has(String file) {
    return image.file(pathTo(file)).isPresent();
  }

  /** The bytes of a file in the directory. */
  byte[] read(String file) throws IOException {
    FileNode node =
        image
            .file(pathTo(file))
            .orElseThrow(() -> ImageFiles.malformed(pathTo(file), "is missing"));
    return ImageFiles.bytes(node, pathTo(file));
  }

  /**
   * These modules and all they need, each after what it needs, in the order of grub-mkimage.
   *
   * @throws BuildException if a module is missing or needs itself
   */
  Set<String> withDependencies(List<String> modules) throws IOException {
    Map<String, List<String>> dependencies = dependencies();
    Map<String, Boolean> done = new LinkedHashMap<>();
    for (String module : modules) {
      visit(module, dependencies, done, new TreeSet<>());
    }
    return done.keySet();
  }

  private void visit(
      String module,
      Map<String, List<String>> dependencies,
      Map<String, Boolean> done,
      Set<String> visiting)
      throws BuildException {
    if (done.containsKey(module)) {
      return;
    }
    if (!visiting.add(module) || visiting.size() > MAX_MODULES) {
      throw ImageFiles.malformed(pathTo("moddep.lst"), "module " + module + " needs itself");
    }
    for (String needed : dependencies.getOrDefault(module, List.of())) {
      visit(needed, dependencies, done, visiting);
    }
    visiting.remove(module);
    if (!has(module + ".mod")) {
      throw ImageFiles.malformed(pathTo(module + ".mod"), "is missing");
    }
    done.put(module, true);
  }

  private Map<String, List<String>> dependencies() throws IOException {
    Map<String, List<String>> dependencies = new HashMap<>();
    for (String line : new String(read("moddep.lst"), StandardCharsets.UTF_8).split("\n", -1)) {
      int colon = line.indexOf(':');
      if (colon < 0) {
        continue;
      }
      String needed = line.substring(colon + 1).strip();
      List<String> names =
          needed.isEmpty() ? new ArrayList<>() : Arrays.asList(needed.split("\\s+", -1));
      Collections.reverse(names); // grub-mkimage's own list grows at its head
      dependencies.put(line.substring(0, colon).strip(), names);
    }
    return dependencies;
  }

  /**
   * The module area that follows the kernel.
   *
   * @param modules in loading order
   * @param config commands run before {@code normal}
   * @param prefix where GRUB finds the rest
   * @param wide whether the layout is that of 64-bit platforms
   */
  byte[] moduleArea(Set<String> modules, Optional<String> config, String prefix, boolean wide)
      throws IOException {
    int header = wide ? 24 : 12;
    ByteArrayOutputStream records = new ByteArrayOutputStream();
    for (String module : modules) {
      record(records, TYPE_ELF, read(module + ".mod"), wide);
    }
    if (config.isPresent()) {
      record(records, TYPE_CONFIG, zeroTerminated(config.get()), wide);
    }
    record(records, TYPE_PREFIX, zeroTerminated(prefix), wide);
    ByteBuffer area = ByteBuffer.allocate(header + records.size()).order(ByteOrder.LITTLE_ENDIAN);
    area.putInt(MODULE_MAGIC);
    if (wide) {
      area.putInt(0).putLong(header).putLong(header + records.size());
    } else {
      area.putInt(header).putInt(header + records.size());
    }
    return area.put(records.toByteArray()).array();
  }

  private static void record(ByteArrayOutputStream out, int type, byte[] payload, boolean wide) {
    int align = wide ? 8 : 4;
    int padded = (payload.length + align - 1) / align * align;
    ByteBuffer header = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    header.putInt(type).putInt(8 + padded);
    out.writeBytes(header.array());
    out.writeBytes(payload);
    out.writeBytes(new byte[padded - payload.length]);
  }

  private static byte[] zeroTerminated(String text) {
    return (text + "\0").getBytes(StandardCharsets.UTF_8);
  }

  /**
   * The prefix built into a GRUB EFI binary: the directory on the ESP where it looks for its
   * configuration.
   */
  static Optional<String> builtInPrefix(byte[] efi) {
    ByteBuffer bytes = ByteBuffer.wrap(efi).order(ByteOrder.LITTLE_ENDIAN);
    // The area starts on a page, being a PE section of its own.
    for (int at = 0; at + 24 <= efi.length; at += 512) {
      if (bytes.getInt(at) == MODULE_MAGIC && bytes.getLong(at + 8) == 24) {
        return prefixIn(bytes, at + 24, bytes.getLong(at + 16) - 24);
      }
    }
    return Optional.empty();
  }

  private static Optional<String> prefixIn(ByteBuffer bytes, int start, long length) {
    long end = Math.min(bytes.capacity(), start + Math.max(0, length));
    int at = start;
    while (at + 8 <= end) {
      int size = bytes.getInt(at + 4);
      if (size < 8 || size > end - at) {
        return Optional.empty();
      }
      if (bytes.getInt(at) == TYPE_PREFIX) {
        byte[] text = new byte[size - 8];
        bytes.get(at + 8, text);
        String prefix = new String(text, StandardCharsets.UTF_8);
        int zero = prefix.indexOf('\0');
        return Optional.of(zero < 0 ? prefix : prefix.substring(0, zero));
      }
      at += size;
    }
    return Optional.empty();
  }
}
