package org.bib.secrets;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import org.bib.failure.ConfigException;
import org.bib.tree.Metadata;

/**
 * The accounts of a system: what {@code /etc} says, and behind it what nss-altfiles finds in {@code
 * /usr/lib}. Edits go to {@code /etc} only, as shadow-utils makes them.
 */
final class AccountDatabase {
  // passwd(5)
  static final int PASSWORD = 1;
  static final int UID = 2;
  static final int GID = 3;
  static final int GECOS = 4;
  static final int HOME = 5;
  static final int SHELL = 6;
  // shadow(5)
  static final int LAST_CHANGE = 2;
  static final int EXPIRE = 7;
  // group(5)
  private static final int GROUP_GID = 2;
  // login.defs(5): the values where the image gives none.
  private static final long ID_MIN = 1000;
  private static final long ID_MAX = 60_000;
  private static final long SUB_ID_MIN = 100_000;
  private static final long SUB_ID_MAX = 600_100_000;
  private static final long SUB_ID_COUNT = 65_536;

  private final SystemTree system;
  private final Defaults defaults;
  private final AccountFile passwd;
  private final AccountFile shadow;
  private final AccountFile group;
  private final Optional<AccountFile> gshadow;
  private final Optional<AccountFile> subuid;
  private final Optional<AccountFile> subgid;
  private final AccountFile vendorPasswd;
  private final AccountFile vendorGroup;

  private AccountDatabase(SystemTree system, Defaults defaults)
      throws ConfigException, IOException {
    this.system = system;
    this.defaults = defaults;
    passwd = open("/etc/passwd", 7).orElseGet(() -> new AccountFile("", 7));
    shadow = open("/etc/shadow", 9).orElseGet(() -> new AccountFile("", 9));
    group = open("/etc/group", 4).orElseGet(() -> new AccountFile("", 4));
    gshadow = open("/etc/gshadow", 4);
    subuid = open("/etc/subuid", 3);
    subgid = open("/etc/subgid", 3);
    vendorPasswd = open("/usr/lib/passwd", 7).orElseGet(() -> new AccountFile("", 7));
    vendorGroup = open("/usr/lib/group", 4).orElseGet(() -> new AccountFile("", 4));
  }

  static AccountDatabase readFrom(SystemTree system, Defaults defaults)
      throws ConfigException, IOException {
    return new AccountDatabase(system, defaults);
  }

  private Optional<AccountFile> open(String path, int fieldCount)
      throws ConfigException, IOException {
    return system.readText(path).map(text -> new AccountFile(text, fieldCount));
  }

  /** Writes the files that changed. */
  void write() throws ConfigException {
    write("/etc/passwd", passwd, 0644);
    write("/etc/group", group, 0644);
    write("/etc/shadow", shadow, 0600);
    if (gshadow.isPresent()) {
      write("/etc/gshadow", gshadow.get(), 0600);
    }
    if (subuid.isPresent()) {
      write("/etc/subuid", subuid.get(), 0644);
    }
    if (subgid.isPresent()) {
      write("/etc/subgid", subgid.get(), 0644);
    }
  }

  private void write(String path, AccountFile file, int permissionsIfNew) throws ConfigException {
    if (file.isChanged()) {
      Metadata ifNew = system.metadata(permissionsIfNew, 0, 0);
      system.writeText(path, file.text(), ifNew);
    }
  }

  /** The entry of passwd(5), in {@code /etc} or behind it. */
  Optional<List<String>> user(String name) {
    return passwd.find(name).or(() -> vendorPasswd.find(name));
  }

  /** The entry of group(5), in {@code /etc} or behind it. */
  Optional<List<String>> group(String name) {
    return group.find(name).or(() -> vendorGroup.find(name));
  }

  /** The first group with that number, if there is one. */
  Optional<List<String>> groupOf(long gid) {
    return Stream.concat(group.entries().stream(), vendorGroup.entries().stream())
        .filter(fields -> fields.get(GROUP_GID).equals(Long.toString(gid)))
        .findFirst();
  }

  static OptionalLong id(List<String> fields, int index) {
    String text = fields.get(index);
    return text.matches("[0-9]{1,10}") && Long.parseLong(text) <= 0xFFFF_FFFEL
        ? OptionalLong.of(Long.parseLong(text))
        : OptionalLong.empty();
  }

  void putUser(List<String> fields) {
    passwd.put(fields);
  }

  Optional<List<String>> shadow(String name) {
    return shadow.find(name);
  }

