package org.bib.secrets;

import java.io.IOException;
import java.util.List;
import org.bib.failure.ConfigException;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;

/** Makes home directories below {@code /var}, from the skeleton, and puts keys into them. */
final class HomeDirectories {
  private final SystemTree system;
  private final Defaults defaults;

  HomeDirectories(SystemTree system, Defaults defaults) {
    this.system = system;
    this.defaults = defaults;
  }

  /** Who owns a home directory, and where it is. */
  record Owner(long uid, long gid, String home) {}

  /** Where a new user lives: where the image's {@code /home} leads. */
  String defaultFor(String user, String where) throws ConfigException {
    SystemTree.Place base = system.resolve(defaults.text("HOME", "/home"));
    if (!base.isBelowVar()) {
      throw new ConfigException(
          where, base.path() + " of the image is not below /var; set home to a directory that is");
    }
    return base.path() + "/" + user;
  }

  /** Makes the home directory if it is not there, and adds the keys that are not there. */
  void make(Customizations.User user, Owner owner, String where)
      throws ConfigException, IOException {
    SystemTree.Place home = system.resolve(owner.home());
    if (!home.isBelowVar()) {
      throw new ConfigException(
          where,
          "home "
              + owner.home()
              + " is not below /var but at "
              + home.path()
              + "; set home to a directory that is");
    }
    if (home.node() == null) {
      DirectoryNode made = new DirectoryNode(system.metadata(0700, owner.uid(), owner.gid()));
      // The home of root has no skeleton; useradd(8) never made it.
      if (owner.uid() != 0) {
        copySkeleton(made, owner);
      }
      system.put(home, made);
    } else if (!(home.node() instanceof DirectoryNode)) {
      throw new ConfigException(where, "home " + home.path() + " is not a directory in the image");
    }
    if (!user.keys().isEmpty()) {
      addKeys(user.keys(), home, owner, where);
    }
  }

  private void copySkeleton(DirectoryNode home, Owner owner) throws ConfigException {
    if (system.resolve(defaults.text("SKEL", "/etc/skel")).node()
        instanceof DirectoryNode skeleton) {
      copyChildren(skeleton, home, owner);
    }
  }

  private static void copyChildren(DirectoryNode from, DirectoryNode to, Owner owner) {
    from.children().forEach((name, node) -> to.put(name, copy(node, owner)));
  }

  private static Node copy(Node node, Owner owner) {
    Metadata metadata = node.metadata().withOwner(owner.uid(), owner.gid());
    if (node instanceof DirectoryNode directory) {
      DirectoryNode copy = new DirectoryNode(metadata);
      copyChildren(directory, copy, owner);
      return copy;
    }
    return node instanceof FileNode file
        ? new FileNode(metadata, file.content())
        : new SymlinkNode(metadata, ((SymlinkNode) node).target());
  }

  private void addKeys(List<String> keys, SystemTree.Place home, Owner owner, String where)
      throws ConfigException, IOException {
    for (String key : keys) {
      if (key.chars().anyMatch(c -> c != '\t' && Character.isISOControl(c))) {
        throw new ConfigException(where, "key must be lines of authorized_keys");
      }
      if (key.contains("PRIVATE KEY")) {
        throw new ConfigException(where, "key is a private key; give the public one");
      }
    }
    SystemTree.Place ssh = system.resolve(home.path() + "/.ssh");
    if (ssh.node() == null) {
      system.put(ssh, new DirectoryNode(system.metadata(0700, owner.uid(), owner.gid())));
    }
    String path = ssh.path() + "/authorized_keys";
    SystemTree.Place place = system.resolve(path);
    if (!place.isBelowVar()) {
      throw new ConfigException(where, path + " leads to " + place.path() + " in the image");
    }
    String before = place.node() instanceof FileNode ? system.readText(path).orElse("") : "";
    StringBuilder text = new StringBuilder(before);
    if (!before.isEmpty() && !before.endsWith("\n")) {
      text.append('\n');
    }
    List<String> present = before.lines().toList();
    for (String key : keys.stream().map(ByteText::utf8).distinct().toList()) {
      if (!present.contains(key)) {
        text.append(key).append('\n');
      }
    }
    if (!text.toString().equals(before)) {
      system.writeText(path, text.toString(), system.metadata(0600, owner.uid(), owner.gid()));
    }
  }
}
