package org.bib.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Configurations that are wrong: each ends in status 2 and one line that names the file, the key
 * and the reason, before the image is looked at.
 */
class BadConfigurationTest {
  private static final String BASE = "customizations.";

  @TempDir Path dir;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeEach
  void prepare() throws Exception {
    Files.createDirectory(dir.resolve("sub"));
    Files.write(dir.resolve("binary"), new byte[] {(byte) 0xFF, (byte) 0xFE});
  }

  private int bib(InputStream in, String... arguments) {
    return Main.run(
        arguments,
        new NothingBuilt(),
        new Environment(Map.of("PW", "hunter2", "TWO", "a\nb"), dir.resolve("root"), in, false),
        new PrintWriter(out),
        new PrintWriter(err));
  }

  private void refused(String expected) {
    assertThat(out.toString()).isEmpty();
    assertThat(err.toString().replace(dir + "/", ""))
        .matches("error: [^\\n]+\\n(hint: [^\\n]+\\n)?")
        .startsWith("error: " + expected)
        .doesNotContain("hunter2");
    assertThat(dir.resolve("out")).doesNotExist();
  }

  private void refuses(String name, String text, String expected) throws Exception {
    Path file = Files.writeString(dir.resolve(name), text);
    List<String> command =
        List.of("build", "--output", dir.resolve("out").toString(), "--config", file.toString());
    List<String> all = new ArrayList<>(command);
    all.add("oci:image");
    assertThat(bib(InputStream.nullInputStream(), all.toArray(String[]::new)))
        .as(err.toString())
        .isEqualTo(2);
    refused(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // accounts
        "user=[{}] | user[0].name: is missing",
        "user=[{name='a b'}] | user[0].name: \"a b\" is not a name that Linux takes",
        "user=[{name='u',passwrd='hunter2'}] | user[0].passwrd: unknown key, did you mean"
            + " \"password\"?",
        "user=[{name='u',password=\"hunter2\\u0001\"}] | user[0].password: must not contain control"
            + " characters",
        "user=[{name='u',password='x',password_env='PW'}] | user[0].password_env: cannot stand beside"
            + " password; choose one",
        "user=[{name='u',password_env='NONE'}] | user[0].password_env: the environment has no"
            + " variable \"NONE\"; set it",
        "user=[{name='u',password_env='TWO'}] | user[0].password: must not contain control"
            + " characters",
        "user=[{name='u',password_file='none'}] | user[0].password_file: none: no such file",
        "user=[{name='u',password_file='sub'}] | user[0].password_file: sub: is a directory",
        "user=[{name='u',password_file='binary'}] | user[0].password_file: names a file that is not"
            + " UTF-8 text",
        "user=[{name='u',key_file=5}] | user[0].key_file: must be a string, not an integer",
        "user=[{name='u',expiredate='2030-01-01'}] | user[0].expiredate: must be an integer, not a"
            + " string",
        "user=[{name='u',expiredate=-1}] | user[0].expiredate: must be an integer from 0 to",
        "user=[{name='u',shell='bash'}] | user[0].shell: \"bash\" must be absolute",
        "user=[{name='u',home='/home/../x'}] | user[0].home: \"/home/../x\" must be canonical",
        "user=[{name='u',description='a:b'}] | user[0].description: must not contain \":\"",
        "user=[{name='u',groups=['a,b']}] | user[0].groups: \"a,b\" is not a name that Linux takes",
        "user=[{name='u',gid=4294967295}] | user[0].gid: must be an integer from 0 to 4294967294",
        "group=[{name='g',gid='x'}] | group[0].gid: must be an integer, not a string",
        "group=[{name='g'},{name='g'}] | group: \"g\" is there 2 times",
        "sshkey=[{key='k'}] | sshkey[0].user: is missing",
        "sshkey=[{user='u'}] | sshkey[0].key: is missing",
        "sshkey=[{user='u',key='k',keys='k'}] | sshkey[0].keys: unknown key, did you mean \"key\"?",
        "sudo-nopasswd='u' | sudo-nopasswd: must be an array of strings, not a string",
        "sudo-nopasswd=['ALL, x'] | sudo-nopasswd: \"ALL, x\" is not a name that Linux takes",
        "hostname='-x' | hostname: must be letters, digits",
        // files
        "files=[{path='x'}] | files[0].path: \"x\" must be absolute",
        "files=[{path='/usr/bin/x'}] | files[0].path: \"/usr/bin/x\" is not allowed; paths must be",
        "files=[{path='/etc/shadow'}] | files[0].path: \"/etc/shadow\" is not allowed; it belongs to",
        "files=[{path='/etc/x',mode='0999'}] | files[0].mode: \"0999\" must be three octal digits",
        "files=[{path='/etc/x',user='a b'}] | files[0].user: \"a b\" is neither a name nor a number",
        "files=[{path='/etc/x',uri='http://x'}] | customizations.files[0].uri is not supported: write"
            + " the content as data, or name a file by data_file",
        "files=[{path='/etc/x',data='a',data_file='b'}] | files[0].data_file: cannot stand beside"
            + " data; choose one",
        "files=[{path='/etc/x',data_file='none'}] | files[0].data_file: none: no such file",
        "files=[{path='/etc/x'},{path='/etc/x/y'}] | files: \"/etc/x\" cannot be a file that holds",
        "directories=[{path='/opt/x'}] | directories[0].path: \"/opt/x\" is not allowed",
        "directories=[{path='/etc/x',mode=493}] | directories[0].mode: must be a string, not an"
            + " integer",
        // settings
        "timezone='UTC' | timezone: must be a table, not a string",
        "timezone={timezone='../etc/passwd'} | timezone.timezone: \"../etc/passwd\" is no time zone,"
            + " such as Europe/Berlin",
        "timezone={ntpservers=['a b']} | timezone.ntpservers: \"a b\" is neither a host name nor an",
        "timezone={ntp=['a']} | timezone.ntp: unknown key, did you mean \"ntpservers\"?",
        "locale={languages='de'} | locale.languages: must be an array of strings, not a string",
        "locale={languages=['de DE']} | locale.languages: \"de DE\" is no locale, such as"
            + " de_DE.UTF-8",
        "locale={keyboard='$(x)'} | locale.keyboard: \"$(x)\" is no key map, such as us",
        "services={enable=['a']} | services.enable: unknown key, did you mean \"enabled\"?",
        "services={enabled=['a b']} | services.enabled: \"a b\" is not the name of a unit",
        "services={enabled=['a'],disabled=['a.service']} | services.disabled: \"a.service\" is in"
            + " enabled, too",
        "services={enabled=['a'],masked=['a']} | services.masked: \"a.service\" is in enabled, too",
        "cacerts={pem_certs=['hunter2']} | cacerts.pem_certs[0]: is no certificate in PEM",
        "cacerts={pem_files=['none.pem']} | cacerts.pem_files: none.pem: no such file",
        "fips='yes' | fips: must be true or false, not a string",
        "pull_secret='hunter2' | pull_secret: is no auth file",
        "pull_secret='{\"auths\":{\"r\":{\"auth\":\"hunter2\"}}}' | pull_secret: is no auth file",
        "pull_secret_env='PW' | pull_secret: is no auth file",
        "pull_secret_file='none.json' | pull_secret_file: none.json: no such file",
        "kernel={append=5} | kernel.append: must be a string, not an integer",
        "kernel={apend='x'} | kernel.apend: unknown key, did you mean \"append\"?",
        "bootloader={grub2={serial='$(reboot)'}} | bootloader.grub2.serial: must be arguments of"
            + " GRUB's serial, such as --speed=115200",
        "bootloader={grub2={terminal_input=['a;b']}} | bootloader.grub2.terminal_input: \"a;b\" is no"
            + " terminal of GRUB",
        "bootloader={grub={}} | bootloader.grub: unknown key, did you mean \"grub2\"?",
        "ignition={firstboot={}} | ignition.firstboot.url: is missing; without one set empty = true",
        "ignition={firstboot={url=\"http://x/'\"}} | ignition.firstboot.url: \"http://x/'\" is no URL",
        "ignition={firstboot={url='http://x/',empty=true}} | ignition.firstboot.empty: cannot stand"
            + " beside url; choose one",
        // partitions
        "filesystem=[{mountpoint='/var',minsize=1}] | filesystem[0].mountpoint: \"/var\" is not"
            + " allowed; use /, /boot or a directory of its own below /var, such as /var/data",
        "filesystem=[{mountpoint='/var/home/x',minsize=1}] | filesystem[0].mountpoint: \"/var/home/x\""
            + " is not allowed",
        "filesystem=[{mountpoint='/var/a',minsize='1 ZB'}] | filesystem[0].minsize: \"1 ZB\" is not a"
            + " size; write bytes or a number and a unit, such as 10 GiB",
        "filesystem=[{mountpoint='/',minsize=1}],customizations_disk | filesystem",
        "disk={type='mbr'} | disk.type: unknown partition table type: mbr (valid: gpt, dos)",
        "disk={sector_size=1000} | disk.sector_size: invalid partitioning customizations: sector_size"
            + " must be a power of 2, got 1000",
        "disk={partitions=[{type='luks',minsize=1}]} | disk.partitions[0].type: unknown partition"
            + " type: luks",
        "disk={partitions=[{type='lvm',minsize=1}]} | disk.partitions[0].type: LVM is not made by this"
            + " version; use partitions of type \"plain\"",
        "disk={partitions=[{type='btrfs',minsize=1}]} | disk.partitions[0].type: btrfs is not made by"
            + " this version; use partitions of type \"plain\"",
        "disk={partitions=[{mountpoint='/a',fs_type='ext4'}]} | disk.partitions[0].minsize: minsize is"
            + " required",
        "disk={partitions=[{minsize=1,mountpoint='/boot',fs_type='vfat'}]} |"
            + " disk.partitions[0].fs_type: unsupported filesystem type for \"/boot\": vfat",
        "disk={partitions=[{minsize=1,mountpoint='/a/',fs_type='ext4'}]} |"
            + " disk.partitions[0].mountpoint: mountpoint \"/a/\" is not a canonical path (did you mean"
            + " \"/a\"?)",
        "disk={partitions=[{minsize=1,mountpoint='/a',fs_type='swap'}]} |"
            + " disk.partitions[0].mountpoint: mountpoint for swap partition must be empty",
        "disk={partitions=[{minsize=1,mountpoint='/a',fs_type='ext4',part_type='x'}]} |"
            + " disk.partitions[0].part_type: invalid part_type \"x\": must be a valid UUID",
        "disk={type='dos',partitions=[{minsize=1,mountpoint='/a',fs_type='ext4',part_label='x'}]} |"
            + " disk.partitions[0].part_label: part_label is not supported for dos partition tables",
        "disk={type='dos',partitions=[{minsize=1,fs_type='none'},{minsize=1,fs_type='none'},"
            + "{minsize=1,fs_type='none'},{minsize=1,fs_type='none'},{minsize=1,fs_type='none'}]} |"
            + " disk.partitions: invalid partitioning customizations: \"dos\" partition table type"
            + " only supports up to 4 partitions: got 5",
      })
  void oneKeyIsWrong(String text, String expected) throws Exception {
    boolean both = text.contains(",customizations_disk");
    String toml =
        both
            ? BASE + text.replace(",customizations_disk", "") + "\n" + BASE + "disk={}"
            : BASE + text;
    String prefix = expected.startsWith(BASE) ? "" : BASE;
    refuses(
        "c.toml",
        toml,
        both
            ? "c.toml: customizations.disk: cannot combine disk and filesystem customizations"
            : "c.toml: " + prefix + expected);
  }

