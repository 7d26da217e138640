package org.bib.mount;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.bib.disk.Content;
import org.bib.failure.BuildException;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.SymlinkNode;

/** Units of systemd that mount filesystems and use swap areas (systemd.mount, systemd.swap). */
public final class MountUnits {
  private static final Metadata DIRECTORY = Metadata.root(0755);

  private MountUnits() {}

  /**
   * Writes a unit for each mount to {@code /etc/systemd/system} and enables it, as required as a
   * line of fstab would be.
   *
   * @param etc of the installed system
   * @throws BuildException if the image has something else where directories are needed
   */
  public static void write(DirectoryNode etc, List<Mount> mounts) throws BuildException {
    DirectoryNode units = directory(directory(etc, "systemd"), "system");
    for (Mount mount : mounts) {
      boolean swap = mount.type().equals("swap");
      String what = device(mount.what());
      String name = swap ? escaped(what) + ".swap" : escaped(mount.where()) + ".mount";
      String target = swap ? "swap.target" : "local-fs.target";
      units.put(name, file(unit(mount, what, target)));
      directory(units, target + ".requires")
          .put(name, new SymlinkNode(Metadata.root(0777), "../" + name));
    }
  }

  private static DirectoryNode directory(DirectoryNode parent, String name) throws BuildException {
    if (parent.child(name) != null && !(parent.child(name) instanceof DirectoryNode)) {
      throw new BuildException(
          name + " below /etc/systemd of the image is no directory, so no units can be written",
          "make it one in the image");
    }
    return parent.directory(name, DIRECTORY);
  }

  private static String unit(Mount mount, String what, String target) {
    String head =
        mount.type().equals("swap")
            ? "[Unit]\nDescription=Swap\n\n[Swap]\nWhat=%s\n".formatted(value(what))
            : "[Unit]\nDescription=%s\n\n[Mount]\nWhat=%s\nWhere=%s\nType=%s\n"
                .formatted(value(mount.where()), value(what), value(mount.where()), mount.type());
    return head
        + "Options="
        + value(mount.options())
        + "\n\n[Install]\nRequiredBy="
        + target
        + "\n";
  }

  /** A value in a unit, where {@code %} begins a specifier (systemd.unit). */
  private static String value(String text) {
    return text.replace("%", "%%");
  }

  private static String device(String what) {
    return what.startsWith("UUID=")
        ? "/dev/disk/by-uuid/" + what.substring("UUID=".length())
        : what;
  }

  /** The path as part of the name of a unit, as systemd-escape(1) has it; the root has none. */
  static String escaped(String path) {
    byte[] bytes = path.substring(1).getBytes(StandardCharsets.UTF_8);
    StringBuilder escaped = new StringBuilder();
    for (int i = 0; i < bytes.length; i++) {
      char c = (char) (bytes[i] & 0xFF);
      boolean plain =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || c == ':'
              || c == '_'
              || (c == '.' && i > 0);
      if (c == '/') {
        escaped.append('-');
      } else if (plain) {
        escaped.append(c);
      } else {
        escaped.append(String.format(Locale.ROOT, "\\x%02x", (int) c));
      }
    }
    return escaped.toString();
  }

  private static FileNode file(String text) {
    return new FileNode(Metadata.root(0644), Content.of(text.getBytes(StandardCharsets.UTF_8)));
  }
}
