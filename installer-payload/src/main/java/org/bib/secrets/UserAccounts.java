package org.bib.secrets;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.bib.failure.ConfigException;
import org.bib.layout.Seed;

/** Creates users as useradd(8) does and changes those that the image has as usermod(8) does. */
final class UserAccounts {
  /**
   * No password. Not the {@code !} of useradd(8): sshd without PAM takes that for a locked account
   * and refuses even keys, which {@code *} does not do (sshd(8), "login process").
   */
  private static final String NO_PASSWORD = "*";

  private static final long SECONDS_PER_DAY = 86_400;

  private final SystemTree system;
  private final AccountDatabase accounts;
  private final Defaults defaults;
  private final Seed seed;
  private final HomeDirectories homes;
  private final Set<Long> explicitUids = new HashSet<>();
  private final Set<Long> explicitGids;
  private final Set<Long> reservedGids;

  UserAccounts(
      Customizations customizations,
      SystemTree system,
      AccountDatabase accounts,
      Defaults defaults,
      Seed seed) {
    this.system = system;
    this.accounts = accounts;
    this.defaults = defaults;
    this.seed = seed;
    this.homes = new HomeDirectories(system, defaults);
    customizations.users().forEach(user -> user.uid().ifPresent(explicitUids::add));
    explicitGids = explicitGids(customizations);
    reservedGids = reservedGids(customizations);
  }

  /** The gids that are not for a group without a number: those named, and those of named users. */
  static Set<Long> reservedGids(Customizations customizations) {
    Set<Long> gids = explicitGids(customizations);
    customizations.users().forEach(user -> user.uid().ifPresent(gids::add));
    return gids;
  }

  private static Set<Long> explicitGids(Customizations customizations) {
    Set<Long> gids = new HashSet<>();
    customizations.groups().forEach(group -> group.gid().ifPresent(gids::add));
    customizations.users().forEach(user -> user.gid().ifPresent(gids::add));
    return gids;
  }

  void apply(Customizations.User user) throws ConfigException, IOException {
    String where = "customizations.user \"" + user.name() + "\"";
    checkFields(user, where);
    Optional<List<String>> existing = accounts.user(user.name());
    List<String> entry =
        existing.isPresent() ? changed(existing.get(), user, where) : created(user, where);
    accounts.putUser(entry);
    accounts.putShadow(shadow(user, where));
    if (!user.groups().isEmpty()) {
      checkGroups(user, where);
      accounts.setGroups(user.name(), new LinkedHashSet<>(user.groups()));
    }
    if (existing.isEmpty()) {
      accounts.addSubordinateIds(user.name());
    }
    if (existing.isEmpty() || user.home().isPresent() || !user.keys().isEmpty()) {
      homes.make(user, ownerOf(entry, where), where);
    }
  }

  private static HomeDirectories.Owner ownerOf(List<String> entry, String where)
      throws ConfigException {
    OptionalLong uid = AccountDatabase.id(entry, AccountDatabase.UID);
    OptionalLong gid = AccountDatabase.id(entry, AccountDatabase.GID);
    if (uid.isEmpty() || gid.isEmpty()) {
      throw new ConfigException(
          where, "has no uid and gid in the image's passwd; repair the image");
    }
    return new HomeDirectories.Owner(
        uid.getAsLong(), gid.getAsLong(), ByteText.toUnicode(entry.get(AccountDatabase.HOME)));
  }

  private void checkFields(Customizations.User user, String where) throws ConfigException {
    List<String> fields = new ArrayList<>();
    user.home().ifPresent(fields::add);
    user.shell().ifPresent(fields::add);
    user.description().ifPresent(fields::add);
    for (String field : fields) {
      if (field.chars().anyMatch(c -> c == ':' || Character.isISOControl(c))) {
        throw new ConfigException(
            where, "home, shell and description must not contain \":\" or control characters");
      }
    }
    if (user.shell().isPresent() && system.resolve(user.shell().get()).node() == null) {
      throw new ConfigException(
          where, "the image has no " + user.shell().get() + "; choose another shell");
    }
  }

  private void checkGroups(Customizations.User user, String where) throws ConfigException {
    for (String group : user.groups()) {
      if (accounts.group(group).isEmpty()) {
        throw new ConfigException(
            where, "there is no group \"" + group + "\"; add it to customizations.group");
      }
    }
  }

