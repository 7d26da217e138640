package org.bib.secrets;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.bib.disk.Content;

/**
 * What the configuration adds to the deployment's {@code /etc} and the stateroot's {@code /var}.
 * Each absent value means what {@code useradd} and its kin would do by default.
 *
 * @param sudoWithoutPassword users, and groups after a {@code %}, that may do all by sudo(8)
 */
public record Customizations(
    List<User> users,
    List<Group> groups,
    List<File> files,
    List<Directory> directories,
    Optional<String> hostname,
    List<String> sudoWithoutPassword) {
  /** Nothing to add. */
  public static final Customizations NONE =
      new Customizations(List.of(), List.of(), List.of(), List.of(), Optional.empty());

  public Customizations {
    users = List.copyOf(users);
    groups = List.copyOf(groups);
    files = List.copyOf(files);
    directories = List.copyOf(directories);
    sudoWithoutPassword = List.copyOf(sudoWithoutPassword);
  }

  /** Nobody may use sudo without a password who could not before. */
  public Customizations(
      List<User> users,
      List<Group> groups,
      List<File> files,
      List<Directory> directories,
      Optional<String> hostname) {
    this(users, groups, files, directories, hostname, List.of());
  }

  /**
   * A user to create, or to change if the image has one of that name.
   *
   * @param password plain text, or a hash as crypt(5) writes it; never shown by {@code toString}
   * @param keys lines of {@code authorized_keys}
   * @param expireDate days since the epoch after which the account is disabled
   */
  public record User(
      String name,
      Optional<String> password,
      List<String> keys,
      List<String> groups,
      Optional<String> home,
      Optional<String> shell,
      OptionalLong uid,
      OptionalLong gid,
      Optional<String> description,
      OptionalLong expireDate,
      boolean forcePasswordReset) {
    public User {
      keys = List.copyOf(keys);
      groups = List.copyOf(groups);
    }

    /** A user of whom nothing is said but keys. */
    public static User withKeys(String name, List<String> keys) {
      return new User(
          name,
          Optional.empty(),
          keys,
          List.of(),
          Optional.empty(),
          Optional.empty(),
          OptionalLong.empty(),
          OptionalLong.empty(),
          Optional.empty(),
          OptionalLong.empty(),
          false);
    }

    /** The same user with more keys. */
    public User withMoreKeys(List<String> more) {
      List<String> all = new ArrayList<>(keys);
      more.stream().filter(key -> !keys.contains(key)).forEach(all::add);
      return new User(
          name,
          password,
          all,
          groups,
          home,
          shell,
          uid,
          gid,
          description,
          expireDate,
          forcePasswordReset);
    }

    @Override
    public String toString() {
      return "User[" + name + "]";
    }
  }

  /** A group to create. */
  public record Group(String name, OptionalLong gid) {}

  /**
   * A file to write.
   *
   * @param path absolute, canonical
   * @param user name or number, root if absent
   * @param group name or number, root if absent
   * @param permissions the low nine bits of the mode, 0644 if absent
   */
  public record File(
      String path,
      Optional<String> user,
      Optional<String> group,
      Optional<Integer> permissions,
      Content data) {}

  /**
   * A directory to make.
   *
   * @param path absolute, canonical
   * @param permissions the low nine bits of the mode, 0755 if absent
   * @param ensureParents whether missing parents are made
   */
  public record Directory(
      String path,
      Optional<String> user,
      Optional<String> group,
      Optional<Integer> permissions,
      boolean ensureParents) {}
}
