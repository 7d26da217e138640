package org.bib.secrets;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.bib.disk.Content;
import org.bib.failure.ConfigException;
import org.bib.layout.Seed;
import org.bib.secrets.Customizations.Directory;
import org.bib.secrets.Customizations.File;
import org.bib.secrets.Customizations.Group;
import org.bib.secrets.Customizations.User;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.bib.tree.Xattrs;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BootstrapSecretsTest {
  private static final Instant TIME = Instant.ofEpochSecond(20_000L * 86_400 + 5);
  private static final Seed SEED = new Seed("seed");
  private static final Metadata DIRECTORY = Metadata.root(0755);
  private static final String KEY = "ssh-ed25519 AAAAC3Nza alice@example";
  private static final String PASSWD =
      """
      root:x:0:0:root:/root:/bin/bash
      daemon:x:1:1:dæmon:/usr/sbin:/usr/sbin/nologin
      old:x:1000:1000::/var/home/old:/bin/sh
      """;
  private static final String SHADOW =
      "root:*:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\nold:!:19000:0:99999:7:::\n";
  private static final String GROUP = "root:x:0:\nsudo:x:27:old\nusers:x:100:\nold:x:1000:\n";
  private static final String GSHADOW = "root:*::\nsudo:*::old\nusers:*::\nold:!::\n";

  private final DirectoryNode etc = new DirectoryNode(DIRECTORY);
  private final DirectoryNode var = new DirectoryNode(DIRECTORY);
  private final DirectoryNode image = new DirectoryNode(DIRECTORY);

  @BeforeEach
  void makeImage() {
    etc.put("passwd", file(PASSWD, 0644));
    etc.put(
        "shadow",
        new FileNode(
            new Metadata(
                0640, 0, 42, Instant.EPOCH, Xattrs.NONE.with("security.selinux", new byte[] {1})),
            Content.of(SHADOW.getBytes(ISO_8859_1))));
    etc.put("group", file(GROUP, 0644));
    etc.put("gshadow", file(GSHADOW, 0640));
    etc.put("login.defs", file("# x\nUID_MIN\t\t 1000\nPASS_MAX_DAYS 99999\n", 0644));
    DirectoryNode skel = etc.directory("skel", DIRECTORY);
    skel.put(".bashrc", file("# rc\n", 0644));
    skel.put("link", new SymlinkNode(Metadata.root(0777), ".bashrc"));
    image.put("home", new SymlinkNode(Metadata.root(0777), "var/home"));
    image.put("root", new SymlinkNode(Metadata.root(0777), "var/roothome"));
    image.put("bin", new SymlinkNode(Metadata.root(0777), "usr/bin"));
    DirectoryNode usr = image.directory("usr", DIRECTORY);
    usr.put("local", new SymlinkNode(Metadata.root(0777), "../var/usrlocal"));
    DirectoryNode bin = usr.directory("bin", DIRECTORY);
    bin.put("sh", file("", 0755));
    bin.put("bash", file("", 0755));
    usr.directory("lib", DIRECTORY).put("group", file("wheel:x:10:\ndialout:x:18:someone\n", 0644));
    usr.directory("lib", DIRECTORY)
        .put("passwd", file("core:x:1001:1001::/home/core:/bin/sh\n", 0644));
  }

  @Test
  void createsUserAsUseraddDoes() throws Exception {
    apply(user("alice").groups("sudo", "users").keys(KEY));
    assertThat(text("/etc/passwd"))
        .isEqualTo(PASSWD + "alice:x:1002:1002::/var/home/alice:/bin/sh\n");
    assertThat(text("/etc/shadow")).isEqualTo(SHADOW + "alice:*:20000:0:99999:7:::\n");
    assertThat(text("/etc/group"))
        .isEqualTo(
            "root:x:0:\nsudo:x:27:old,alice\nusers:x:100:alice\nold:x:1000:\nalice:x:1002:\n");
    assertThat(text("/etc/gshadow"))
        .isEqualTo("root:*::\nsudo:*::old,alice\nusers:*::alice\nold:!::\nalice:!::\n");
  }

  @Test
  void accountFilesPassPwckAndGrpck(@TempDir Path directory) throws Exception {
    apply(
        user("alice")
            .password("secret")
            .groups("sudo", "wheel")
            .description("Älice")
            .expires(30000),
        user("bob").uid(2000).gid(3000).reset());
    for (String name : List.of("passwd", "shadow", "group", "gshadow")) {
      Files.write(directory.resolve(name), text("/etc/" + name).getBytes(ISO_8859_1));
    }
    // Both look for users, groups and homes in the running system; all else must be right.
    assertThat(
            Stream.concat(
                    run("pwck", "-r", directory + "/passwd", directory + "/shadow").lines(),
                    run("grpck", "-r", directory + "/group", directory + "/gshadow").lines())
                .filter(line -> !line.matches(".*(: no group |: directory |: program ).*"))
                .filter(line -> !line.matches(".*(: no user |^delete member |: no changes).*")))
        .isEmpty();
  }

  @Test
  void makesHomeFromSkeleton() throws Exception {
    apply(user("alice").uid(1500).keys(KEY, "ssh-rsa B"));
    assertOwned("/var/home", 0755, 0);
    assertOwned("/var/home/alice", 0700, 1500);
    assertOwned("/var/home/alice/.bashrc", 0644, 1500);
    assertOwned("/var/home/alice/.ssh", 0700, 1500);
    assertOwned("/var/home/alice/.ssh/authorized_keys", 0600, 1500);
    assertThat(node("/var/home/alice/link")).isInstanceOf(SymlinkNode.class);
    assertThat(text("/home/alice/.ssh/authorized_keys")).isEqualTo(KEY + "\nssh-rsa B\n");
    assertThat(image.children().keySet()).containsExactly("bin", "home", "root", "usr");
  }

  @Test
  void keysOfRootGoToTheHomeOfRoot() throws Exception {
    apply(user("root").keys(KEY).password("secret"));
    assertThat(text("/etc/passwd")).isEqualTo(PASSWD);
    assertOwned("/var/roothome", 0700, 0);
    assertThat(((DirectoryNode) node("/var/roothome")).children().keySet()).containsExactly(".ssh");
    assertThat(text("/root/.ssh/authorized_keys")).isEqualTo(KEY + "\n");
    assertThat(text("/etc/shadow")).matches("(?s)root:\\$6\\$[^:]+:20000:0:99999:7:::\ndaemon.*");
  }

  @Test
  void editedFilesKeepOwnerModeAndLabel() throws Exception {
    apply(user("alice"));
    Metadata metadata = node("/etc/shadow").metadata();
    assertThat(metadata.permissions()).isEqualTo(0640);
    assertThat(metadata.gid()).isEqualTo(42);
    assertThat(metadata.xattrs().values()).containsKey("security.selinux");
    assertThat(metadata.mtime()).isEqualTo(TIME);
  }

  @Test
  void appliedTwiceChangesNothingMore() throws Exception {
    Customizations all =
        new Customizations(
            List.of(
                user("alice").password("x").keys(KEY).groups("sudo", "wheel").build(),
                user("old").password("y").keys(KEY).build()),
            List.of(new Group("app", OptionalLong.empty())),
            List.of(file("/etc/app/conf")),
            List.of(directory("/etc/app")),
            Optional.of("host"));
    apply(all);
    Map<String, String> first = texts();
    apply(all);
    assertThat(texts()).isEqualTo(first);
  }

  @Test
  void changesUserAsUsermodDoes() throws Exception {
    apply(
        user("old")
            .uid(1000)
            .groups("users")
            .shell("/bin/bash")
            .description("Old")
            .expires(7)
            .reset());
    assertThat(text("/etc/passwd")).contains("\nold:x:1000:1000:Old:/var/home/old:/bin/bash\n");
    assertThat(text("/etc/shadow")).contains("\nold:!:0:0:99999:7::7:\n");
    assertThat(text("/etc/group")).contains("sudo:x:27:\nusers:x:100:old\n");
    assertThat(text("/etc/gshadow")).contains("sudo:*::\nusers:*::old\n");
    assertThat(system().resolve("/var/home/old").node()).isNull();
  }

  @Test
  void bringsVendorEntriesToEtc() throws Exception {
    apply(user("core").groups("dialout").keys(KEY));
    assertThat(text("/etc/passwd")).endsWith("\ncore:x:1001:1001::/home/core:/bin/sh\n");
    assertThat(text("/etc/group")).endsWith("\ndialout:x:18:someone,core\n");
    assertThat(text("/usr/lib/group")).isEqualTo("wheel:x:10:\ndialout:x:18:someone\n");
    assertOwned("/var/home/core/.ssh", 0700, 1001);
  }

  @Test
  void givesNoNumberTwice() throws Exception {
    apply(
        new Customizations(
            List.of(user("a").build(), user("b").uid(1002).build(), user("c").build()),
            List.of(new Group("g", OptionalLong.of(1003)), new Group("h", OptionalLong.empty())),
            List.of(),
            List.of(),
            Optional.empty()));
    assertThat(text("/etc/passwd"))
        .endsWith(
            """
            a:x:1003:1005::/var/home/a:/bin/sh
            b:x:1002:1002::/var/home/b:/bin/sh
            c:x:1004:1006::/var/home/c:/bin/sh
            """);
    assertThat(text("/etc/group"))
        .endsWith("g:x:1003:\nh:x:1004:\na:x:1005:\nb:x:1002:\nc:x:1006:\n");
  }

  @Test
  void primaryGroupMayBeDeclared() throws Exception {
    apply(
        new Customizations(
            List.of(user("a").build(), user("b").gid(27).build(), user("c").gid(5000).build()),
            List.of(new Group("a", OptionalLong.of(4000))),
            List.of(),
            List.of(),
            Optional.empty()));
    assertThat(text("/etc/passwd")).contains("a:x:1002:4000:", "b:x:1003:27:", "c:x:1004:5000:");
    assertThat(text("/etc/group")).endsWith("a:x:4000:\nc:x:5000:\n");
  }

  @Test
  void imageWithoutAccountFilesGetsThem() throws Exception {
    for (String name : List.of("passwd", "shadow", "group", "gshadow", "login.defs", "skel")) {
      etc.remove(name);
    }
    apply(user("alice").groups("wheel"));
    assertThat(text("/etc/passwd")).isEqualTo("alice:x:1000:1000::/var/home/alice:/bin/sh\n");
    assertThat(text("/etc/group")).isEqualTo("alice:x:1000:\nwheel:x:10:alice\n");
    assertOwned("/etc/shadow", 0600, 0);
    assertThat(etc.child("gshadow")).isNull();
  }

  @Test
  void givesSubordinateIdsInTheFirstGap() throws Exception {
    etc.put("subuid", file("old:100000:65536\nx:231072:65536\n", 0644));
    apply(user("alice"), user("bob"));
    assertThat(text("/etc/subuid"))
        .isEqualTo("old:100000:65536\nx:231072:65536\nalice:165536:65536\nbob:296608:65536\n");
    assertThat(etc.child("subgid")).isNull();
  }

  @Test
  void newEntriesComeBeforeThoseOfNis() throws Exception {
    etc.put("passwd", file("root:x:0:0::/root:/bin/sh\n+::::::", 0644));
    apply(user("alice"));
    assertThat(text("/etc/passwd"))
        .isEqualTo(
            "root:x:0:0::/root:/bin/sh\nalice:x:1000:1002::/var/home/alice:/bin/sh\n+::::::\n");
  }

  @Test
  void buildAtTheEpochAsksForNoOtherPassword() throws Exception {
    BootstrapSecrets.apply(
        of(user("alice").password("x").build()),
        new SystemTree(etc, var, image, Instant.EPOCH),
        SEED);
    assertThat(text("/etc/shadow")).containsPattern("alice:\\$6\\$[^:]+::0:99999:7:::\n");
  }

  @Test
  void writesHostnameFilesAndDirectories() throws Exception {
    etc.put("localtime", new SymlinkNode(Metadata.root(0777), "/usr/share/zoneinfo/UTC"));
    apply(
        new Customizations(
            List.of(user("alice").uid(1500).build()),
            List.of(),
            List.of(
                new File(
                    "/etc/app/d/secret",
                    Optional.of("alice"),
                    Optional.of("sudo"),
                    Optional.of(0640),
                    Content.of(new byte[] {0, -1})),
                file("/etc/localtime"),
                file("/root/x"),
                file("/usr/local/bin/tool")),
            List.of(
                new Directory(
                    "/etc/app/d", Optional.of("1234"), Optional.empty(), Optional.of(0750), true)),
            Optional.of("box")));
    assertThat(text("/etc/hostname")).isEqualTo("box\n");
    assertOwned("/etc/app", 0755, 0);
    assertOwned("/etc/app/d", 0750, 1234);
    assertOwned("/etc/app/d/secret", 0640, 1500);
    assertThat(node("/etc/app/d/secret").metadata().gid()).isEqualTo(27);
    assertThat(text("/etc/app/d/secret")).isEqualTo("\0\u00ff");
    assertThat(etc.child("localtime")).isInstanceOf(FileNode.class);
    assertThat(text("/var/roothome/x")).isEqualTo("data");
    assertOwned("/var/roothome", 0700, 0);
    assertThat(text("/var/usrlocal/bin/tool")).isEqualTo("data");
  }

  @Test
  void keysAreAddedToThoseOfTheImage() throws Exception {
    DirectoryNode ssh =
        var.directory("home", DIRECTORY).directory("old", DIRECTORY).directory(".ssh", DIRECTORY);
    ssh.put("authorized_keys", file("ssh-rsa A", 0644));
    apply(user("old").keys(KEY, "ssh-rsa A"));
    assertThat(text("/var/home/old/.ssh/authorized_keys")).isEqualTo("ssh-rsa A\n" + KEY + "\n");
    assertOwned("/var/home/old/.ssh/authorized_keys", 0644, 0);
  }

  @ParameterizedTest
  @CsvSource({"/usr/lib/passwd", "../../../../usr/lib/passwd", "/nowhere/else"})
  void accountFilesThatLeaveEtcAreRefused(String target) {
    etc.put("passwd", new SymlinkNode(Metadata.root(0777), target));
    assertRefused(() -> apply(user("alice")), "is not below /etc or /var");
  }

  @Test
  void accountFilesThatStayInEtcAreFollowed() throws Exception {
    etc.put("real", file(PASSWD, 0600));
    etc.put("passwd", new SymlinkNode(Metadata.root(0777), "../../etc/real"));
    apply(user("alice"));
    assertThat(text("/etc/real")).contains("alice:");
    assertThat(etc.child("passwd")).isInstanceOf(SymlinkNode.class);
  }

  @Test
  void directoriesThatLeadAwayAreRefused() {
    etc.put("away", new SymlinkNode(Metadata.root(0777), "/usr/lib"));
    etc.put("loop", new SymlinkNode(Metadata.root(0777), "loop"));
    assertRefused(
        () -> apply(files(file("/etc/away/x"))),
        "customizations.files \"/etc/away/x\": leads to /usr/lib/x in the image");
    assertRefused(() -> apply(files(file("/etc/../usr/lib/x"))), "only /etc and /var");
    assertRefused(() -> apply(files(file("/etc/loop/x"))), "40 symbolic links");
    assertRefused(() -> apply(files(file("/etc/none/x"))), "customizations.directories");
    assertRefused(() -> apply(files(file("/etc/skel"))), "has a directory there");
    assertRefused(() -> apply(files(file("/etc/passwd/x"))), "its directory is not in the image");
  }

  @Test
  void homeOutsideVarIsRefused() {
    assertRefused(
        () -> apply(user("alice").home("/opt/alice")),
        "customizations.user \"alice\": home /opt/alice is not below /var");
    image.put("home", new DirectoryNode(DIRECTORY));
    assertRefused(() -> apply(user("bob")), "/home of the image is not below /var; set home");
  }

  @Test
  void whatTheImageCannotTakeIsRefused() {
    assertRefused(() -> apply(user("a").groups("nope")), "there is no group \"nope\"; add it to");
    assertRefused(() -> apply(user("old").uid(7)), "uid 1000, which cannot be changed");
    assertRefused(() -> apply(user("old").gid(7)), "there is no group 7");
    assertRefused(() -> apply(user("a").shell("/bin/zsh")), "the image has no /bin/zsh");
    assertRefused(() -> apply(user("a").description("x:y")), "must not contain \":\"");
    assertRefused(
        () -> apply(user("a").keys("-----BEGIN OPENSSH PRIVATE KEY-----")), "private key");
    assertRefused(() -> apply(groups(new Group("sudo", OptionalLong.of(28)))), "with another gid");
    assertRefused(
        () -> apply(groups(new Group("new", OptionalLong.of(27)))), "belongs to group \"sudo\"");
    assertRefused(
        () ->
            apply(
                files(
                    new File(
                        "/etc/x",
                        Optional.of("ghost"),
                        Optional.empty(),
                        Optional.empty(),
                        Content.EMPTY))),
        "there is no user \"ghost\"; add it to customizations.user");
    etc.put("login.defs", file("UID_MIN 1000\nUID_MAX 1001\n", 0644));
    assertRefused(() -> apply(user("z")), "no free UID up to 1001");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-a", "a:b", "a b", "../a", "a\n", "1a", "äb"})
  void refusesNamesThatUseraddRefuses(String name) {
    assertRefused(() -> apply(user(name)), "is not a name that Linux takes");
    assertRefused(
        () -> apply(groups(new Group(name, OptionalLong.empty()))),
        "is not a name that Linux takes");
  }

  @Test
  void nothingAskedLeavesEverythingAsItIs() throws Exception {
    apply(Customizations.NONE);
    assertThat(text("/etc/passwd")).isEqualTo(PASSWD);
    assertThat(var.children()).isEmpty();
  }

  private static void assertRefused(ThrowingCallable call, String message) {
    assertThatThrownBy(call).isInstanceOf(ConfigException.class).hasMessageContaining(message);
  }

  private void assertOwned(String path, int permissions, long uid) throws Exception {
    Metadata metadata = node(path).metadata();
    assertThat(Integer.toOctalString(metadata.permissions()))
        .as(path)
        .isEqualTo(Integer.toOctalString(permissions));
    assertThat(metadata.uid()).as(path).isEqualTo(uid);
  }

  private void apply(Customizations customizations) throws ConfigException, IOException {
    BootstrapSecrets.apply(customizations, system(), SEED);
  }

  private void apply(UserSpec... users) throws ConfigException, IOException {
    apply(of(Arrays.stream(users).map(UserSpec::build).toArray(User[]::new)));
  }

  private static Customizations of(User... users) {
    return new Customizations(List.of(users), List.of(), List.of(), List.of(), Optional.empty());
  }

  private static Customizations files(File... files) {
    return new Customizations(List.of(), List.of(), List.of(files), List.of(), Optional.empty());
  }

  private static Customizations groups(Group... groups) {
    return new Customizations(List.of(), List.of(groups), List.of(), List.of(), Optional.empty());
  }

  private SystemTree system() {
    return new SystemTree(etc, var, image, TIME);
  }

  private Node node(String path) throws ConfigException {
    Node node = system().resolveParent(path).node();
    if (node == null) {
      throw new AssertionError(path + " is missing");
    }
    return node;
  }

  private String text(String path) throws Exception {
    return system().readText(path).orElseThrow();
  }

  private Map<String, String> texts() throws IOException {
    Map<String, String> texts = new TreeMap<>();
    collect("/etc", etc, texts);
    collect("/var", var, texts);
    return texts;
  }

  private static void collect(String path, Node node, Map<String, String> texts)
      throws IOException {
    StringBuilder text = new StringBuilder(node.metadata().toString());
    if (node instanceof FileNode file) {
      byte[] bytes = new byte[Math.toIntExact(file.content().size())];
      file.content().read(0, ByteBuffer.wrap(bytes));
      text.append(new String(bytes, ISO_8859_1));
    } else if (node instanceof DirectoryNode directory) {
      for (var entry : directory.children().entrySet()) {
        collect(path + "/" + entry.getKey(), entry.getValue(), texts);
      }
    }
    texts.put(path, text.toString());
  }

  private static String run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    return new String(process.getInputStream().readAllBytes(), UTF_8);
  }

  private static FileNode file(String text, int permissions) {
    return new FileNode(Metadata.root(permissions), Content.of(text.getBytes(ISO_8859_1)));
  }

  private static File file(String path) {
    return new File(
        path,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Content.of("data".getBytes(UTF_8)));
  }

  private static Directory directory(String path) {
    return new Directory(path, Optional.empty(), Optional.empty(), Optional.empty(), false);
  }

  private static UserSpec user(String name) {
    return new UserSpec(name);
  }

  private static final class UserSpec {
    private final String name;
    private Optional<String> password = Optional.empty();
    private List<String> keys = List.of();
    private List<String> groups = List.of();
    private Optional<String> home = Optional.empty();
    private Optional<String> shell = Optional.empty();
    private OptionalLong uid = OptionalLong.empty();
    private OptionalLong gid = OptionalLong.empty();
    private Optional<String> description = Optional.empty();
    private OptionalLong expireDate = OptionalLong.empty();
    private boolean reset;

    UserSpec(String name) {
      this.name = name;
    }

    UserSpec password(String value) {
      password = Optional.of(value);
      return this;
    }

    UserSpec keys(String... values) {
      keys = List.of(values);
      return this;
    }

    UserSpec groups(String... values) {
      groups = List.of(values);
      return this;
    }

    UserSpec home(String value) {
      home = Optional.of(value);
      return this;
    }

    UserSpec shell(String value) {
      shell = Optional.of(value);
      return this;
    }

    UserSpec uid(long value) {
      uid = OptionalLong.of(value);
      return this;
    }

    UserSpec gid(long value) {
      gid = OptionalLong.of(value);
      return this;
    }

    UserSpec description(String value) {
      description = Optional.of(value);
      return this;
    }

    UserSpec expires(long day) {
      expireDate = OptionalLong.of(day);
      return this;
    }

    UserSpec reset() {
      reset = true;
      return this;
    }

    User build() {
      return new User(
          name, password, keys, groups, home, shell, uid, gid, description, expireDate, reset);
    }
  }
}
