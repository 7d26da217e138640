package org.bib.ostree;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import org.bib.failure.BuildException;
import org.bib.layout.Architecture;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;

/**
 * Kernel arguments in the order of bootc install; one that is there already is not added again.
 * Equal means equal in key, where {@code -} is {@code _}, and in value, quotes around it not
 * counted (bootc, kernel_cmdline).
 */
public final class KernelArguments {
  private static final String DIRECTORY = "usr/lib/bootc/kargs.d";
  private final List<String> arguments = new ArrayList<>();

  /** An argument as it is compared. */
  private record Parameter(String key, String value, boolean hasValue) {
    static Parameter of(String argument) {
      String text = argument;
      if (text.startsWith("\"")) {
        text = text.endsWith("\"") ? text.substring(1, Math.max(1, text.length() - 1)) : text;
      }
      int equals = text.indexOf('=');
      if (equals < 0) {
        return new Parameter(text.replace('-', '_'), "", false);
      }
      String value = text.substring(equals + 1);
      if (value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"")) {
        value = value.substring(1, value.length() - 1);
      }
      return new Parameter(text.substring(0, equals).replace('-', '_'), value, true);
    }
  }

  /**
   * Adds arguments, each as it is.
   *
   * @throws BuildException if one holds a control character, which would end the line of the boot
   *     loader entry
   */
  public KernelArguments add(List<String> more) throws BuildException {
    for (String argument : more) {
      if (argument.chars().anyMatch(Character::isISOControl)) {
        throw new BuildException(
            "kernel argument \""
                + argument.replaceAll("\\p{Cntrl}", "?")
                + "\" has a control"
                + " character",
            "write arguments on one line");
      }
      Parameter parameter = Parameter.of(argument);
      if (!argument.isEmpty()
          && arguments.stream().noneMatch(known -> Parameter.of(known).equals(parameter))) {
        arguments.add(argument);
      }
    }
    return this;
  }

  /**
   * Adds the arguments of a line as {@code bootc install --karg} takes it: split at white space
   * outside quotes.
   *
   * @throws BuildException as {@link #add}
   */
  public KernelArguments addLine(String line) throws BuildException {
    return add(split(line));
  }

  /**
   * Deletes arguments: {@code key=value} the one, {@code key} all with that key. What is not there
   * is passed over.
   */
  public KernelArguments delete(List<String> deletes) {
    for (String delete : deletes) {
      Parameter wanted = Parameter.of(delete);
      arguments.removeIf(
          argument -> {
            Parameter parameter = Parameter.of(argument);
            return wanted.hasValue()
                ? parameter.equals(wanted)
                : parameter.key().equals(wanted.key());
          });
    }
    return this;
  }

  /**
   * Adds what the image brings: {@code [install] kargs}, then {@code /usr/lib/bootc/kargs.d/*.toml}
   * in the order of names; then deletes {@code [install] karg-deletes} (bootc, install.rs and
   * bootc_kargs.rs).
   *
   * @throws BuildException naming a file that cannot be understood
   */
  public KernelArguments addFrom(
      InstallConfig install, DirectoryNode root, Architecture architecture) throws IOException {
    for (String text : install.kargs()) {
      addLine(text);
    }
    for (Map.Entry<String, FileNode> file : files(root).entrySet()) {
      addFrom(file.getKey(), file.getValue(), architecture);
    }
    return delete(install.kargDeletes());
  }

  /** What {@link #addFrom} would say of the files of {@code kargs.d}, of each that is wrong. */
  public static List<BuildException> faults(DirectoryNode root, Architecture architecture)
      throws IOException {
    List<BuildException> faults = new ArrayList<>();
    for (Map.Entry<String, FileNode> file : files(root).entrySet()) {
      try {
        new KernelArguments().addFrom(file.getKey(), file.getValue(), architecture);
      } catch (BuildException e) {
        faults.add(e);
      }
    }
    return faults;
  }

  private static SortedMap<String, FileNode> files(DirectoryNode root) {
    return ImagePath.files(root, DIRECTORY, ".toml");
  }

  private void addFrom(String name, FileNode file, Architecture architecture) throws IOException {
    ImageTable table =
        ImageTable.read("/" + DIRECTORY + "/" + name, file)
            .allow(Set.of("kargs", "match-architectures"))
            .require("kargs");
    List<String> kargs = table.texts("kargs");
    if (table.matches(architecture)) {
      for (String text : kargs) {
        addLine(text);
      }
    }
  }

  /** The arguments so far. */
  public List<String> toList() {
    return List.copyOf(arguments);
  }

  /** Splits a command line at white space outside quotes, as the kernel does. */
  static List<String> split(String line) {
    List<String> parts = new ArrayList<>();
    StringBuilder part = new StringBuilder();
    boolean quoted = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      quoted ^= c == '"';
      if (!quoted && Character.isWhitespace(c)) {
        parts.add(part.toString());
        part.setLength(0);
      } else {
        part.append(c);
      }
    }
    parts.add(part.toString());
    parts.removeIf(String::isEmpty);
    return parts;
  }
}
