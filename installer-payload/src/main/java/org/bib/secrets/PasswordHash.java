package org.bib.secrets;

import java.io.IOException;
import java.util.List;
import java.util.regex.Pattern;
import org.bib.failure.ConfigException;
import org.bib.layout.Seed;

/** Turns the password of a configuration into the second field of shadow(5). */
final class PasswordHash {
  // The alphabet of crypt(5).
  private static final String ALPHABET =
      "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  // crypt(5), sha512crypt: at most 16 characters of salt.
  private static final int SALT_LENGTH = 16;
  // crypt(5): what complete hashes look like. A truncated one would lock its user out.
  private static final List<Pattern> HASHES =
      List.of(
          Pattern.compile("\\$2b\\$[0-9]{2}\\$[./A-Za-z0-9]{53}"),
          Pattern.compile("\\$5\\$(rounds=[0-9]{4,9}\\$)?[^$:\\s]{1,16}\\$[./A-Za-z0-9]{43}"),
          Pattern.compile("\\$6\\$(rounds=[0-9]{4,9}\\$)?[^$:\\s]{1,16}\\$[./A-Za-z0-9]{86}"),
          Pattern.compile("\\$y\\$[./A-Za-z0-9]+\\$[./A-Za-z0-9]{0,86}\\$[./A-Za-z0-9]{43}"));
  private static final Pattern LOOKS_SUPPORTED = Pattern.compile("\\$(2b|5|6|y)\\$.*");
  private static final Pattern LOOKS_UNSUPPORTED =
      Pattern.compile("\\$(1|2a|2x|2y|3|7|gy|md5|sha1)[$,].*");

  private PasswordHash() {}

  /**
   * The hash of {@code password}: itself if it is one, else sha512crypt with a salt that comes from
   * the seed and the name of the user.
   *
   * @param where the place in the configuration, for messages; these never show the password
   */
  static String of(String password, String user, Seed seed, String where)
      throws ConfigException, IOException {
    if (password.isEmpty()) {
      throw new ConfigException(where, "is empty; leave it out to have no password");
    }
    if (password.chars().anyMatch(Character::isISOControl)) {
      throw new ConfigException(where, "must not contain control characters");
    }
    if (LOOKS_SUPPORTED.matcher(password).matches()) {
      if (HASHES.stream().noneMatch(hash -> hash.matcher(password).matches())) {
        throw new ConfigException(
            where, "begins like a hash but is not a complete one; make it with mkpasswd");
      }
      return password;
    }
    if (LOOKS_UNSUPPORTED.matcher(password).matches()) {
      throw new ConfigException(
          where, "is a hash of a kind that is not taken; use $6$, $5$, $2b$ or $y$");
    }
    return LibCrypt.hash(password, "$6$" + salt(user, seed) + "$");
  }

  private static String salt(String user, Seed seed) {
    byte[] hash = seed.hash("password-salt:" + user);
    StringBuilder salt = new StringBuilder(SALT_LENGTH);
    for (int i = 0; i < SALT_LENGTH; i++) {
      salt.append(ALPHABET.charAt(hash[i] & 0x3F));
    }
    return salt.toString();
  }
}
