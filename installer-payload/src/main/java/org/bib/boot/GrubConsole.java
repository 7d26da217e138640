package org.bib.boot;

import java.util.List;
import java.util.Optional;
import org.bib.tree.DirectoryNode;
import org.bib.tree.Metadata;

/**
 * What GRUB reads from and writes to ({@code customizations.bootloader.grub2}): {@code console.cfg}
 * in its directory, which the static configuration of bootupd and that of bib source.
 *
 * @param input terminals, such as {@code serial} and {@code console}; GRUB's own choice if empty
 * @param output as {@code input}
 * @param serial arguments of GRUB's command {@code serial}, such as {@code --unit=0 --speed=115200}
 */
public record GrubConsole(List<String> input, List<String> output, Optional<String> serial) {
  /** Name of the file. */
  public static final String FILE = "console.cfg";

  public GrubConsole {
    input = List.copyOf(input);
    output = List.copyOf(output);
  }

  /** Puts the file into the tree of {@code /boot}. */
  public void addTo(DirectoryNode boot) {
    StringBuilder text = new StringBuilder();
    serial.ifPresent(arguments -> text.append("serial ").append(arguments).append('\n'));
    append(text, "terminal_input", input);
    append(text, "terminal_output", output);
    boot.directory("grub2", Metadata.root(0700)).put(FILE, GrubConfiguration.file(text.toString()));
  }

  private static void append(StringBuilder text, String command, List<String> terminals) {
    if (!terminals.isEmpty()) {
      text.append(command).append(' ').append(String.join(" ", terminals)).append('\n');
    }
  }
}
