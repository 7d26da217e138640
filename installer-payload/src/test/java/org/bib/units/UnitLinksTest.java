package org.bib.units;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.bib.disk.Content;
import org.bib.failure.ConfigException;
import org.bib.secrets.SystemTree;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares links with those of {@code systemctl --root} on the same tree. */
class UnitLinksTest {
  private static final Metadata DIRECTORY = Metadata.root(0755);
  private static final String VENDOR = "usr/lib/systemd/system/";

  private static final Map<String, String> UNITS =
      new TreeMap<>(
          Map.ofEntries(
              unit("simple.service", "WantedBy=multi-user.target"),
              unit(
                  "many.service",
                  "WantedBy=a.target \\\n# no\n b.target\nRequiredBy=c.target\nAlias=other.service"),
              unit("also.service", "Also=simple.service many.service gone.service"),
              unit("socket.socket", "WantedBy=sockets.target\nAlias=\"quoted.socket\""),
              unit("reset.service", "WantedBy=x.target\nWantedBy=\nWantedBy=y.target"),
              unit("default@.service", "WantedBy=getty.target\nDefaultInstance=tty1"),
              unit(
                  "plain@.service",
                  "WantedBy=multi-user.target\nRequiredBy=of-%i.target\nAlias=alias-%p@.service"),
              unit("by@.service", "WantedBy=template@.target"),
              unit("dropin.service", "WantedBy=first.target"),
              unit("nothing.service", ""),
              unit("preset.service", "WantedBy=multi-user.target"),
              unit("ssh.service", "WantedBy=multi-user.target\nAlias=sshd.service"),
              Map.entry(VENDOR + "dropin.service.d/10.conf", "[Install]\nWantedBy=second.target\n"),
              Map.entry(
                  "etc/systemd/system/own.service", "[Install]\nWantedBy=multi-user.target\n")));

  @TempDir Path dir;

  private final DirectoryNode root = new DirectoryNode(DIRECTORY);

  private static Map.Entry<String, String> unit(String name, String install) {
    return Map.entry(
        VENDOR + name,
        "[Unit]\nDescription=x\n[Service]\nExecStart=/bin/true\n"
            + (install.isEmpty() ? "" : "[Install]\n" + install + "\n"));
  }