  private List<String> created(Customizations.User user, String where) throws ConfigException {
    long uid = user.uid().isPresent() ? user.uid().getAsLong() : accounts.freeUid(explicitUids);
    return List.of(
        user.name(),
        "x",
        Long.toString(uid),
        Long.toString(primaryGroup(user, uid, where)),
        ByteText.utf8(user.description().orElse("")),
        ByteText.utf8(
            user.home().isPresent() ? user.home().get() : homes.defaultFor(user.name(), where)),
        ByteText.utf8(user.shell().orElse(defaults.text("SHELL", "/bin/sh"))));
  }

  /** The gid asked for, or that of the group of the user's name, made where it is missing. */
  private long primaryGroup(Customizations.User user, long uid, String where)
      throws ConfigException {
    if (user.gid().isPresent() && accounts.groupOf(user.gid().getAsLong()).isPresent()) {
      return user.gid().getAsLong();
    }
    Optional<List<String>> sameName = accounts.group(user.name());
    if (user.gid().isPresent()) {
      if (sameName.isPresent()) {
        throw new ConfigException(
            where,
            "there is no group "
                + user.gid().getAsLong()
                + ", and group \""
                + user.name()
                + "\" has another gid; add one to customizations.group");
      }
      accounts.addGroup(user.name(), user.gid().getAsLong());
      return user.gid().getAsLong();
    }
    if (sameName.isPresent()) {
      return AccountDatabase.id(sameName.get(), 2)
          .orElseThrow(
              () -> new ConfigException(where, "its group has no gid in the image's group file"));
    }
    if (!defaults.hasUserGroups()) {
      // useradd(8), -N: the group "users" of the Linux Standard Base, unless the image names one.
      return defaults.number("GROUP", 100);
    }
    Set<Long> reserved = new HashSet<>(reservedGids);
    if (!explicitGids.contains(uid)) {
      reserved.remove(uid);
    }
    long gid = accounts.freeGid(OptionalLong.of(uid), reserved);
    accounts.addGroup(user.name(), gid);
    return gid;
  }

  private List<String> changed(List<String> entry, Customizations.User user, String where)
      throws ConfigException {
    if (user.uid().isPresent()
        && !user.uid().equals(AccountDatabase.id(entry, AccountDatabase.UID))) {
      throw new ConfigException(
          where,
          "the image has this user with uid "
              + entry.get(AccountDatabase.UID)
              + ", which cannot be changed; leave out uid");
    }
    List<String> changed = entry;
    if (user.gid().isPresent()) {
      long gid = user.gid().getAsLong();
      if (accounts.groupOf(gid).isEmpty()) {
        throw new ConfigException(
            where, "there is no group " + gid + "; add it to customizations.group");
      }
      changed = AccountFile.with(changed, AccountDatabase.GID, Long.toString(gid));
    }
    if (user.password().isPresent()) {
      changed = AccountFile.with(changed, AccountDatabase.PASSWORD, "x");
    }
    changed = withText(changed, AccountDatabase.GECOS, user.description());
    changed = withText(changed, AccountDatabase.HOME, user.home());
    return withText(changed, AccountDatabase.SHELL, user.shell());
  }

  private static List<String> withText(List<String> entry, int index, Optional<String> text) {
    return text.isEmpty() ? entry : AccountFile.with(entry, index, ByteText.utf8(text.get()));
  }

  private List<String> shadow(Customizations.User user, String where)
      throws ConfigException, IOException {
    String today = today();
    List<String> entry =
        accounts
            .shadow(user.name())
            .orElseGet(
                () ->
                    List.of(
                        user.name(),
                        NO_PASSWORD,
                        today,
                        defaults.days("PASS_MIN_DAYS", "0"),
                        defaults.days("PASS_MAX_DAYS", "99999"),
                        defaults.days("PASS_WARN_AGE", "7"),
                        defaults.days("INACTIVE", ""),
                        defaults.days("EXPIRE", ""),
                        ""));
    if (user.password().isPresent()) {
      String hash = PasswordHash.of(user.password().get(), user.name(), seed, where + " password");
      entry = AccountFile.with(entry, AccountDatabase.PASSWORD, hash);
      entry = AccountFile.with(entry, AccountDatabase.LAST_CHANGE, today);
    }
    if (user.forcePasswordReset()) {
      // shadow(5): 0 makes the next login ask for another password.
      entry = AccountFile.with(entry, AccountDatabase.LAST_CHANGE, "0");
    }
    if (user.expireDate().isPresent()) {
      entry =
          AccountFile.with(
              entry, AccountDatabase.EXPIRE, Long.toString(user.expireDate().getAsLong()));
    }
    return entry;
  }

  private String today() {
    long day = Math.floorDiv(system.time().getEpochSecond(), SECONDS_PER_DAY);
    // Day 0 would ask for another password at the next login; as useradd(8), rather no ageing.
    return day > 0 ? Long.toString(day) : "";
  }
}
