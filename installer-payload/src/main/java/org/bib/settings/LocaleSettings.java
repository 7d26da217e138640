package org.bib.settings;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.bib.disk.Content;
import org.bib.failure.ConfigException;
import org.bib.secrets.SystemTree;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;

/** Language (locale.conf(5)) and keyboard (vconsole.conf(5), keyboard(5)). */
final class LocaleSettings {
  private static final List<String> KEYMAPS =
      List.of("/usr/share/keymaps", "/usr/lib/kbd/keymaps", "/usr/share/kbd/keymaps");

  /** Of systemd: what a key map of the console is to X11. */
  private static final String MODEL_MAP = "/usr/share/systemd/kbd-model-map";

  /** Of glibc (locale/locarchive.h): magic number, and where its table of names is. */
  private static final int ARCHIVE_MAGIC = 0xDE020109;

  private static final int ARCHIVE_HEADER = 28;
  private static final int P_STRING_OFFSET = 20;
  private static final int P_STRING_USED = 24;
  private static final int MAX_STRINGS = 4 << 20;

  private final SystemTree system;
  private final List<String> warnings = new ArrayList<>();

  LocaleSettings(SystemTree system) {
    this.system = system;
  }

  /** Writes the settings and returns what the image cannot honour. */
  List<String> apply(SystemSettings.Locale locale) throws ConfigException, IOException {
    if (locale.language().isPresent()) {
      setLanguage(locale.language().get());
    }
    if (locale.keyboard().isPresent()) {
      setKeyboard(locale.keyboard().get());
    }
    return warnings;
  }

  private void setLanguage(String language) throws ConfigException, IOException {
    Assignments.set(system, "/etc/locale.conf", Map.of("LANG", language));
    // Debian's PAM reads its own file, which may be a link to the other one.
    String debian = "/etc/default/locale";
    SystemTree.Place own = system.resolve(debian);
    boolean isDebian =
        own.node() != null || system.resolve("/usr/sbin/update-locale").node() != null;
    if (isDebian && !own.path().equals(system.resolve("/etc/locale.conf").path())) {
      Assignments.set(system, debian, Map.of("LANG", language));
    }
    if (!hasLocale(language)) {
      warnings.add(
          "customizations.locale.languages: the image has no locale \""
              + language
              + "\", so programs will speak as in C; install it in the image");
    }
  }

  private boolean hasLocale(String name) throws ConfigException, IOException {
    String normal = normalized(name);
    if (List.of("C", "POSIX").contains(name)) {
      return true;
    }
    if (system.resolve("/usr/lib/locale").node() instanceof DirectoryNode locales) {
      if (locales.children().keySet().stream()
          .anyMatch(found -> normalized(found).equals(normal))) {
        return true;
      }
      return locales.child("locale-archive") instanceof FileNode archive
          && names(archive.content()).stream().anyMatch(found -> normalized(found).equals(normal));
    }
    return false;
  }

  /** glibc compares code sets without their punctuation and in lower case. */
  private static String normalized(String locale) {
    int dot = locale.indexOf('.');
    if (dot < 0) {
      return locale;
    }
    int at = locale.indexOf('@', dot);
    String codeSet = at < 0 ? locale.substring(dot) : locale.substring(dot, at);
    return locale.substring(0, dot)
        + "."
        + codeSet.replaceAll("[^A-Za-z0-9]", "").toLowerCase(java.util.Locale.ROOT)
        + (at < 0 ? "" : locale.substring(at));
  }

  private static List<String> names(Content archive) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(ARCHIVE_HEADER).order(ByteOrder.LITTLE_ENDIAN);
    if (archive.size() < ARCHIVE_HEADER) {
      return List.of();
    }
    archive.read(0, header);
    long offset = Integer.toUnsignedLong(header.getInt(P_STRING_OFFSET));
    long used = Integer.toUnsignedLong(header.getInt(P_STRING_USED));
    if (header.getInt(0) != ARCHIVE_MAGIC || used > MAX_STRINGS || offset + used > archive.size()) {
      return List.of();
    }
    ByteBuffer strings = ByteBuffer.allocate(Math.toIntExact(used));
    archive.read(offset, strings);
    return List.of(new String(strings.array(), StandardCharsets.ISO_8859_1).split("\0", -1));
  }

  private void setKeyboard(String keyboard) throws ConfigException, IOException {
    Assignments.set(system, "/etc/vconsole.conf", Map.of("KEYMAP", keyboard));
    Optional<Map<String, String>> xkb = xkb(keyboard);
    String debian = "/etc/default/keyboard";
    boolean isDebian = system.resolve(debian).node() instanceof FileNode;
    if (isDebian && xkb.isPresent()) {
      Assignments.set(system, debian, xkb.get());
    }
    if (!hasKeymap(keyboard) && !(isDebian && xkb.isPresent())) {
      warnings.add(
          "customizations.locale.keyboard: the image has no key map \""
              + keyboard
              + "\"; install it in the image");
    }
  }

  /** The keys of keyboard(5) for a key map of the console, as systemd's table has it. */
  private Optional<Map<String, String>> xkb(String keyboard) throws ConfigException, IOException {
    for (String line : system.readText(MODEL_MAP).orElse("").lines().toList()) {
      String[] fields = line.strip().split("\\s+", -1);
      if (fields.length >= 5 && fields[0].equals(keyboard)) {
        Map<String, String> keys = new TreeMap<>();
        List<String> names = List.of("XKBLAYOUT", "XKBMODEL", "XKBVARIANT", "XKBOPTIONS");
        for (int i = 0; i < names.size(); i++) {
          String value = fields[i + 1];
          if (!value.matches("[A-Za-z0-9_,:+.-]+")) {
            return Optional.empty();
          }
          keys.put(names.get(i), value.equals("-") ? "\"\"" : "\"" + value + "\"");
        }
        return Optional.of(keys);
      }
    }
    return Optional.empty();
  }

  private boolean hasKeymap(String name) throws ConfigException {
    Deque<DirectoryNode> pending = new ArrayDeque<>();
    for (String path : KEYMAPS) {
      if (system.resolve(path).node() instanceof DirectoryNode directory) {
        pending.add(directory);
      }
    }
    while (!pending.isEmpty()) {
      for (Map.Entry<String, Node> entry : pending.remove().children().entrySet()) {
        if (entry.getValue() instanceof DirectoryNode directory) {
          pending.add(directory);
        } else if ((entry.getValue() instanceof FileNode || entry.getValue() instanceof SymlinkNode)
            && (entry.getKey().equals(name + ".map") || entry.getKey().equals(name + ".map.gz"))) {
          return true;
        }
      }
    }
    return false;
  }
}