  private SystemTree system() {
    UNITS.forEach(
        (path, text) -> {
          DirectoryNode at = root;
          String[] names = path.split("/", -1);
          for (int i = 0; i < names.length - 1; i++) {
            at = at.directory(names[i], DIRECTORY);
          }
          at.put(
              names[names.length - 1],
              new FileNode(Metadata.root(0644), Content.of(text.getBytes(UTF_8))));
        });
    root.directory("usr", DIRECTORY)
        .directory("lib", DIRECTORY)
        .directory("systemd", DIRECTORY)
        .directory("system", DIRECTORY)
        .directory("sysinit.target.wants", DIRECTORY)
        .put("preset.service", new SymlinkNode(DIRECTORY, "../preset.service"));
    DirectoryNode etc = root.directory("etc", DIRECTORY);
    etc.directory("systemd", DIRECTORY)
        .directory("system", DIRECTORY)
        .put("dead.service", new SymlinkNode(DIRECTORY, "/dev/null"));
    return new SystemTree(etc, new DirectoryNode(DIRECTORY), root, Instant.EPOCH);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "enable simple.service",
        "enable many.service",
        "enable also.service",
        "enable socket.socket",
        "enable reset.service",
        "enable default@.service",
        "enable default@tty7.service",
        "enable plain@one.service, enable plain@two.service",
        "enable by@.service",
        "enable dropin.service",
        "enable own.service",
        "enable ssh.service",
        "enable ssh.service, disable ssh.service",
        "enable ssh.service, disable sshd.service",
        "enable many.service, enable simple.service, disable many.service",
        "enable also.service, disable also.service",
        "enable default@.service, disable default@tty1.service",
        "enable plain@one.service, enable plain@two.service, disable plain@one.service",
        "enable plain@one.service, enable plain@two.service, disable plain@.service",
        "enable own.service, disable own.service",
        "enable simple.service, enable reset.service, enable dropin.service, enable own.service,"
            + " enable plain@one.service, enable ssh.service, enable many.service,"
            + " disable plain@one.service",
        "mask simple.service",
        "enable simple.service, mask simple.service, mask default@.service",
        "disable nothing.service"
      })
  void linksAreThoseOfSystemctl(String commands)
      throws ConfigException, IOException, InterruptedException {
    SystemTree system = system();
    UnitLinks links = new UnitLinks(system);
    write(root, dir);
    Files.createDirectories(dir.resolve("usr/bin"));
    for (String command : commands.split(", ", -1)) {
      String[] words = command.split(" ", -1);
      switch (words[0]) {
        case "enable" -> links.enable(words[1], "here");
        case "disable" -> links.disable(words[1], "here");
        default -> links.mask(words[1], "here");
      }
      Process systemctl =
          new ProcessBuilder("systemctl", "--root=" + dir, words[0], words[1])
              .redirectErrorStream(true)
              .start();
      String said = new String(systemctl.getInputStream().readAllBytes(), UTF_8);
      assertThat(systemctl.waitFor()).as(said).isZero();
    }
    Path made = Files.createDirectory(dir.resolve("made"));
    write((DirectoryNode) root.find("etc/systemd/system").orElseThrow(), made);
    assertThat(links(made)).isEqualTo(links(dir.resolve("etc/systemd/system")));
  }

  @Test
  void upheldByIsHonoured() throws Exception {
    SystemTree system = system();
    ((DirectoryNode) root.find("usr/lib/systemd/system").orElseThrow())
        .put(
            "up.service",
            new FileNode(
                Metadata.root(0644), Content.of("[Install]\nUpheldBy=x.target\n".getBytes(UTF_8))));
    new UnitLinks(system).enable("up.service", "here");
    assertThat(root.find("etc/systemd/system/x.target.upholds/up.service")).isPresent();
  }

  @Test
  void presetsSayTheSame() throws Exception {
    SystemTree system = system();
    UnitLinks links = new UnitLinks(system);
    links.enable("plain@two.service", "here");
    links.enable("plain@one.service", "here");
    links.enable("also.service", "here");
    links.enable("default@.service", "here");
    links.disable("preset.service", "here");
    links.writePreset();
    assertThat(system.readText("/etc/systemd/system-preset/00-bib.preset"))
        .contains(
            """
            # What the configuration of this disk says of units, for presets.
            disable preset.service
            enable also.service
            enable default@.service tty1
            enable many.service
            enable plain@.service one two
            enable simple.service
            """);
    assertThat(links.warnings())
        .containsExactly(
            "here: unit \"preset.service\" is started all the same, by"
                + " /usr/lib/systemd/system/sysinit.target.wants of the image; mask it");
  }

  @Test
  void whatHasNoEffectIsTold() throws Exception {
    UnitLinks links = new UnitLinks(system());
    links.enable("nothing.service", "e");
    links.disable("gone.service", "d");
    links.mask("gone.service", "m");
    assertThat(links.warnings())
        .containsExactly(
            "e: unit \"nothing.service\" of the image has no [Install] section, so nothing starts it"
                + " but other units",
            "d: the image has no unit \"gone.service\"",
            "m: the image has no unit \"gone.service\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "gone.service | x: the image has no unit \"gone.service\"; add it to the image or to",
        "dead.service | x: unit \"dead.service\" is masked in the image; unmask it there",
        "plain@.service | x: unit \"plain@.service\" is a template; name an instance, such as"
            + " plain@x.service",
      })
  void whatCannotBeEnabledIsRefused(String unit, String message) {
    UnitLinks links = new UnitLinks(system());
    assertThatThrownBy(() -> links.enable(unit, "x"))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(message);
  }

  @Test
  void aFileOfTheAdministratorCannotBeMasked() {
    UnitLinks links = new UnitLinks(system());
    assertThatThrownBy(() -> links.mask("own.service", "x"))
        .hasMessage(
            "x: /etc/systemd/system/own.service of the image is a file, which cannot be masked;"
                + " disable it");
  }

  @Test
  void hostileUnitsOnlyFail() throws Exception {
    SystemTree system = system();
    DirectoryNode units = (DirectoryNode) root.find("usr/lib/systemd/system").orElseThrow();
    units.put("a.service", new SymlinkNode(DIRECTORY, "b.service"));
    units.put("b.service", new SymlinkNode(DIRECTORY, "a.service"));
    units.put("up.service", install("WantedBy=../../../x.target"));
    units.put("alias.service", install("Alias=../../shadow"));
    units.put("machine.service", install("WantedBy=%m.target"));
    units.put("end.service", install("WantedBy=a%"));
    units.put("loop.service", install("Also=loop.service"));
    UnitLinks links = new UnitLinks(system);
    for (String unit : List.of("a", "up", "alias", "machine", "end")) {
      assertThatThrownBy(() -> links.enable(unit + ".service", "x"))
          .as(unit)
          .isInstanceOf(ConfigException.class);
    }
    links.enable("loop.service", "x");
  }

  private static FileNode install(String text) {
    return new FileNode(
        Metadata.root(0644), Content.of(("[Install]\n" + text + "\n").getBytes(UTF_8)));
  }

  private static void write(DirectoryNode directory, Path to) throws IOException {
    for (Map.Entry<String, Node> child : directory.children().entrySet()) {
      Path path = to.resolve(child.getKey());
      if (child.getValue() instanceof DirectoryNode below) {
        write(below, Files.createDirectories(path));
      } else if (child.getValue() instanceof SymlinkNode link) {
        Files.createSymbolicLink(path, Path.of(link.target()));
      } else if (child.getValue() instanceof FileNode file) {
        byte[] bytes = new byte[Math.toIntExact(file.content().size())];
        file.content().read(0, java.nio.ByteBuffer.wrap(bytes));
        Files.write(path, bytes);
      }
    }
  }

  /** All links below a directory; Debian's systemctl says {@code /lib}. */
  private static List<String> links(Path top) throws IOException {
    List<String> links = new ArrayList<>();
    try (Stream<Path> paths = Files.walk(top)) {
      for (Path path : paths.filter(Files::isSymbolicLink).sorted().toList()) {
        links.add(
            top.relativize(path)
                + " -> "
                + Files.readSymbolicLink(path).toString().replaceFirst("^/lib/", "/usr/lib/"));
      }
    }
    return links;
  }
}
