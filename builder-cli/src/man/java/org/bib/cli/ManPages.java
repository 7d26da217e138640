package org.bib.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.codegen.docgen.manpage.ManPageGenerator;

/** Writes an AsciiDoc page for each command: {@code ManPages DIRECTORY}. */
final class ManPages {
  private ManPages() {}

  public static void main(String[] arguments) throws IOException {
    PrintWriter nobody = new PrintWriter(new StringWriter());
    // Nothing is run: no command meets the builder.
    CommandContext context =
        new CommandContext(
            null,
            new Environment(Map.of(), Path.of("/"), InputStream.nullInputStream(), false),
            nobody,
            nobody);
    write(Main.commandLine(context), Path.of(arguments[0]));
  }

  private static void write(CommandLine command, Path directory) throws IOException {
    CommandSpec spec = command.getCommandSpec();
    HelpSections.arrange(spec);
    spec.version("bib " + Version.current().version());
    StringWriter page = new StringWriter();
    ManPageGenerator.writeSingleManPage(new PrintWriter(page, true), spec);
    Files.writeString(
        directory.resolve(spec.qualifiedName("-") + ".1.adoc"),
        // Headings of --help end with a colon, those of manual pages do not.
        page.toString().replaceAll("(?m)^== +(.*?):?$", "== $1"));
    for (CommandLine child : command.getSubcommands().values()) {
      write(child, directory);
    }
  }
}
