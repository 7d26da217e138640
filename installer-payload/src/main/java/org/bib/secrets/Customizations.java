package org.bib.secrets;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.bib.disk.Content;

/**
 * What the configuration adds to the deployment's {@code /etc} and the stateroot's {@code /var}.
 * Each absent value means what {@code useradd} and its kin would do by default.
 */
public record Customizations(
    List<User> users,
    List<Group> groups,
    List<File> files,
    List<Directory> directories,
    Optional<String> hostname) {
  /** Nothing to add. */
  public static final Customizations NONE =
      new Customizations(List.of(), List.of(), List.of(), List.of(), Optional.empty());

  public Customizations {
    users = List.copyOf(users);
    groups = List.copyOf(groups);
    files = List.copyOf(files);
    directories = List.copyOf(directories);
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