  void putShadow(List<String> fields) {
    shadow.put(fields);
  }

  /** Makes a group without members, as groupadd(8) does. */
  void addGroup(String name, long gid) {
    group.put(List.of(name, "x", Long.toString(gid), ""));
    gshadow.ifPresent(file -> file.put(List.of(name, "!", "", "")));
  }

  /**
   * Makes {@code user} a member of {@code groups} and of no other group in {@code /etc}.
   *
   * @param groups all exist
   */
  void setGroups(String user, Collection<String> groups) {
    for (List<String> fields : group.entries()) {
      if (!groups.contains(fields.get(0)) && AccountFile.members(fields).contains(user)) {
        group.put(without(fields, user));
        gshadow
            .flatMap(file -> file.find(fields.get(0)))
            .ifPresent(shadowed -> gshadow.get().put(without(shadowed, user)));
      }
    }
    for (String name : groups) {
      // Where only /usr/lib has the group its entry is brought here: the first that is found
      // counts.
      group(name).ifPresent(fields -> group.put(with(fields, user)));
      gshadow.ifPresent(
          file ->
              file.put(with(file.find(name).orElseGet(() -> List.of(name, "!", "", "")), user)));
    }
  }

  private static List<String> with(List<String> fields, String member) {
    Set<String> members = new LinkedHashSet<>(AccountFile.members(fields));
    members.add(member);
    return AccountFile.withMembers(fields, members);
  }

  private static List<String> without(List<String> fields, String member) {
    List<String> members = new ArrayList<>(AccountFile.members(fields));
    members.removeIf(member::equals);
    return AccountFile.withMembers(fields, members);
  }

  /** The lowest free number for a user. */
  long freeUid(Set<Long> reserved) throws ConfigException {
    Set<Long> used = new HashSet<>(reserved);
    Stream.of(passwd, vendorPasswd)
        .flatMap(file -> file.entries().stream())
        .forEach(fields -> id(fields, UID).ifPresent(used::add));
    return lowestFree("UID", used);
  }

  /** {@code preferred} if it is free, else the lowest free number for a group. */
  long freeGid(OptionalLong preferred, Set<Long> reserved) throws ConfigException {
    Set<Long> used = new HashSet<>(reserved);
    Stream.of(group, vendorGroup)
        .flatMap(file -> file.entries().stream())
        .forEach(fields -> id(fields, GROUP_GID).ifPresent(used::add));
    // A number without a group may still be some user's: that user must not enter a new group.
    Stream.of(passwd, vendorPasswd)
        .flatMap(file -> file.entries().stream())
        .forEach(fields -> id(fields, GID).ifPresent(used::add));
    return preferred.isPresent() && !used.contains(preferred.getAsLong())
        ? preferred.getAsLong()
        : lowestFree("GID", used);
  }

  private long lowestFree(String kind, Set<Long> used) throws ConfigException {
    long max = defaults.number(kind + "_MAX", ID_MAX);
    for (long id = defaults.number(kind + "_MIN", ID_MIN); id <= max; id++) {
      if (!used.contains(id)) {
        return id;
      }
    }
    throw new ConfigException(
        "/etc/login.defs", "the image leaves no free " + kind + " up to " + max + "; give one");
  }

  /** Gives a user ranges of subordinate ids where the image keeps such, as useradd(8) does. */
  void addSubordinateIds(String user) {
    subuid.ifPresent(file -> addRange(file, user, "SUB_UID"));
    subgid.ifPresent(file -> addRange(file, user, "SUB_GID"));
  }

  private void addRange(AccountFile file, String user, String kind) {
    long count = defaults.number(kind + "_COUNT", SUB_ID_COUNT);
    long max = defaults.number(kind + "_MAX", SUB_ID_MAX);
    if (count == 0 || file.find(user).isPresent()) {
      return;
    }
    long start = defaults.number(kind + "_MIN", SUB_ID_MIN);
    boolean moved = true;
    while (moved) {
      moved = false;
      for (List<String> range : file.entries()) {
        OptionalLong from = id(range, 1);
        OptionalLong length = id(range, 2);
        if (from.isPresent() && length.isPresent()) {
          long end = from.getAsLong() + length.getAsLong();
          if (from.getAsLong() < start + count && start < end) {
            start = end;
            moved = true;
          }
        }
      }
    }
    // useradd(8) too makes users without ranges once these are used up.
    if (start + count - 1 <= max) {
      file.put(List.of(user, Long.toString(start), Long.toString(count)));
    }
  }
}
