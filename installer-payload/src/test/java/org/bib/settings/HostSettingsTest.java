package org.bib.settings;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.bib.disk.Content;
import org.bib.failure.ConfigException;
import org.bib.secrets.SystemTree;
import org.bib.settings.SystemSettings.Authority;
import org.bib.settings.SystemSettings.Clock;
import org.bib.settings.SystemSettings.Locale;
import org.bib.settings.SystemSettings.Services;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.SymlinkNode;
import org.junit.jupiter.api.Test;

class HostSettingsTest {
  private static final Metadata DIRECTORY = Metadata.root(0755);

  private final DirectoryNode root = new DirectoryNode(DIRECTORY);
  private final DirectoryNode etc = new DirectoryNode(DIRECTORY);
  private final DirectoryNode var = new DirectoryNode(DIRECTORY);

  private void file(String path, String text) {
    DirectoryNode at = path.startsWith("etc/") ? etc : root;
    String[] names = path.replaceFirst("^etc/", "").split("/", -1);
    for (int i = 0; i < names.length - 1; i++) {
      at = at.directory(names[i], DIRECTORY);
    }
    at.put(
        names[names.length - 1],
        new FileNode(Metadata.root(0600), Content.of(text.getBytes(UTF_8))));
  }

  private SystemTree system() {
    return new SystemTree(etc, var, root, Instant.ofEpochSecond(7));
  }

  private List<String> apply(SystemSettings settings) throws Exception {
    return HostSettings.apply(settings, system());
  }

  private String text(String path) throws Exception {
    return system().readText(path).orElseThrow();
  }

