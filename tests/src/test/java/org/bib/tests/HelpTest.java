package org.bib.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Help, manual pages and completion tell of the same commands and options. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HelpTest {
  /** A line of {@code --help} that begins an option: {@code -h, --help} or {@code --type=TYPE}. */
  private static final Pattern OPTION =
      Pattern.compile("^ +(?:-(\\w), )?(?:    )?(--[a-z0-9-]+)", Pattern.MULTILINE);

  private static final Pattern SUBCOMMAND = Pattern.compile("^  ([a-z]+) ", Pattern.MULTILINE);

  /** Flags of the peer that do nothing here. */
  private static final List<String> HIDDEN =
      List.of(
          "--local",
          "--store",
          "--rpmmd",
          "--use-librepo",
          "--build-container",
          "--in-vm",
          "--installer-payload-ref",
          "--bootc-installer-payload-ref",
          "--aws-ami-name",
          "--aws-bucket",
          "--aws-region");

  private Path dir = Path.of("");
  private Launcher bib = Launcher.NONE;
  private final List<Command> commands = new ArrayList<>();

  /** Every command, such as {@code cache ls}, with its help. */
  private record Command(List<String> words, String help) {
    Set<String> options() {
      return OPTION.matcher(help).results().map(found -> found.group(2)).collect(treeSet());
    }

    String page() {
      return "bib" + words.stream().map(word -> "-" + word).collect(Collectors.joining()) + ".1";
    }

    @Override
    public String toString() {
      return "bib " + String.join(" ", words);
    }
  }

  @BeforeAll
  void prepare() throws IOException, InterruptedException {
    dir = Launcher.directory("bib-help");
    bib = Launcher.install(dir);
    collect(List.of());
    assertThat(commands).as("all are found").hasSizeGreaterThanOrEqualTo(7);
  }

  @AfterAll
  void deleteAll() throws IOException, InterruptedException {
    Tools.run("rm", "-rf", dir.toString());
  }

  private void collect(List<String> words) throws IOException, InterruptedException {
    String[] arguments = Stream.concat(words.stream(), Stream.of("--help")).toArray(String[]::new);
    Result result = bib.run(arguments);
    assertThat(result.status()).as(result.err()).isZero();
    assertThat(result.err()).isEmpty();
    commands.add(new Command(words, result.out()));
    for (String name : subcommands(result.out())) {
      collect(Stream.concat(words.stream(), Stream.of(name)).toList());
    }
  }

  private static List<String> subcommands(String help) {
    int start = help.indexOf("\nCommands:\n");
    if (start < 0) {
      return List.of();
    }
    String section = help.substring(start + "\nCommands:\n".length());
    section = section.substring(0, Math.max(section.indexOf("\n\n"), 0));
    return SUBCOMMAND.matcher(section + "\n").results().map(found -> found.group(1)).toList();
  }

  private static java.util.stream.Collector<String, ?, Set<String>> treeSet() {
    return Collectors.toCollection(TreeSet::new);
  }

  @Test
  void helpTellsOptionsBySectionThenStatusesThenExamples()
      throws IOException, InterruptedException {
    for (Command command : commands) {
      assertThat(command.help())
          .as(command.toString())
          .startsWith("Usage: bib")
          .containsSubsequence("\nGeneral:\n", "\nExit status:\n", "\nExamples:\n")
          .contains(" --help ");
      assertThat(HIDDEN).as(command.toString()).noneMatch(command.options()::contains);
    }
    assertThat(commands.get(1).help())
        .startsWith("Usage: bib build [OPTIONS] IMAGE\n")
        .containsSubsequence(
            "\nArguments:\n",
            "\nSource:\n",
            " --authfile=FILE ",
            "\nDisk:\n",
            " --disk-size=SIZE ",
            "\nOutput:\n",
            " --type=TYPE ",
            "\nGeneral:\n",
            " --progress=MODE ",
            "\nExit status:\n",
            "  2 ",
            "  70 ",
            "\nExamples:\n");
  }

  @Test
  void everyExampleIsAcceptedByTheParser() throws IOException, InterruptedException {
    // Each "bib" of an example becomes one that only reads its words: --help is the last of them.
    Pattern example = Pattern.compile("^ {4}(?:source <\\()?bib ([^|)>\n]*)", Pattern.MULTILINE);
    int found = 0;
    for (Command command : commands) {
      String examples = command.help().substring(command.help().indexOf("\nExamples:\n"));
      for (MatchResult match : example.matcher(examples).results().toList()) {
        String words = match.group(1).strip();
        Result result = bib.shell("\"$0\" " + words + (words.contains("help") ? "" : " --help"));
        assertThat(result.status()).as(words + "\n" + result.err()).isZero();
        found++;
      }
    }
    assertThat(found).isGreaterThanOrEqualTo(commands.size());
  }

  @Test
  void manualPagesTellEveryCommandAndOption() throws IOException, InterruptedException {
    Path pages = dir.resolve("man");
    Tools.checked(Launcher.TOP.resolve("builder-cli/man").toString(), pages.toString());
    try (Stream<Path> made = Files.list(pages)) {
      assertThat(made.map(page -> page.getFileName().toString()))
          .containsExactlyInAnyOrderElementsOf(commands.stream().map(Command::page).toList());
    }
    for (Command command : commands) {
      Path page = pages.resolve(command.page());
      assertThat(Tools.sh("LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l \"$1\" 2>&1 >/dev/null", page))
          .as(page.toString())
          .isEmpty();
      String text = words(Tools.sh("LC_ALL=C.UTF-8 MANWIDTH=500 man -E UTF-8 -l \"$1\"", page));
      String help = command.help();
      assertThat(text).as(page.toString()).contains("NAME " + command.page().replace(".1", ""));
      assertThat(command.options())
          .as(page.toString())
          .isNotEmpty()
          .allSatisfy(option -> assertThat(text).contains(option));
      assertThat(HIDDEN).as(page.toString()).noneMatch(hidden -> text.contains(hidden + " "));
      subcommands(help).forEach(name -> assertThat(text).as(page.toString()).contains(name));
      for (String heading : List.of("GENERAL", "EXIT STATUS", "EXAMPLES")) {
        assertThat(text).as(page.toString()).contains(heading);
      }
      // Not a character of an example is markup.
      help.substring(help.indexOf("\nExamples:\n"))
          .lines()
          .filter(line -> line.startsWith("    "))
          .forEach(line -> assertThat(text).as(page.toString()).contains(words(line)));
    }
  }

  private static String words(String text) {
    return text.strip().replaceAll("\\s+", " ");
  }

  @Test
  void bashCompletesCommandsOptionsAndTheirValues() throws IOException, InterruptedException {
    Path script = dir.resolve("completion");
    Result completion = bib.run("completion", "bash");
    assertThat(completion.status()).as(completion.err()).isZero();
    Files.writeString(script, completion.out());
    for (Command command : commands) {
      String line = command.words().isEmpty() ? "bib" : command.toString();
      assertThat(complete(script, line + " --"))
          .as(command.toString())
          .containsAll(command.options())
          .doesNotContainAnyElementsOf(HIDDEN);
      assertThat(complete(script, line + " "))
          .as(command.toString())
          .containsAll(subcommands(command.help()));
    }
    assertThat(complete(script, "bib build --type ")).contains("qcow2", "raw", "ami");
    assertThat(complete(script, "bib build --rootfs ")).containsExactly("ext4");
    assertThat(complete(script, "bib build --progress ")).contains("term", "json");
    assertThat(complete(script, "bib build --target-arch a")).containsExactly("amd64", "arm64");
    assertThat(complete(script, "bib bui")).containsExactly("build");
    assertThat(complete(script, "bib completion ")).contains("bash", "zsh", "fish");
  }

  /** What bash offers when the tabulator is pressed after {@code line}. */
  private static List<String> complete(Path script, String line)
      throws IOException, InterruptedException {
    String ask =
        """
        compopt() { :; } # works within a completion only
        source "$1"
        COMP_LINE=$2 COMP_POINT=${#2}
        read -ra COMP_WORDS <<<"$2"
        case $2 in *' ') COMP_WORDS+=("") ;; esac
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        function=$(complete -p bib | sed -n 's/.*-F \\([^ ]*\\).*/\\1/p')
        "$function" bib "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf '%s\\n' "${COMPREPLY[@]}"
        """;
    return Tools.checked("bash", "-c", ask, "bash", script.toString(), line)
        .lines()
        .map(String::strip)
        .filter(word -> !word.isEmpty())
        .sorted()
        .toList();
  }
}
