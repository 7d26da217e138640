package org.bib.cli;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bib.failure.BuildException;
import org.bib.failure.ConfigException;

/** Who is to own the artefacts: {@code --chown UID[:GID]}. */
record Ownership(int uid, int gid) {
  private static final Pattern SYNTAX = Pattern.compile("([0-9]{1,10})(?::([0-9]{1,10}))?");

  /** The JDK hands identifiers to chown(2) as {@code int}. */
  private static final long MAX_ID = Integer.MAX_VALUE;

  /**
   * Reads {@code text}; a missing group is that of this process.
   *
   * @throws ConfigException if it is no owner
   * @throws IOException if this process does not know its group
   */
  static Ownership parse(String text) throws ConfigException, IOException {
    Matcher matcher = SYNTAX.matcher(text);
    if (!matcher.matches()) {
      throw new ConfigException("--chown", "\"" + text + "\" is not UID or UID:GID in numbers");
    }
    int uid = id(matcher.group(1));
    int gid =
        matcher.group(2) == null
            ? (int) Files.getAttribute(Path.of("/proc/self"), "unix:gid")
            : id(matcher.group(2));
    return new Ownership(uid, gid);
  }

  private static int id(String text) throws ConfigException {
    long id = Long.parseLong(text);
    if (id > MAX_ID) {
      throw new ConfigException("--chown", text + " is larger than " + MAX_ID);
    }
    return Math.toIntExact(id);
  }

  /**
   * Tries it on a file of no other use, so that an impossible owner fails before the build.
   *
   * @throws IOException if it cannot be done there
   */
  void probe(Path output) throws IOException {
    Path directory = output.toAbsolutePath().normalize();
    while (!Files.isDirectory(directory) && directory.getParent() != null) {
      directory = directory.getParent();
    }
    Path probe = Files.createTempFile(directory, ".bib-chown-", "");
    try {
      apply(probe);
    } finally {
      Files.delete(probe);
    }
  }

  /**
   * Gives the artefacts, and the directories from {@code output} to them, to the owner.
   *
   * @throws IOException if it cannot be done
   */
  void apply(Path output, List<Path> artefacts) throws IOException {
    Set<Path> paths = new LinkedHashSet<>();
    for (Path artefact : artefacts) {
      paths.add(artefact);
      for (Path parent = artefact.getParent();
          parent != null && parent.startsWith(output) && !parent.equals(output);
          parent = parent.getParent()) {
        paths.add(parent);
      }
    }
    paths.add(output);
    for (Path path : paths) {
      apply(path);
    }
  }

  private void apply(Path path) throws IOException {
    try {
      Files.setAttribute(path, "unix:uid", uid, LinkOption.NOFOLLOW_LINKS);
      Files.setAttribute(path, "unix:gid", gid, LinkOption.NOFOLLOW_LINKS);
    } catch (FileSystemException e) {
      throw new BuildException(
          "--chown: " + path + " cannot be given to " + uid + ":" + gid,
          "run as root, or leave --chown out: the artefacts are yours",
          e);
    }
  }
}
