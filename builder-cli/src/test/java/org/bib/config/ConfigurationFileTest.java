package org.bib.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.bib.boot.GrubConsole;
import org.bib.boot.IgnitionFirstBoot;
import org.bib.disk.ByteSize;
import org.bib.failure.ConfigException;
import org.bib.layout.DiskLayout;
import org.bib.secrets.Customizations;
import org.bib.settings.SystemSettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigurationFileTest {
  private static final String CERTIFICATE =
      """
      -----BEGIN CERTIFICATE-----
      MIIBaDCCAQ6gAwIBAgIBATAKBggqhkjOPQQDAjASMRAwDgYDVQQDDAdFeGFtcGxl
      MCAXDTI2MTEyNTE4NTIwNVoYDzIxMjYxMTAxMTg1MjA1WjASMRAwDgYDVQQDDAdF
      eGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaHYhqOC2mmxU3/VnXJea
      f+HXX8idbYBVfumu7LAxxEPEZ9HJ7xfrZ5Jkc1RQUh3i3CQiXD/X0BykHMlAI1p2
      B6NTMFEwHQYDVR0OBBYEFMRIqMyIIG1C/DLS5ZMZhanVWxbtMB8GA1UdIwQYMBaA
      FMRIqMyIIG1C/DLS5ZMZhanVWxbtMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0E
      AwIDSAAwRQIgfbQwkarv6Qoe4pHGKAWB0ZHh5UBNJrT0NHuSCgU2GsMCIQCMMLyD
      0eS9sT+BHvtsAfzfPc7R6Kxe1IsPbgYSMneIoQ==
      -----END CERTIFICATE-----
      """;

  private static final String AUTH =
      "{\"auths\": {\"registry.example\": {\"auth\": \"dXNlcjpzZWNyZXQ=\"}}}";

  private static final Map<String, String> VARIABLES = Map.of("PW", "hunter2", "NEW", "line\n");

  @TempDir Path directory;

  private Configuration toml(String text) throws Exception {
    return ConfigurationFile.read(Files.writeString(directory.resolve("c.toml"), text), VARIABLES);
  }

  private Configuration json(String text) throws Exception {
    return ConfigurationFile.read(Files.writeString(directory.resolve("c.json"), text), VARIABLES);
  }

  private static Configuration stdin(String text) throws Exception {
    return ConfigurationFile.read(
        "standard input",
        new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)),
        VARIABLES);
  }

  private String problem(String text) {
    try {
      toml(text);
      return "none";
    } catch (ConfigException e) {
      return String.valueOf(e.getMessage()).replace(directory + "/", "");
    } catch (Exception e) {
      throw new AssertionError(text, e);
    }
  }

  @Test
  void readsEveryKey() throws Exception {
    Configuration read =
        toml(
            """
            name = "n"
            description = "d"
            version = "1"
            [customizations]
            hostname = "h.example"
            [customizations.kernel]
            append = "a b=c"
            [[customizations.user]]
            name = "u"
            password = "p"
            key = "k1\\n\\nk2\\n"
            groups = ["wheel", "x"]
            home = "/var/home/u"
            shell = "/bin/sh"
            uid = 4294967294
            gid = 7
            description = "U"
            expiredate = 20000
            force_password_reset = true
            [[customizations.group]]
            name = "x"
            gid = 7
            [[customizations.files]]
            path = "/etc/f"
            user = "u"
            group = 7
            mode = "600"
            data = "ü"
            [[customizations.directories]]
            path = "/etc/d"
            mode = "0700"
            ensure_parents = true
            [[customizations.filesystem]]
            mountpoint = "/var/data"
            size = "1.5 GiB"
            """);
    Customizations got = read.customizations();
    Customizations.User user = got.users().get(0);
    assertThat(user.name()).isEqualTo("u");
    assertThat(user.password()).contains("p");
    assertThat(user.keys()).containsExactly("k1", "k2");
    assertThat(user.groups()).containsExactly("wheel", "x");
    assertThat(user.home()).contains("/var/home/u");
    assertThat(user.shell()).contains("/bin/sh");
    assertThat(user.uid()).hasValue(4294967294L);
    assertThat(user.gid()).hasValue(7);
    assertThat(user.description()).contains("U");
    assertThat(user.expireDate()).hasValue(20000);
    assertThat(user.forcePasswordReset()).isTrue();
    assertThat(got.groups()).containsExactly(new Customizations.Group("x", OptionalLong.of(7)));
    Customizations.File file = got.files().get(0);
    assertThat(file.path()).isEqualTo("/etc/f");
    assertThat(file.user()).contains("u");
    assertThat(file.group()).contains("7");
    assertThat(file.permissions()).contains(0600);
    ByteBuffer data = ByteBuffer.allocate(2);
    file.data().read(0, data);
    assertThat(new String(data.array(), StandardCharsets.UTF_8)).isEqualTo("ü");
    Customizations.Directory made = got.directories().get(0);
    assertThat(made.path()).isEqualTo("/etc/d");
    assertThat(made.permissions()).contains(0700);
    assertThat(made.ensureParents()).isTrue();
    assertThat(got.hostname()).contains("h.example");
    assertThat(read.kernelArguments()).containsExactly("a b=c");
    assertThat(read.partitioning().filesystems())
        .containsExactly(new DiskLayout.MinimumSize("/var/data", new ByteSize(1610612736)));
  }

  @Test
  void readsEverySetting() throws Exception {
    Files.writeString(directory.resolve("ca.pem"), CERTIFICATE);
    Files.writeString(directory.resolve("auth.json"), AUTH + "\n");
    Configuration read =
        toml(
            """
            [customizations]
            fips = true
            pull_secret_file = "auth.json"
            sudo-nopasswd = ["u", "%%wheel", "u"]
            [customizations.timezone]
            timezone = "Europe/Berlin"
            ntpservers = ["0.pool.ntp.org", "2001:db8::1"]
            [customizations.locale]
            languages = ["de_DE.UTF-8"]
            keyboard = "de-nodeadkeys"
            [customizations.services]
            enabled = ["a", "b.timer", "c@x.service"]
            disabled = ["d.socket"]
            masked = ["e"]
            [customizations.cacerts]
            pem_certs = ["%s"]
            pem_files = ["ca.pem"]
            [customizations.kernel]
            name = "kernel"
            [customizations.bootloader.grub2]
            terminal_input = ["serial", "console"]
            terminal_output = "serial"
            serial = "serial --unit=0 --speed=115200"
            [customizations.ignition.firstboot]
            url = "https://example.org/config.ign?a=b"
            [[customizations.user]]
            name = "u"
            key = "k1"
            [[customizations.sshkey]]
            user = "u"
            key = "k2"
            [[customizations.sshkey]]
            user = "v"
            key = "k3"
            """
                .formatted(CERTIFICATE.replace("\n", "\\n")));
    SystemSettings settings = read.settings();
    assertThat(settings.clock().timezone()).contains("Europe/Berlin");
    assertThat(settings.clock().servers()).containsExactly("0.pool.ntp.org", "2001:db8::1");
    assertThat(settings.locale().language()).contains("de_DE.UTF-8");
    assertThat(settings.locale().keyboard()).contains("de-nodeadkeys");
    assertThat(settings.services())
        .isEqualTo(
            new SystemSettings.Services(
                List.of("a.service", "b.timer", "c@x.service"),
                List.of("d.socket"),
                List.of("e.service")));
    assertThat(settings.authorities())
        .singleElement()
        .satisfies(authority -> assertThat(authority.pem()).isEqualTo(CERTIFICATE));
    assertThat(settings.fips()).isTrue();
    assertThat(settings.pullSecret()).contains(AUTH + "\n");
    assertThat(settings.console())
        .contains(
            new GrubConsole(
                List.of("serial", "console"),
                List.of("serial"),
                Optional.of("--unit=0 --speed=115200")));
    assertThat(settings.ignition())
        .contains(new IgnitionFirstBoot(Optional.of("https://example.org/config.ign?a=b")));
    Customizations got = read.customizations();
    assertThat(got.sudoWithoutPassword()).containsExactly("u", "%wheel");
    assertThat(got.users().stream().map(Customizations.User::keys))
        .containsExactly(List.of("k1", "k2"), List.of("k3"));
    assertThat(read.warnings()).isEmpty();
    assertThat(read.toString()).doesNotContain("c2VjcmV0");
  }

  @Test
  void secretsMayStandElsewhere() throws Exception {
    Files.createDirectory(directory.resolve("secrets"));
    Files.writeString(directory.resolve("secrets/password"), "hunter2\n");
    Files.writeString(directory.resolve("secrets/key"), "k1\nk2\n");
    Files.write(directory.resolve("secrets/data"), new byte[] {0, (byte) 0xFF});
    Configuration read =
        toml(
            """
            [[customizations.user]]
            name = "u"
            password_file = "secrets/password"
            key_file = "secrets/key"
            [[customizations.files]]
            path = "/etc/f"
            data_file = "secrets/data"
            """);
    Customizations.User user = read.customizations().users().get(0);
    assertThat(user.password()).contains("hunter2");
    assertThat(user.keys()).containsExactly("k1", "k2");
    assertThat(read.customizations().files().get(0).data().size()).isEqualTo(2);
    assertThat(toml("customizations.user=[{name='u',password_env='PW'}]").digest())
        .isEqualTo(toml("customizations.user=[{name='u',password='hunter2'}]").digest());
  }

  @Test
  void standardInputMayBeEither() throws Exception {
    String digest = toml("customizations.hostname='x'").digest();
    assertThat(stdin("customizations.hostname='x'").digest()).isEqualTo(digest);
    assertThat(stdin("[customizations]\nhostname='x'").digest()).isEqualTo(digest);
    assertThat(stdin("\n {\"customizations\":{\"hostname\":\"x\"}}").digest()).isEqualTo(digest);
    assertThat(stdin("{\"blueprint\":{\"customizations\":{\"hostname\":\"x\"}}}").digest())
        .isEqualTo(digest);
    assertThat(stdin("")).isEqualTo(Configuration.EMPTY);
  }

  @Test
  void whatNoDiskHonoursIsToldAllAtOnce() throws Exception {
    Configuration read =
        toml(
            """
            modules = []
            [[packages]]
            name = "vim"
            [customizations]
            partitioning_mode = "lvm"
            [customizations.firewall]
            ports = ["22:tcp"]
            [[customizations.repositories]]
            id = "x"
            [customizations.openscap]
            [customizations.installer]
            unattended = true
            [customizations.kernel]
            name = "kernel-rt"
            [customizations.locale]
            languages = ["C.UTF-8", "de_DE.UTF-8"]
            """);
    assertThat(read.warnings().stream().map(line -> line.replace(directory + "/", "")))
        .containsExactly(
            "c.toml: packages: not supported: put it in the container",
            "c.toml: customizations.firewall: not supported: put it in the container",
            "c.toml: customizations.repositories: not supported: put it in the container",
            "c.toml: customizations.partitioning_mode: not supported: use customizations.filesystem"
                + " or customizations.disk",
            "c.toml: customizations.installer: not supported: it is for installers; on a disk, sudo"
                + " without password is customizations.sudo-nopasswd",
            "c.toml: customizations.kernel.name: not supported: put it in the container",
            "c.toml: customizations.locale.languages: not supported: of several languages only the"
                + " first is set; the others need packages in the container");
  }

  @Test
  void anEmptyFileMeansNothing() throws Exception {
    assertThat(toml("")).isEqualTo(Configuration.EMPTY);
    assertThat(json("{}")).isEqualTo(Configuration.EMPTY);
  }

  @Test
  void formatWrapperAndSpellingOfSizesDoNotChangeTheMeaning() throws Exception {
    String digest =
        toml("[[customizations.filesystem]]\nmountpoint='/'\nminsize='1 GiB'\n").digest();
    assertThat(
            json("{'customizations':{'filesystem':[{'mountpoint':'/','size':1073741824}]}}"
                    .replace('\'', '"'))
                .digest())
        .isEqualTo(digest);
    assertThat(
            json("{'blueprint':{'name':'x','customizations':{'filesystem':[{'minsize':'1024 MiB','mountpoint':'/'}]}}}"
                    .replace('\'', '"'))
                .digest())
        .isEqualTo(digest);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[[customizations.user]]\nname='u'\npassword='p'",
        "[[customizations.user]]\nname='u'\npassword='q'",
        "[[customizations.user]]\nname='u'\nkey='p'",
        "[[customizations.user]]\nname='up'",
        "[[customizations.user]]\nname='u'\nuid=0",
        "[[customizations.group]]\nname='u'",
        "[customizations.kernel]\nappend='u'",
        "[customizations]\nhostname='u'",
        "[customizations]\nsudo-nopasswd=['u']",
        "[customizations]\nfips=true",
        "[customizations.services]\nenabled=['u']",
        "[customizations.services]\ndisabled=['u']",
        "[customizations.ignition.firstboot]\nempty=true"
      })
  void differentMeaningsHaveDifferentDigests(String other) throws Exception {
    assertThat(toml(other).digest())
        .isNotEqualTo(toml("[[customizations.user]]\nname='u'").digest())
        .isNotEqualTo(Configuration.EMPTY.digest());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "birds=1 | c.toml: birds: unknown key",
        "customisations.hostname='x' | c.toml: customisations: unknown key, did you mean"
            + " \"customizations\"?",
        "customizations.users=[] | c.toml: customizations.users: unknown key, did you mean"
            + " \"user\"?",
        "customizations.user=[{name='u',pasword='secret'}] | c.toml:"
            + " customizations.user[0].pasword: unknown key, did you mean \"password\"?",
        "customizations.user=[{}] | c.toml: customizations.user[0].name: is missing",
        "customizations.user=[{name=''}] | c.toml: customizations.user[0].name: must not be empty",
        "customizations.user=[{name='a:b'}] | c.toml: customizations.user[0].name: \"a:b\" is not a"
            + " name that Linux takes",
        "customizations.user={name='a'} | c.toml: customizations.user: must be an array of tables"
            + " ([[customizations.user]]), not a table",
        "customizations.user=['a'] | c.toml: customizations.user[0]: must be a table, not a string",
        "customizations.user=[{name='a'},{name='a'}] | c.toml: customizations.user: \"a\" is there"
            + " 2 times",
        "customizations.user=[{name='a',uid='1'}] | c.toml: customizations.user[0].uid: must be an"
            + " integer, not a string",
        "customizations.user=[{name='a',uid=-1}] | c.toml: customizations.user[0].uid: must be an"
            + " integer from 0 to 4294967294",
        "customizations.user=[{name='a',uid=1.5}] | c.toml: customizations.user[0].uid: must be an"
            + " integer from 0 to 4294967294",
        "customizations.user=[{name='a',groups='x'}] | c.toml: customizations.user[0].groups: must"
            + " be an array of strings, not a string",
        "customizations.user=[{name='a',groups=[1]}] | c.toml: customizations.user[0].groups[0]:"
            + " must be a string, not an integer",
        "customizations.user=[{name='a',password=5}] | c.toml: customizations.user[0].password:"
            + " must be a string, not an integer",
        "customizations.user=[{name='a',home='x'}] | c.toml: customizations.user[0].home: \"x\""
            + " must be absolute",
        "customizations.user=[{name='a',force_password_reset=1}] | c.toml:"
            + " customizations.user[0].force_password_reset: must be true or false, not an integer",
        "customizations.hostname=2026-01-01 | c.toml: customizations.hostname: must be a string,"
            + " not a date or time",
        "customizations.hostname='a_b' | c.toml: customizations.hostname: must be letters, digits,"
            + " \"-\" and \".\", at most 64 of them",
        "customizations.kernel.append=\"a\\nb\" | c.toml: customizations.kernel.append: must be one"
            + " line",
        "customizations.files=[{path='/usr/x'}] | c.toml: customizations.files[0].path: \"/usr/x\""
            + " is not allowed; paths must be below /etc, /root, /usr/local/bin, /usr/local/sbin",
        "customizations.files=[{path='/etc/passwd'}] | c.toml: customizations.files[0].path:"
            + " \"/etc/passwd\" is not allowed; it belongs to the operating system",
        "customizations.files=[{path='/etc/../x'}] | c.toml: customizations.files[0].path:"
            + " \"/etc/../x\" must be canonical",
        "customizations.files=[{path='/etc/x',mode='9'}] | c.toml: customizations.files[0].mode:"
            + " \"9\" must be three octal digits, such as \"0644\"",
        "customizations.files=[{path='/etc/x',mode=0o644}] | c.toml: customizations.files[0].mode:"
            + " must be a string, not an integer",
        "customizations.files=[{path='/etc/x',uri='u'}] | c.toml: customizations.files[0].uri is"
            + " not supported: write the content as data, or name a file by data_file",
        "customizations.files=[{path='/etc/x'},{path='/etc/x'}] | c.toml: customizations.files:"
            + " \"/etc/x\" is there 2 times",
        "customizations.directories=[{path='/var/x'}] | c.toml: customizations.directories[0].path:"
            + " \"/var/x\" is not allowed; paths must be below /etc",
        "customizations.filesystem=[{mountpoint='/ostree',minsize=1}] | c.toml:"
            + " customizations.filesystem[0].mountpoint: \"/ostree\" is not allowed; use /, /boot or"
            + " a directory of its own below /var, such as /var/data",
        "customizations.filesystem=[{mountpoint='/boot/',minsize=1}] | c.toml:"
            + " customizations.filesystem[0].mountpoint: \"/boot/\" must be canonical",
        "customizations.filesystem=[{mountpoint='/'}] | c.toml: customizations.filesystem[0].minsize:"
            + " is missing",
        "customizations.filesystem=[{mountpoint='/',minsize=0}] | c.toml:"
            + " customizations.filesystem[0].minsize: must be greater than 0",
        "customizations.filesystem=[{mountpoint='/',minsize='1 XB'}] | c.toml:"
            + " customizations.filesystem[0].minsize: \"1 XB\" is not a size; write bytes or a number"
            + " and a unit, such as 10 GiB",
        "customizations.filesystem=[{mountpoint='/',minsize=1,size=1}] | c.toml:"
            + " customizations.filesystem[0].minsize: and size cannot both be set: size is an alias"
            + " of minsize",
      })
  void tellsInOneLineWhatIsWrong(String text, String expected) {
    assertThat(problem(text.strip())).isEqualTo(expected.strip());
  }

  @Test
  void tellsEverythingThatIsWrongAtOnce() {
    assertThat(problem("customizations.nam=1\ncustomizations.user=[{name=1}]\nx=1"))
        .startsWith("c.toml: ")
        .doesNotContain("\n")
        .contains("x: unknown key")
        .contains("; also customizations.user[0].name: must be a string, not an integer")
        .contains("customizations.nam: unknown key");
    assertThat(problem("a=1\nb=1\nc=1\nd=1\ne=1\nf=1\ng=1\nh=1\ni=1\nj=1\nk=1\nl=1"))
        .endsWith("; and 2 more");
  }

  @Test
  void tellsTheLineOfASyntaxError() {
    assertThat(problem("name = 'x'\n[customizations\n")).startsWith("c.toml: line 2, column ");
    assertThat(problem("a = 1\na = 2\n")).startsWith("c.toml: line ");
  }

  @Test
  void neverShowsAPassword() throws Exception {
    String user = "[[customizations.user]]\nname='u'\npassword=";
    assertThat(problem(user + "hunter2\n")).doesNotContain("hunter2");
    assertThat(problem(user + "'hunter2\n")).doesNotContain("hunter2");
    assertThat(problem(user + "'''hunter2\n")).doesNotContain("hunter2");
    assertThat(problem(user + "99hunter2\n")).doesNotContain("hunter2");
    assertThat(problem(user + "['hunter2']\n")).doesNotContain("hunter2");
    assertThat(problem(user + "\"hunter2\\u0007\"\n")).doesNotContain("hunter2");
    assertThat(problem(user + "2 hunter2\n")).doesNotContain("hunter2");
    assertThat(toml(user + "'hunter2'\n").toString()).doesNotContain("hunter2");
    assertThatThrownBy(() -> json("{\"customizations\":{\"user\":[{\"password\":hunter2}]}}"))
        .isInstanceOf(ConfigException.class)
        .message()
        .doesNotContain("hunter2");
    assertThatThrownBy(() -> json("{\"password\":123hunter2}"))
        .isInstanceOf(ConfigException.class)
        .message()
        .doesNotContain("hunter2");
  }

  @Test
  void refusesJsonThatIsNoSingleObject() {
    for (String text : new String[] {"", "[]", "null", "{} {}", "{\"a\":1,\"a\":2}", "{"}) {
      assertThatThrownBy(() -> json(text))
          .as(text)
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining("c.json: ");
    }
  }

  @Test
  void refusesFilesThatAreNoConfiguration() throws Exception {
    assertThatThrownBy(() -> ConfigurationFile.read(directory.resolve("c.yaml"), Map.of()))
        .hasMessageEndingWith("c.yaml: is neither .toml nor .json; rename it after its format");
    assertThatThrownBy(() -> ConfigurationFile.read(directory.resolve("none.toml"), Map.of()))
        .hasMessageEndingWith("none.toml: no such file");
    Path binary = directory.resolve("b.toml");
    Files.write(binary, new byte[] {(byte) 0xFF, 0});
    assertThatThrownBy(() -> ConfigurationFile.read(binary, Map.of()))
        .hasMessageEndingWith("b.toml: is not UTF-8 text");
  }
}
