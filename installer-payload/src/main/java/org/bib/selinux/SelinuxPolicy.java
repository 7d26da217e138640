package org.bib.selinux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.bib.disk.Content;
import org.bib.failure.BuildException;

/**
 * Finds the policy of an image by {@code /etc/selinux/config} (selinux(8); libostree,
 * ostree-sepolicy.c). Compiled files are not read: they say what the text says.
 */
public final class SelinuxPolicy {
  private static final List<String> DIRECTORIES = List.of("etc/selinux", "usr/etc/selinux");
  private static final String DEFAULT_TYPE = "targeted"; // selinux_config.c: SELINUXDEFAULT
  private static final Pattern TYPE = Pattern.compile("[A-Za-z0-9_.-]+");
  private static final long MAX_SIZE = 16 << 20;

  private final Function<String, Optional<Content>> files;

  private SelinuxPolicy(Function<String, Optional<Content>> files) {
    this.files = files;
  }

  /**
   * Reads the policy of an image.
   *
   * @param files regular files of the image by their relative paths, symbolic links followed
   * @return empty if the image has no policy, or one that is disabled
   * @throws BuildException if it is malformed
   */
  public static Optional<FileContexts> find(Function<String, Optional<Content>> files)
      throws IOException {
    return new SelinuxPolicy(files).find();
  }

  private Optional<FileContexts> find() throws IOException {
    for (String directory : DIRECTORIES) {
      Optional<String> config = text(directory + "/config");
      if (config.isPresent()) {
        Optional<String> type = enabledType(config.get());
        return type.isPresent()
            ? read(directory + "/" + type.get() + "/contexts/files/file_contexts")
            : Optional.empty();
      }
    }
    return Optional.empty();
  }

  /** The last SELINUXTYPE if an SELINUX wants it. */
  private static Optional<String> enabledType(String config) throws BuildException {
    boolean enabled = false;
    String type = DEFAULT_TYPE;
    for (String content : config.split("\n", -1)) {
      String line = content.strip();
      if (line.startsWith("SELINUXTYPE=")) {
        type = line.substring("SELINUXTYPE=".length()).strip();
      } else if (line.startsWith("SELINUX=")) {
        String mode = line.substring("SELINUX=".length()).strip().toLowerCase(Locale.ROOT);
        enabled |= mode.startsWith("enforcing") || mode.startsWith("permissive");
      }
    }
    if (enabled && (!TYPE.matcher(type).matches() || type.startsWith("."))) {
      throw new BuildException(
          "SELINUXTYPE in /etc/selinux/config of the image is no name of a directory",
          "set it to that of a policy below /etc/selinux");
    }
    return enabled ? Optional.of(type) : Optional.empty();
  }

  private Optional<FileContexts> read(String path) throws IOException {
    Map<String, String> specifications = new LinkedHashMap<>();
    for (String suffix : List.of("", ".homedirs", ".local")) {
      text(path + suffix).ifPresent(text -> specifications.put("/" + path + suffix, text));
    }
    if (!specifications.containsKey("/" + path)) {
      return Optional.empty();
    }
    return Optional.of(
        FileContexts.parse(
            new FileContexts.Files(
                specifications,
                text(path + ".subs").orElse(""),
                text(path + ".subs_dist").orElse(""))));
  }

  /** A file whose bytes are characters. */
  private Optional<String> text(String path) throws IOException {
    Optional<Content> content = files.apply(path);
    if (content.isEmpty()) {
      return Optional.empty();
    }
    if (content.get().size() > MAX_SIZE) {
      throw new BuildException(
          "/" + path + " of the image is larger than " + MAX_SIZE + " bytes",
          "correct the SELinux policy in the image");
    }
    ByteBuffer buffer = ByteBuffer.allocate(Math.toIntExact(content.get().size()));
    content.get().read(0, buffer);
    return Optional.of(StandardCharsets.ISO_8859_1.decode(buffer.flip()).toString());
  }
}