  static Stream<List<String>> files() {
    return Stream.of(
        List.of("c.yaml", "", "c.yaml: is neither .toml nor .json; rename it after its format"),
        List.of("c.toml", "[customizations", "c.toml: line 1, column "),
        List.of("c.toml", "a=1\na=2", "c.toml: line "),
        List.of("c.toml", "birds.name='x'", "c.toml: birds: unknown key"),
        List.of("c.toml", "customization={}", "c.toml: customization: unknown key, did you mean "),
        List.of("c.toml", "name=1", "c.toml: name: must be a string, not an integer"),
        List.of("c.json", "", "c.json: "),
        List.of("c.json", "{\"birds\":1}", "c.json: birds: unknown key"),
        List.of("c.json", "{} {}", "c.json: line 1, column 4: not JSON: more than one object"),
        List.of("c.json", "{\"name\":\"a\",\"name\":\"b\"}", "c.json: line 1, "),
        List.of("c.json", "[]", "c.json: "),
        List.of("c.json", "{\"name\":hunter2}", "c.json: line 1, "),
        List.of("c.json", "{\"blueprint\":{\"birds\":1}}", "c.json: birds: unknown key"),
        List.of("c.json", "{\"customizations\":[]}", "c.json: customizations: must be a table"));
  }

  @ParameterizedTest
  @MethodSource("files")
  void theFileIsWrong(List<String> row) throws Exception {
    refuses(row.get(0), row.get(1), row.get(2));
  }

  @Test
  void standardInputIsWrong() {
    String output = dir.resolve("out").toString();
    for (String text : List.of("{\"birds\":1}", "birds=1")) {
      out.getBuffer().setLength(0);
      err.getBuffer().setLength(0);
      InputStream in = new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
      assertThat(bib(in, "build", "--output", output, "--config", "-", "oci:image")).isEqualTo(2);
      refused("standard input: birds: unknown key");
    }
  }

  @Test
  void strictRefusesWhatNoDiskHonoursAllAtOnce() throws Exception {
    String text = "packages=[{name='vim'}]\ncustomizations.firewall.ports=['22:tcp']\n";
    Path file = Files.writeString(dir.resolve("c.toml"), text);
    String config = file.toString();
    String output = dir.resolve("out").toString();
    assertThat(
            bib(
                InputStream.nullInputStream(),
                "build",
                "--strict",
                "--output",
                output,
                "--config",
                config,
                "oci:image"))
        .isEqualTo(2);
    refused(
        "--strict: c.toml: packages: not supported: put it in the container; also c.toml:"
            + " customizations.firewall: not supported: put it in the container");
  }
}
