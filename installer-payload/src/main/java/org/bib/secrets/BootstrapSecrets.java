package org.bib.secrets;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;
import org.bib.disk.Content;
import org.bib.failure.ConfigException;
import org.bib.layout.Seed;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.Xattrs;
import org.jspecify.annotations.Nullable;

/**
 * Writes what the configuration adds into the trees of a deployment, as groupadd, useradd, usermod
 * and install would in the running system.
 */
public final class BootstrapSecrets {
  // An account's name is a field of passwd(5) and a directory; useradd(8) takes no more than 32.
  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_.-]{0,30}\\$?");
  private static final String SELINUX = "security.selinux";

  private final Customizations customizations;
  private final SystemTree system;
  private final AccountDatabase accounts;
  private final UserAccounts users;

  private BootstrapSecrets(Customizations customizations, SystemTree system, Seed seed)
      throws ConfigException, IOException {
    this.customizations = customizations;
    this.system = system;
    Defaults defaults = Defaults.readFrom(system);
    accounts = AccountDatabase.readFrom(system, defaults);
    users = new UserAccounts(customizations, system, accounts, defaults, seed);
  }

  /**
   * Writes {@code customizations} into {@code system}; nothing else is changed. Applying the same
   * twice changes nothing more.
   *
   * @param system the time of which is that of changes of passwords, too; not the clock, or builds
   *     differ
   * @param seed source of the salts of passwords
   * @return what the image cannot honour, a line each
   * @throws ConfigException if the image cannot take what is asked for; the trees may be changed in
   *     part then
   * @throws IOException if a file of the image cannot be read or libcrypt is missing
   */
  public static List<String> apply(Customizations customizations, SystemTree system, Seed seed)
      throws ConfigException, IOException {
    return customizations.equals(Customizations.NONE)
        ? List.of()
        : new BootstrapSecrets(customizations, system, seed).run();
  }

  private List<String> run() throws ConfigException, IOException {
    addGroups();
    for (Customizations.User user : customizations.users()) {
      checkName(user.name(), "customizations.user");
      users.apply(user);
    }
    accounts.write();
    if (customizations.hostname().isPresent()) {
      addHostname(customizations.hostname().get());
    }
    for (Customizations.Directory directory :
        customizations.directories().stream()
            .sorted(Comparator.comparing(Customizations.Directory::path))
            .toList()) {
      addDirectory(directory);
    }
    for (Customizations.File file : customizations.files()) {
      addFile(file);
    }
    return new Sudoers(system, accounts).allow(customizations.sudoWithoutPassword());
  }

  private static void checkName(String name, String where) throws ConfigException {
    if (!NAME.matcher(name).matches()) {
      throw new ConfigException(where, "\"" + name + "\" is not a name that Linux takes");
    }
  }

  private void addGroups() throws ConfigException {
    Set<Long> reserved = UserAccounts.reservedGids(customizations);
    for (Customizations.Group group : customizations.groups()) {
      checkName(group.name(), "customizations.group");
      String where = "customizations.group \"" + group.name() + "\"";
      Optional<OptionalLong> existing =
          accounts.group(group.name()).map(fields -> AccountDatabase.id(fields, 2));
      if (existing.isPresent()) {
        if (group.gid().isPresent() && !group.gid().equals(existing.get())) {
          throw new ConfigException(
              where, "the image has this group with another gid; leave out gid or rename it");
        }
        continue;
      }
      if (group.gid().isPresent() && accounts.groupOf(group.gid().getAsLong()).isPresent()) {
        throw new ConfigException(
            where,
            "gid "
                + group.gid().getAsLong()
                + " belongs to group \""
                + accounts.groupOf(group.gid().getAsLong()).get().get(0)
                + "\"; choose another");
      }
      accounts.addGroup(
          group.name(),
          group.gid().isPresent()
              ? group.gid().getAsLong()
              : accounts.freeGid(OptionalLong.empty(), reserved));
    }
  }

  private void addHostname(String hostname) throws ConfigException {
    SystemTree.Place place = system.resolveParent("/etc/hostname");
    system.put(
        place,
        new FileNode(
            replacing(place.node(), system.metadata(0644, 0, 0)),
            Content.of((hostname + "\n").getBytes(StandardCharsets.UTF_8))));
  }

  private void addDirectory(Customizations.Directory directory) throws ConfigException {
    String where = "customizations.directories \"" + directory.path() + "\"";
    SystemTree.Place place = system.resolve(directory.path());
    checkWritable(place, where);
    if (!directory.ensureParents() && !system.isDirectory(place.parent())) {
      throw new ConfigException(
          where, "its parent is not in the image; set ensure_parents = true to make it");
    }
    Metadata metadata =
        system.metadata(
            directory.permissions().orElse(0755),
            uid(directory.user(), where),
            gid(directory.group(), where));
    if (place.node() instanceof DirectoryNode existing) {
      system.put(place, existing, replacing(existing, metadata));
    } else if (place.node() == null) {
      system.put(place, new DirectoryNode(metadata));
    } else {
      throw new ConfigException(where, "the image has a file there; choose another path");
    }
  }

  private void addFile(Customizations.File file) throws ConfigException {
    String where = "customizations.files \"" + file.path() + "\"";
    // A link at the end is replaced as install(1) does it: what it leads to belongs to others.
    SystemTree.Place place = system.resolveParent(file.path());
    checkWritable(place, where);
    if (place.node() instanceof DirectoryNode) {
      throw new ConfigException(where, "the image has a directory there; choose another path");
    }
    // What /var lacks is made at boot by systemd-tmpfiles, so the image need not have it.
    if (!place.isBelowVar() && !system.isDirectory(place.parent())) {
      throw new ConfigException(
          where, "its directory is not in the image; add it to customizations.directories");
    }
    Metadata metadata =
        system.metadata(
            file.permissions().orElse(0644), uid(file.user(), where), gid(file.group(), where));
    system.put(place, new FileNode(replacing(place.node(), metadata), file.data()));
  }

  private static void checkWritable(SystemTree.Place place, String where) throws ConfigException {
    if (!place.isWritable()) {
      throw new ConfigException(
          where, "leads to " + place.path() + " in the image; only /etc and /var can be written");
    }
  }

  /** {@code metadata} with the SELinux label of what was there before. */
  private static Metadata replacing(@Nullable Node before, Metadata metadata) {
    if (before == null || !before.metadata().xattrs().values().containsKey(SELINUX)) {
      return metadata;
    }
    byte[] label = Xattrs.bytes(before.metadata().xattrs().values().get(SELINUX));
    return metadata.withXattrs(Xattrs.NONE.with(SELINUX, label));
  }

  private long uid(Optional<String> user, String where) throws ConfigException {
    return user.isEmpty()
        ? 0
        : owner(
            user.get(),
            accounts
                .user(user.get())
                .map(fields -> AccountDatabase.id(fields, AccountDatabase.UID)),
            where,
            "user");
  }

  private long gid(Optional<String> group, String where) throws ConfigException {
    return group.isEmpty()
        ? 0
        : owner(
            group.get(),
            accounts.group(group.get()).map(fields -> AccountDatabase.id(fields, 2)),
            where,
            "group");
  }

  private static long owner(String name, Optional<OptionalLong> id, String where, String kind)
      throws ConfigException {
    if (id.isPresent() && id.get().isPresent()) {
      return id.get().getAsLong();
    }
    if (name.matches("[0-9]{1,10}") && Long.parseLong(name) <= 0xFFFF_FFFEL) {
      return Long.parseLong(name);
    }
    throw new ConfigException(
        where, "there is no " + kind + " \"" + name + "\"; add it to customizations." + kind);
  }
}