  private static SystemSettings settings(Clock clock, Locale locale) {
    SystemSettings none = SystemSettings.NONE;
    return new SystemSettings(
        clock,
        locale,
        none.services(),
        List.of(),
        false,
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  private static SystemSettings clock(Optional<String> zone, String... servers) {
    return settings(new Clock(zone, List.of(servers)), SystemSettings.NONE.locale());
  }

  private static SystemSettings locale(String language, String keyboard) {
    return settings(
        SystemSettings.NONE.clock(), new Locale(Optional.of(language), Optional.of(keyboard)));
  }

  private static SystemSettings more(
      List<Authority> authorities, boolean fips, Optional<String> secret) {
    SystemSettings none = SystemSettings.NONE;
    return new SystemSettings(
        none.clock(),
        none.locale(),
        new Services(List.of(), List.of(), List.of()),
        authorities,
        fips,
        secret,
        Optional.empty(),
        Optional.empty());
  }

  @Test
  void theTimeZoneIsALinkAndDebiansFile() throws Exception {
    file("usr/share/zoneinfo/Europe/Berlin", "TZif");
    file("etc/timezone", "Etc/UTC\n");
    etc.put("localtime", new SymlinkNode(DIRECTORY, "/usr/share/zoneinfo/Etc/UTC"));
    assertThat(apply(clock(Optional.of("Europe/Berlin")))).isEmpty();
    assertThat(etc.child("localtime"))
        .isInstanceOfSatisfying(
            SymlinkNode.class,
            link -> assertThat(link.target()).isEqualTo("../usr/share/zoneinfo/Europe/Berlin"));
    assertThat(text("/etc/timezone")).isEqualTo("Europe/Berlin\n");
    assertThatThrownBy(() -> apply(clock(Optional.of("Europe/Atlantis"))))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(
            "customizations.timezone.timezone: the image has no"
                + " /usr/share/zoneinfo/Europe/Atlantis; ");
  }

  @Test
  void timeServersReplaceThoseOfChrony() throws Exception {
    file("etc/chrony.conf", "# c\npool 2.fedora.pool.ntp.org iburst\nserver old\ndriftfile /d\n");
    file("usr/lib/systemd/systemd-timesyncd", "x");
    assertThat(apply(clock(Optional.empty(), "a.example", "::1"))).isEmpty();
    assertThat(text("/etc/chrony.conf"))
        .isEqualTo("# c\ndriftfile /d\nserver a.example iburst\nserver ::1 iburst\n");
    assertThat(etc.child("chrony.conf"))
        .satisfies(node -> assertThat(node).isNotNull())
        .extracting(node -> ((FileNode) node).metadata().permissions())
        .isEqualTo(0600);
    assertThat(text("/etc/systemd/timesyncd.conf.d/90-bib.conf"))
        .isEqualTo("[Time]\nNTP=\nNTP=a.example ::1\n");
  }

  @Test
  void timeServersWithoutAClientAreTold() throws Exception {
    assertThat(apply(clock(Optional.empty(), "a.example")))
        .containsExactly(
            "customizations.timezone.ntpservers has no effect: the image has neither chrony nor"
                + " systemd-timesyncd");
  }

  @Test
  void languageAndKeyboardAreSetWhereTheyAreRead() throws Exception {
    file("etc/locale.conf", "LC_TIME=C\nLANG=C\nLANG=x\n");
    file("etc/default/locale", "#  File\nLANG=\"C\"\n");
    file("etc/default/keyboard", "XKBMODEL=\"pc105\"\nXKBLAYOUT=\"us\"\nBACKSPACE=\"guess\"\n");
    file("usr/lib/locale/de_DE.utf8/LC_CTYPE", "");
    file("usr/share/keymaps/i386/qwertz/de-nodeadkeys.map.gz", "");
    file("usr/share/systemd/kbd-model-map", "# c\nde-nodeadkeys de pc105 nodeadkeys -\n");
    assertThat(apply(locale("de_DE.UTF-8", "de-nodeadkeys"))).isEmpty();
    assertThat(text("/etc/locale.conf")).isEqualTo("LC_TIME=C\nLANG=de_DE.UTF-8\n");
    assertThat(text("/etc/default/locale")).isEqualTo("#  File\nLANG=de_DE.UTF-8\n");
    assertThat(text("/etc/vconsole.conf")).isEqualTo("KEYMAP=de-nodeadkeys\n");
    assertThat(text("/etc/default/keyboard"))
        .isEqualTo(
            """
            XKBMODEL="pc105"
            XKBLAYOUT="de"
            BACKSPACE="guess"
            XKBOPTIONS=""
            XKBVARIANT="nodeadkeys"
            """);
  }

  @Test
  void aLanguageOrKeyboardThatIsNotThereIsTold() throws Exception {
    file("usr/lib/locale/C.utf8/LC_CTYPE", "");
    assertThat(apply(locale("de_DE.UTF-8", "xx")))
        .containsExactly(
            "customizations.locale.languages: the image has no locale \"de_DE.UTF-8\", so programs"
                + " will speak as in C; install it in the image",
            "customizations.locale.keyboard: the image has no key map \"xx\"; install it in the"
                + " image");
    assertThat(apply(locale("C.UTF-8", "xx"))).hasSize(1);
  }

  @Test
  void anchorsLieWhereTheToolOfTheImageLooks() throws Exception {
    List<Authority> authority = List.of(new Authority("bib-1", "PEM\n"));
    assertThat(apply(more(authority, false, Optional.empty())))
        .containsExactly(
            "customizations.cacerts has no effect: the image has neither /usr/bin/update-ca-trust nor"
                + " /usr/sbin/update-ca-certificates");
    assertThat(etc.children()).isEmpty();

    file("usr/sbin/update-ca-certificates", "");
    apply(more(authority, false, Optional.empty()));
    assertThat(text("/etc/ca-certificates/local/bib-1.crt")).isEqualTo("PEM\n");
    assertThat(text("/etc/systemd/system/bib-ca-trust.service"))
        .contains(
            "\nExecStart=/usr/sbin/update-ca-certificates --localcertsdir /etc/ca-certificates/local"
                + "\n");

    ((DirectoryNode) root.find("usr").orElseThrow())
        .put("local", new SymlinkNode(DIRECTORY, "../var/usrlocal"));
    apply(more(authority, false, Optional.empty()));
    assertThat(text("/var/usrlocal/share/ca-certificates/bib-1.crt")).isEqualTo("PEM\n");

    file("usr/bin/update-ca-trust", "");
    apply(more(authority, false, Optional.empty()));
    assertThat(text("/etc/pki/ca-trust/source/anchors/bib-1.pem")).isEqualTo("PEM\n");
    assertThat(text("/etc/systemd/system/bib-ca-trust.service"))
        .contains("\nExecStart=/usr/bin/update-ca-trust\n");
    assertThat(text("/etc/systemd/system/sysinit.target.wants/bib-ca-trust.service"))
        .isEqualTo(text("/etc/systemd/system/bib-ca-trust.service"));
  }

  @Test
  void fipsChoosesTheCryptoPolicy() throws Exception {
    assertThat(apply(more(List.of(), true, Optional.empty()))).hasSize(2);
    file("usr/share/crypto-policies/FIPS/openssl.txt", "");
    file("usr/lib/dracut/modules.d/01fips/module-setup.sh", "");
    assertThat(apply(more(List.of(), true, Optional.empty()))).isEmpty();
    assertThat(text("/etc/crypto-policies/config")).isEqualTo("FIPS\n");
    assertThat(text("/etc/crypto-policies/state/current")).isEqualTo("FIPS\n");
    assertThat(system().resolve("/etc/crypto-policies/back-ends/openssl.config").path())
        .isEqualTo("/usr/share/crypto-policies/FIPS/openssl.txt");
  }

  @Test
  void thePullSecretIsForRootAlone() throws Exception {
    apply(more(List.of(), false, Optional.of("{}\n")));
    assertThat(text("/etc/ostree/auth.json")).isEqualTo("{}\n");
    assertThat(system().resolve("/etc/ostree/auth.json").node())
        .satisfies(node -> assertThat(node).isNotNull())
        .extracting(node -> ((FileNode) node).metadata().permissions())
        .isEqualTo(0600);
  }

  @Test
  void nothingAskedChangesNothing() throws Exception {
    assertThat(apply(SystemSettings.NONE)).isEmpty();
    assertThat(etc.children()).isEmpty();
    assertThat(var.children()).isEmpty();
  }
}
