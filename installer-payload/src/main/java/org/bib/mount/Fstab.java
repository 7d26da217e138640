package org.bib.mount;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.bib.disk.Content;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;

/** {@code /etc/fstab}. */
public final class Fstab {
  private Fstab() {}

  /**
   * Replaces the file of the image, as {@code bootc install} does; without mounts it stays as it
   * is.
   *
   * @param etc of the installed system
   */
  public static void write(DirectoryNode etc, List<Mount> mounts) {
    if (mounts.isEmpty()) {
      return;
    }
    StringBuilder text = new StringBuilder();
    for (Mount mount : mounts) {
      text.append(escaped(mount.what())).append(' ').append(escaped(mount.where())).append(' ');
      text.append(escaped(mount.type())).append(' ').append(escaped(mount.options())).append(' ');
      text.append(mount.frequency()).append(' ').append(mount.pass()).append('\n');
    }
    etc.put(
        "fstab",
        new FileNode(
            Metadata.root(0644), Content.of(text.toString().getBytes(StandardCharsets.UTF_8))));
  }

  /** Blanks, control characters and backslashes in octal, as getmntent(3) reads them. */
  private static String escaped(String field) {
    StringBuilder escaped = new StringBuilder();
    for (int i = 0; i < field.length(); i++) {
      char c = field.charAt(i);
      // A number sign at the start of a line would begin a comment.
      if (c <= ' ' || c == '\\' || c == 0x7F || (c == '#' && i == 0)) {
        escaped.append('\\').append(c >> 6).append(c >> 3 & 7).append(c & 7);
      } else {
        escaped.append(c);
      }
    }
    return escaped.toString();
  }
}
