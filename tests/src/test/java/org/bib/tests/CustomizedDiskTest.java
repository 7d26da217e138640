package org.bib.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * A disk of the example OS, with a layer of what other images have, and a configuration that uses
 * every key: mounted read only, and looked at by tools that are not bib's.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CustomizedDiskTest {
  private static final String TIME = "1700000000"; // the first second of no day
  private static final String DAY = "19675";

  private Path dir = Path.of("");
  private Launcher bib = Launcher.NONE;
  private Path image = Path.of("");
  private Path mount = Path.of("");

  /** The deployment, with the stateroot's {@code /var} over it. */
  private Path root = Path.of("");

  private Result build = new Result(-1, "", "");

  @BeforeAll
  void prepare() throws IOException, InterruptedException {
    dir = Launcher.directory("bib-customized");
    bib = Launcher.install(dir);
    image = derive();
    Files.copy(Launcher.TOP.resolve("config-examples/keys/alice.pub"), dir.resolve("alice.pub"));
    Tools.sh(
        "cd \"$1\" && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
            + " -keyout ca.key -out ca.pem -days 36500 -subj /CN=Example",
        dir);
    Files.writeString(dir.resolve("config.toml"), CONFIG);
    Files.setPosixFilePermissions(
        dir.resolve("ca.pem"), PosixFilePermissions.fromString("rw-r--r--"));
    build =
        bib.run(
            Map.of(
                "SOURCE_DATE_EPOCH",
                TIME,
                "ALICE_PASSWORD",
                "correct horse",
                "PULL_SECRET",
                "{\"auths\":{\"registry.example\":{\"auth\":\"dXNlcjpzZWNyZXQ=\"}}}"),
            "build",
            "--type=raw",
            "--no-checksum",
            "--disk-size=minimal",
            "--config",
            dir.resolve("config.toml").toString(),
            "--output",
            dir.resolve("disks").toString(),
            reference());
    assertThat(build.status()).as(build.err()).isZero();
    mount = Files.createDirectory(dir.resolve("mount"));
    Tools.sh(
        """
        set -e
        part() { # NUMBER DIRECTORY
          at=$(sfdisk --json "$disk" | jq ".partitiontable.partitions[$1 - 1] | .start, .size" | tr '\\n' ' ')
          set -- $2 $at
          mount -o "ro,noload,loop,offset=$(($2 * 512)),sizelimit=$(($3 * 512))" "$disk" "$1"
        }
        disk=$1 mount=$2
        mkdir "$mount/root" "$mount/boot"
        part 4 "$mount/root"
        part 3 "$mount/boot"
        mount --bind "$mount/root/ostree/deploy/default/var" "$mount"/root/ostree/deploy/default/deploy/*.0/var
        """,
        dir.resolve("disks/image/disk.raw"),
        mount);
    try (Stream<Path> deployments =
        Files.list(mount.resolve("root/ostree/deploy/default/deploy"))) {
      root = deployments.filter(Files::isDirectory).findFirst().orElseThrow();
    }
  }

  @AfterAll
  void deleteAll() throws IOException, InterruptedException {
    Tools.sh(
        "umount \"$2\"/var; umount \"$1/root\"; umount \"$1/boot\"; rm -rf \"$3\"",
        mount,
        root,
        dir);
  }

  private static final String CONFIG =
      """
      [customizations]
      hostname = "box.example"
      fips = true
      pull_secret_env = "PULL_SECRET"
      sudo-nopasswd = ["alice", "%ops"]
      [customizations.kernel]
      name = "kernel"
      append = "quiet"
      [customizations.timezone]
      timezone = "Europe/Berlin"
      ntpservers = ["ntp.example"]
      [customizations.locale]
      languages = ["C.UTF-8"]
      keyboard = "us"
      [customizations.services]
      enabled = ["demo.service", "tmpl@one.service", "own"]
      disabled = ["ssh.service", "getty@.service"]
      masked = ["systemd-pstore.service"]
      [customizations.cacerts]
      pem_files = ["ca.pem"]
      [customizations.bootloader.grub2]
      serial = "--unit=1"
      terminal_input = ["serial"]
      terminal_output = ["serial", "console"]
      [customizations.ignition.firstboot]
      url = "https://example.org/config.ign"
      [[customizations.group]]
      name = "ops"
      gid = 2500
      [[customizations.user]]
      name = "alice"
      description = "Alice Example"
      password_env = "ALICE_PASSWORD"
      key_file = "alice.pub"
      groups = ["ops", "sudo"]
      home = "/var/home/al"
      shell = "/bin/bash"
      uid = 2001
      gid = 2500
      expiredate = 25000
      force_password_reset = true
      [[customizations.user]]
      name = "bob"
      [[customizations.sshkey]]
      user = "root"
      key_file = "alice.pub"
      [[customizations.directories]]
      path = "/etc/app/d"
      user = "alice"
      group = "ops"
      mode = "0750"
      ensure_parents = true
      [[customizations.files]]
      path = "/etc/app/d/secret"
      user = "alice"
      group = "ops"
      mode = "0640"
      data = "s"
      [[customizations.files]]
      path = "/etc/systemd/system/own.service"
      data = "[Service]\\nExecStart=/bin/true\\n[Install]\\nWantedBy=multi-user.target\\n"
      [[customizations.files]]
      path = "/usr/local/bin/tool"
      mode = "0755"
      data = "#!/bin/sh\\n"
      [customizations.firewall]
      ports = ["22:tcp"]
      """;

  /** The example with what images of other families have. */
  private Path derive() throws IOException, InterruptedException {
    Path layer = Files.createDirectory(dir.resolve("layer"));
    for (Map.Entry<String, String> file :
        Map.of(
                "usr/lib/systemd/system/demo.service",
                """
                [Service]
                ExecStart=/bin/true
                [Install]
                WantedBy=multi-user.target
                RequiredBy=graphical.target
                Alias=also-demo.service
                Also=demo.timer
                """,
                "usr/lib/systemd/system/demo.timer",
                "[Timer]\nOnBootSec=1\n[Install]\nWantedBy=timers.target\n",
                "usr/lib/systemd/system/tmpl@.service",
                "[Service]\nExecStart=/bin/true %i\n[Install]\nWantedBy=multi-user.target\n",
                "etc/chrony.conf",
                "pool 2.fedora.pool.ntp.org iburst\n",
                "etc/timezone",
                "Etc/UTC\n",
                "usr/share/crypto-policies/FIPS/openssl.txt",
                "x",
                "usr/lib/dracut/modules.d/01fips/module-setup.sh",
                "",
                "usr/share/keymaps/i386/qwerty/us.map.gz",
                "")
            .entrySet()) {
      Path path = layer.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.writeString(path, file.getValue());
    }
    return withLayer("image", layer);
  }

  private Path withLayer(String name, Path layer) throws IOException, InterruptedException {
    Path target = dir.resolve(name);
    Tools.sh(
        "mkdir \"$2\" && skopeo copy -q oci:\"$1\":latest oci:\"$2\":x"
            + " && tar --owner=0 --group=0 -C \"$3\" -cf \"$2.tar\" ."
            + " && umoci raw add-layer --image \"$2:x\" \"$2.tar\" && chmod -R a+rX \"$2\"",
        Launcher.EXAMPLE,
        target,
        layer);
    return target;
  }

  private String reference() {
    return "oci:" + image + ":x";
  }

  private String text(String path) throws IOException {
    return Files.readString(root.resolve(path));
  }

  private String stat(String path) throws IOException, InterruptedException {
    return Tools.checked("stat", "-c", "%a %u:%g", root.resolve(path).toString()).strip();
  }

  @Test
  void whatCannotBeHonouredIsToldAllAtOnce() {
    assertThat(build.err().lines().filter(line -> line.contains("customizations.")))
        .containsExactly(
            "warning: "
                + dir.resolve("config.toml")
                + ": customizations.firewall: not supported: put it in the container");
    assertThat(build.err()).doesNotContain("correct horse", "dXNlcjpzZWNyZXQ");
  }

  @Test
  void accountsAreThoseThatWereAskedFor() throws IOException, InterruptedException {
    assertThat(Tools.run("pwck", "-q", "-r", "-R", root.toString()).out())
        .doesNotContain("alice", "bob", "ops");
    Tools.checked("grpck", "-r", "-R", root.toString());
    assertThat(text("etc/passwd"))
        .contains("\nalice:x:2001:2500:Alice Example:/var/home/al:/bin/bash\n");
    assertThat(text("etc/group")).contains("ops:x:2500:alice\n").containsPattern("sudo:.*alice");
    String shadow =
        text("etc/shadow")
            .lines()
            .filter(line -> line.startsWith("alice:"))
            .findFirst()
            .orElseThrow();
    String[] fields = shadow.split(":", -1);
    assertThat(fields[2]).as("must be changed at the next login").isEqualTo("0");
    assertThat(fields[7]).isEqualTo("25000");
    String salt = fields[1].split("\\$", -1)[2];
    assertThat(Tools.checked("openssl", "passwd", "-6", "-salt", salt, "correct horse").strip())
        .isEqualTo(fields[1]);
    assertThat(text("etc/shadow")).contains("\nbob:*:" + DAY + ":");
    String key = Files.readString(dir.resolve("alice.pub"));
    assertThat(text("var/home/al/.ssh/authorized_keys")).isEqualTo(key);
    assertThat(stat("var/home/al/.ssh/authorized_keys")).isEqualTo("600 2001:2500");
    assertThat(stat("var/home/al")).isEqualTo("700 2001:2500");
    assertThat(text("var/roothome/.ssh/authorized_keys")).isEqualTo(key);
  }

  @Test
  void sudoTakesTheDropIn() throws IOException, InterruptedException {
    String file = "etc/sudoers.d/90-bib-nopasswd";
    assertThat(stat(file)).isEqualTo("440 0:0");
    Tools.checked("visudo", "-c", "-q", "-f", root.resolve(file).toString());
    assertThat(text(file))
        .isEqualTo("alice\tALL=(ALL:ALL)\tNOPASSWD: ALL\n%ops\tALL=(ALL:ALL)\tNOPASSWD: ALL\n");
  }

  @Test
  void filesHaveModesAndOwnersByName() throws IOException, InterruptedException {
    assertThat(stat("etc/app")).isEqualTo("755 0:0");
    assertThat(stat("etc/app/d")).isEqualTo("750 2001:2500");
    assertThat(stat("etc/app/d/secret")).isEqualTo("640 2001:2500");
    assertThat(text("etc/app/d/secret")).isEqualTo("s");
    assertThat(stat("var/usrlocal/bin/tool")).isEqualTo("755 0:0");
    assertThat(text("etc/hostname")).isEqualTo("box.example\n");
    assertThat(stat("etc/ostree/auth.json")).isEqualTo("600 0:0");
    assertThat(
            Tools.checked(
                    "jq",
                    "-r",
                    ".auths[\"registry.example\"].auth|@base64d",
                    root.resolve("etc/ostree/auth.json").toString())
                .strip())
        .isEqualTo("user:secret");
  }

  @Test
  void systemdFindsTheSettings() throws IOException, InterruptedException {
    // systemd-firstboot sets what is missing: with everything there it changes nothing.
    assertThat(Files.readSymbolicLink(root.resolve("etc/localtime")))
        .hasToString("../usr/share/zoneinfo/Europe/Berlin");
    assertThat(root.resolve("etc/localtime").toRealPath())
        .isEqualTo(root.resolve("usr/share/zoneinfo/Europe/Berlin").toRealPath());
    assertThat(text("etc/timezone")).isEqualTo("Europe/Berlin\n");
    assertThat(text("etc/chrony.conf")).isEqualTo("server ntp.example iburst\n");
    assertThat(Tools.sh(". \"$1/etc/locale.conf\" && echo \"$LANG\"", root)).isEqualTo("C.UTF-8\n");
    assertThat(Tools.sh(". \"$1/etc/vconsole.conf\" && echo \"$KEYMAP\"", root)).isEqualTo("us\n");
    assertThat(text("etc/crypto-policies/config")).isEqualTo("FIPS\n");
    assertThat(Files.readSymbolicLink(root.resolve("etc/crypto-policies/back-ends/openssl.config")))
        .hasToString("/usr/share/crypto-policies/FIPS/openssl.txt");
  }

  @Test
  void unitsAreEnabledAsSystemctlDoesIt() throws IOException, InterruptedException {
    assertThat(isEnabled("demo.service")).isEqualTo("enabled");
    assertThat(isEnabled("demo.timer")).isEqualTo("enabled");
    assertThat(isEnabled("also-demo.service")).isEqualTo("alias");
    assertThat(isEnabled("tmpl@one.service")).isEqualTo("enabled");
    assertThat(isEnabled("own.service")).isEqualTo("enabled");
    assertThat(isEnabled("ssh.service")).isEqualTo("disabled");
    assertThat(isEnabled("systemd-pstore.service")).isEqualTo("masked");
    assertThat(isEnabled("bib-ca-trust.service")).isEqualTo("enabled");
    Path oracle = dir.resolve("oracle");
    Tools.sh(
        "mkdir -p \"$2/etc/systemd\" \"$2/usr/lib/systemd\" && cp -a \"$1/usr/lib/systemd/system\""
            + " \"$2/usr/lib/systemd\" && cp -a \"$1/usr/etc/systemd/system\" \"$2/etc/systemd\""
            + " && cp \"$1\"/etc/systemd/system/*.service \"$2/etc/systemd/system\" 2>/dev/null;"
            + " rm -f \"$2\"/etc/systemd/system/*.service;"
            + " cp -a \"$1\"/usr/etc/systemd/system/. \"$2/etc/systemd/system\";"
            + " cp \"$1\"/etc/systemd/system/own.service \"$1\"/etc/systemd/system/bib-ca-trust.service"
            + " \"$2/etc/systemd/system\";"
            + " systemctl --root=\"$2\" enable demo.service tmpl@one.service own.service"
            + " bib-ca-trust.service"
            + " && systemctl --root=\"$2\" disable ssh.service getty@.service"
            + " && systemctl --root=\"$2\" mask systemd-pstore.service",
        root,
        oracle);
    assertThat(links(root.resolve("etc/systemd/system")))
        .isEqualTo(links(oracle.resolve("etc/systemd/system")))
        .contains("multi-user.target.wants/demo.service -> /usr/lib/systemd/system/demo.service");
    assertThat(text("etc/systemd/system-preset/00-bib.preset"))
        .contains("disable ssh.service\n", "enable demo.timer\n", "enable tmpl@.service one\n");
    assertThat(
            Tools.run(
                    "systemd-analyze",
                    "verify",
                    "--man=no",
                    root.resolve("etc/systemd/system/bib-ca-trust.service").toString())
                .out())
        .doesNotContain("Unknown", "Invalid", "Failed to parse");
  }

  private String isEnabled(String unit) throws IOException, InterruptedException {
    return Tools.run("systemctl", "--root=" + root, "is-enabled", unit).out().strip();
  }

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

  @Test
  void theAnchorIsTrustedOnceTheToolOfTheImageRuns() throws IOException, InterruptedException {
    Path anchors = root.resolve("var/usrlocal/share/ca-certificates");
    Path anchor;
    try (Stream<Path> files = Files.list(anchors)) {
      anchor = files.findFirst().orElseThrow();
    }
    String fingerprint = "openssl x509 -noout -fingerprint -sha256 -in \"$1\"";
    assertThat(Tools.sh(fingerprint, anchor))
        .isEqualTo(Tools.sh(fingerprint, dir.resolve("ca.pem")));
    // The same tool of this machine, with the directory of the disk.
    Path certs = Files.createDirectory(dir.resolve("certs"));
    Path empty = Files.createDirectory(dir.resolve("hooks"));
    Tools.sh(
        "update-ca-certificates --certsconf /dev/null --localcertsdir \"$1\" --etccertsdir \"$2\""
            + " --hooksdir \"$3\"",
        anchors,
        certs,
        empty);
    assertThat(
            Tools.sh(
                "openssl verify -CAfile \"$1/ca-certificates.crt\" \"$2\"",
                certs,
                dir.resolve("ca.pem")))
        .contains(": OK");
  }

  @Test
  void theBootLoaderIsTold() throws IOException, InterruptedException {
    Path boot = mount.resolve("boot");
    assertThat(Files.readString(boot.resolve("grub2/console.cfg")))
        .isEqualTo("serial --unit=1\nterminal_input serial\nterminal_output serial console\n");
    assertThat(Files.readString(boot.resolve("ignition.firstboot")))
        .isEqualTo(
            "set ignition_network_kcmdline='rd.neednet=1"
                + " ignition.config.url=https://example.org/config.ign'\n");
    for (String file : List.of("console.cfg", "grub.cfg")) {
      Tools.checked("grub-script-check", boot.resolve("grub2").resolve(file).toString());
    }
    Tools.checked("grub-script-check", boot.resolve("ignition.firstboot").toString());
    String options;
    try (Stream<Path> entries = Files.list(boot.resolve("loader/entries"))) {
      options = Files.readString(entries.findFirst().orElseThrow());
    }
    assertThat(options)
        .containsPattern(
            "\noptions [^\n]* quiet fips=1 \\$ignition_firstboot ignition.platform.id=metal ostree=");
  }

  @Test
  void whatTheImageCannotHonourIsAnErrorWithStrict() throws IOException, InterruptedException {
    Path config =
        Files.writeString(
            dir.resolve("strict.toml"),
            """
            [customizations]
            fips = true
            [customizations.timezone]
            ntpservers = ["ntp.example"]
            [customizations.services]
            disabled = ["gone"]
            """);
    ImageLayout lean = ImageLayout.lean(Launcher.EXAMPLE, dir.resolve("lean"));
    List<String> command = new ArrayList<>(List.of("manifest", "--strict", "--config"));
    command.addAll(List.of(config.toString(), "--output", dir.resolve("none").toString()));
    command.add("oci:" + lean.directory());
    Result strict = bib.run(command.toArray(String[]::new));
    strict.failed(
        2,
        "--strict: customizations.timezone.ntpservers has no effect: *; also customizations.fips: *;"
            + " also customizations.services.disabled: the image has no unit \"gone.service\"*");
    command.remove("--strict");
    Result lenient = bib.run(command.toArray(String[]::new));
    assertThat(lenient.status()).as(lenient.err()).isZero();
    assertThat(lenient.err().lines().filter(line -> line.startsWith("warning: customizations.")))
        .hasSize(4);
  }

  @Test
  void aTransientEtcThatWouldHideTheConfigurationIsRefused()
      throws IOException, InterruptedException {
    Path layer = Files.createDirectory(dir.resolve("transient"));
    Path conf = layer.resolve("usr/lib/ostree/prepare-root.conf");
    Files.createDirectories(conf.getParent());
    Files.writeString(
        conf, "[composefs]\nenabled = yes\n[etc]\ntransient = true\n", StandardCharsets.UTF_8);
    String transientImage = "oci:" + withLayer("transient-image", layer) + ":x";
    Path config =
        Files.writeString(dir.resolve("hidden.toml"), "customizations.hostname = 'hidden'\n");
    String output = dir.resolve("none").toString();
    bib.run("manifest", "--config", config.toString(), "--output", output, transientImage)
        .failed(
            2,
            "/usr/lib/ostree/prepare-root.conf of the image: etc.transient is true, so the system"
                + " would not see what the configuration writes to /etc/hostname; put it in the"
                + " image");
    Result plain = bib.run("manifest", "--output", output, transientImage);
    assertThat(plain.status()).as(plain.err()).isZero();
    assertThat(plain.err()).contains("it is to mount /boot; say so in the image");
  }

  @Test
  void theSameConfigurationGivesTheSameDisk() throws IOException {
    assertThat(Files.getLastModifiedTime(root.resolve("etc/hostname"), LinkOption.NOFOLLOW_LINKS))
        .satisfies(time -> assertThat(time.toInstant().getEpochSecond()).hasToString(TIME));
  }
}
