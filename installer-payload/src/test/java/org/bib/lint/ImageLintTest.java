package org.bib.lint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bib.disk.Content;
import org.bib.failure.BuildException;
import org.bib.layout.Architecture;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageLintTest {
  private final DirectoryNode root = new DirectoryNode(Metadata.root(0755));
  private Map<String, String> labels = Map.of("containers.bootc", "1");

  @BeforeEach
  void makeAnImageWithoutFault() {
    for (String name : List.of("dev", "proc", "sys", "run", "tmp", "var", "sysroot", "boot")) {
      directory(name);
    }
    link("ostree", "sysroot/ostree");
    file("usr/lib/modules/6.1/vmlinuz", "kernel");
    file("usr/lib/modules/6.1/initramfs.img", "initramfs");
    file("usr/lib/ostree/prepare-root.conf", "[composefs]\nenabled = yes\n");
    file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
    file("etc/group", "root:x:0:\n");
    file("usr/lib/sysusers.d/basic.conf", "# root\nu root 0 \"Super User\" /root\n");
  }

  @Test
  void anImageWithoutFaultHasNoFindings() throws IOException {
    assertThat(lint()).isEmpty();
  }

  @Test
  void anEmptyTreeLacksEverythingAndSaysSoAtOnce() throws IOException {
    root.clear();
    labels = Map.of();
    assertThat(lint())
        .contains(
            "fatal: label: neither containers.bootc nor ostree.bootable: not made for bootc",
            "fatal: kernel: no /usr/lib/modules/*/vmlinuz",
            "fatal: api-base-directories: no directory /dev",
            "fatal: api-base-directories: no directory /proc",
            "fatal: api-base-directories: no directory /sys",
            "fatal: api-base-directories: no directory /run",
            "fatal: api-base-directories: no directory /tmp",
            "fatal: api-base-directories: no directory /var",
            "fatal: baseimage-root: no directory /sysroot",
            "fatal: baseimage-root: no link /ostree -> sysroot/ostree",
            "fatal: prepare-root: no ostree/prepare-root.conf in /usr/lib or /etc",
            "warning: nonempty-boot: no directory /boot");
    assertThatThrownBy(() -> report().requireNothingFatal())
        .isInstanceOf(BuildException.class)
        .hasMessageStartingWith(
            "the image cannot be deployed, 11 findings: (1) label: neither containers.bootc nor"
                + " ostree.bootable: not made for bootc; (2) kernel: no /usr/lib/modules/*/vmlinuz;"
                + " (3) api-base-directories: no directory /dev; (4) ")
        .hasMessageEndingWith("; correct the image; bib lint tells its findings without building")
        .hasMessageNotContaining("\n");
  }

  @Test
  void oneFatalFindingIsNotCounted() throws IOException {
    take("usr/lib/modules/6.1/initramfs.img");
    assertThatThrownBy(() -> report().requireNothingFatal())
        .hasMessageStartingWith(
            "the image cannot be deployed: kernel: no /usr/lib/modules/6.1/initramfs.img; ");
  }

  @Test
  void warningsStopNothing() throws IOException {
    file("var/log/dpkg.log", "x");
    assertThat(report().warnings()).isNotEmpty();
    report().requireNothingFatal();
  }

  @Test
  void eitherLabelWillDoAndAnotherValueIsWarnedOf() throws IOException {
    labels = Map.of("ostree.bootable", "true");
    assertThat(lint()).isEmpty();
    labels = Map.of("containers.bootc", "2");
    assertThat(lint())
        .containsExactly("warning: label: containers.bootc is \"2\", bootc knows only \"1\"");
  }

  @Test
  void oneKernelIsWanted() throws IOException {
    file("usr/lib/modules/7/vmlinuz", "kernel");
    file("usr/lib/modules/8/no-kernel", "");
    assertThat(lint())
        .containsExactly(
            "fatal: kernel: several kernels below /usr/lib/modules: 6.1, 7",
            "fatal: kernel: no /usr/lib/modules/7/initramfs.img");
  }

  @Test
  void aKernelVersionThatWouldBreakTheBootEntryIsFatal() throws IOException {
    Node kernel = take("usr/lib/modules/6.1");
    directory("usr/lib/modules").put("6\nlinux evil", kernel);
    assertThat(lint())
        .containsExactly(
            "fatal: kernel: its version \"6?linux evil\" cannot stand in a boot loader entry");
  }

  @Test
  void sealedImagesAreToldByNameAndNotForTheirKernel() throws IOException {
    take("usr/lib/modules/6.1");
    file("boot/EFI/Linux/6.1.efi", "UKI");
    assertThat(lint())
        .containsExactly(
            "fatal: sealed: sealed images (UKI, composefs backend) are not supported yet, and this"
                + " image boots /boot/EFI/Linux/6.1.efi; use one with kernel and initramfs below"
                + " /usr/lib/modules");
  }

  @Test
  void apiDirectoriesAreDirectories() throws IOException {
    take("tmp");
    link("tmp", "var/tmp");
    assertThat(lint()).containsExactly("fatal: api-base-directories: /tmp is not a directory");
  }

  @Test
  void sysrootAndTheLinkIntoItAreWanted() throws IOException {
    take("sysroot");
    file("sysroot", "");
    take("ostree");
    directory("ostree");
    assertThat(lint())
        .containsExactly(
            "fatal: baseimage-root: /sysroot is not a directory",
            "fatal: baseimage-root: /ostree is not a symbolic link, it should lead to"
                + " sysroot/ostree");
    take("ostree");
    link("ostree", "/sysroot/ostree");
    assertThat(lint())
        .contains("fatal: baseimage-root: /ostree leads to /sysroot/ostree, not to sysroot/ostree");
  }

  @Test
  void theDocumentedBaseImageIsHeldToTheSame() throws IOException {
    directory("usr/share/doc/bootc/baseimage/base/sysroot");
    assertThat(lint())
        .containsExactly(
            "fatal: baseimage-root: no link /usr/share/doc/bootc/baseimage/base/ostree ->"
                + " sysroot/ostree",
            "warning: baseimage-composefs: /usr/share/doc/bootc/baseimage/base does not enable"
                + " composefs");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[composefs]\nenabled=true",
        "[composefs]\n enabled = maybe \n",
        "[composefs]\nenabled = no\nenabled = signed",
        "[root]\ntransient=true"
      })
  void composefsIsEnabledInManyWays(String text) throws IOException {
    file("usr/lib/ostree/prepare-root.conf", text);
    assertThat(lint()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[composefs]\nenabled = no",
        "[composefs]\n#enabled = yes",
        "[composefs]\nenabled = perhaps",
        "[sysroot]\nenabled = yes"
      })
  void withoutComposefsThereIsAWarning(String text) throws IOException {
    file("usr/lib/ostree/prepare-root.conf", text);
    assertThat(lint())
        .containsExactly(
            "warning: baseimage-composefs: ostree/prepare-root.conf does not enable composefs");
  }

  @Test
  void prepareRootMustBeKeyFile() throws IOException {
    file("usr/lib/ostree/prepare-root.conf", "enabled = yes\n");
    assertThat(lint())
        .containsExactly(
            "fatal: prepare-root: /usr/lib/ostree/prepare-root.conf of the image: line 1 is not"
                + " what a key file has");
  }

  @Test
  void prepareRootOfEtcIsTheOneThatIsRead() throws IOException {
    file("etc/ostree/prepare-root.conf", "[composefs]\nenabled = no\n");
    assertThat(lint()).hasSize(1).first().asString().startsWith("warning: baseimage-composefs: ");
  }

  @Test
  void varRunIsALink() throws IOException {
    link("var/run", "../run");
    covered("/var/run");
    assertThat(lint()).isEmpty();
    take("var/run");
    directory("var/run");
    assertThat(lint()).containsExactly("fatal: var-run: /var/run is not a symbolic link");
  }

  @Test
  void usrEtcBesideEtcIsFatal() throws IOException {
    file("usr/etc/fstab", "");
    assertThat(lint()).hasSize(1).first().asString().startsWith("fatal: etc-usretc: ");
    Node etc = take("usr/etc");
    take("etc");
    directory("usr").put("etc", etc);
    assertThat(lint()).isEmpty();
  }

  @Test
  void everyFileOfKernelArgumentsIsRead() throws IOException {
    file("usr/lib/bootc/kargs.d/10-good.toml", "kargs = ['a']");
    file("usr/lib/bootc/kargs.d/20-bad.toml", "kargs = [");
    file("usr/lib/bootc/kargs.d/30-worse.toml", "kargs = ['a']\ncolour = 'blue'");
    file("usr/lib/bootc/kargs.d/40-worst.toml", "kargs = [\"a\\u0007b\"]");
    file("usr/lib/bootc/kargs.d/50-passed-over", "kargs = [");
    assertThat(lint())
        .hasSize(3)
        .allMatch(finding -> finding.startsWith("fatal: bootc-kargs: "))
        .anyMatch(finding -> finding.contains("20-bad.toml of the image is not TOML: line 1"))
        .anyMatch(finding -> finding.contains("30-worse.toml of the image: colour is an unknown"))
        .anyMatch(finding -> finding.contains("has a control character"))
        .noneMatch(finding -> finding.contains("correct the file in the image"));
  }

  @Test
  void theConfigurationOfTheInstallationIsRead() throws IOException {
    file("usr/lib/bootc/install/00.toml", "[install]\nfilesystem = 'xfs'");
    assertThat(lint())
        .containsExactly(
            "fatal: bootc-install: /usr/lib/bootc/install/00.toml of the image:"
                + " install.filesystem is not a table");
  }

  @Test
  void emptyFilesOfAContainerEngineAreTold() throws IOException {
    file("etc/hostname", "");
    file("etc/resolv.conf", "");
    assertThat(lint())
        .containsExactly(
            "warning: buildah-injected: /etc/hostname is empty, as a container engine leaves it",
            "warning: buildah-injected: /etc/resolv.conf is empty, as a container engine leaves"
                + " it");
    file("etc/hostname", "host");
    take("etc/resolv.conf");
    link("etc/resolv.conf", "../run/resolv.conf");
    assertThat(lint()).isEmpty();
  }

  @Test
  void logsAreTold() throws IOException {
    file("var/log/empty", "");
    file("var/log/apt/history.log", "x");
    covered("/var/log", "/var/log/empty", "/var/log/apt", "/var/log/apt/history.log");
    assertThat(lint())
        .containsExactly("warning: var-log: log files of the build: /var/log/apt/history.log");
  }

  @Test
  void whatAFilesystemOfItsOwnHidesIsTold() throws IOException {
    file("boot/EFI/BOOT/BOOTX64.EFI", "x");
    file("boot/vmlinuz", "x");
    assertThat(lint())
        .containsExactly("warning: nonempty-boot: hidden once /boot is mounted: /boot/vmlinuz");
  }

  @Test
  void whatLiesInRunAndTmpIsTold() throws IOException {
    file("run/systemd/resolve/stub-resolv.conf", "");
    assertThat(lint()).isEmpty();
    file("run/systemd/unit", "");
    for (int i = 0; i < 6; i++) {
      file("tmp/" + i, "");
    }
    assertThat(lint())
        .containsExactly(
            "warning: nonempty-run-tmp: dropped, for /run and /tmp are mounted over: /run/systemd,"
                + " /run/systemd/unit, /tmp/0, /tmp/1, /tmp/2 and 3 more");
  }

  @Test
  void whatTmpfilesDoesNotMakeIsTold() throws IOException {
    directory("var/lib/named");
    directory("var/lib/with space");
    directory("var/lib/unnamed/deep");
    directory("var/roothome/.ssh");
    link("root", "var/roothome");
    file("var/lib/file", "x");
    file(
        "usr/lib/tmpfiles.d/a.conf",
        """
        # comment
        d /var/lib 0755 - - -
          d    /var/lib/named/   0755 - - -
        d "/var/lib/with\\x20space"
        d /root/.ssh 0700 root root -
        d /nowhere/at/all
        x
        """);
    file("etc/tmpfiles.d/b.conf", "d /var/roothome 0700 root root -");
    assertThat(lint())
        .containsExactly(
            "warning: var-tmpfiles: updates will not make what tmpfiles.d does not name:"
                + " /var/lib/unnamed, /var/lib/unnamed/deep",
            "warning: var-tmpfiles: updates will not touch files in /var: /var/lib/file");
  }

  @Test
  void accountsThatSysusersDoesNotMakeAreTold() throws IOException {
    file("etc/passwd", "root:x:0:0::/:\n# no\ndaemon:x:1:1::/:\nalice:x:1000:1000::/:\n");
    file("etc/group", "root:x:0:\ndaemon:x:1:\nalice:x:1000:\nstaff:x:50:\nwheel:x:10:\n");
    file("usr/lib/sysusers.d/more.conf", "u! daemon 1 - /\ng \"wheel\" 10\nm alice wheel\n");
    assertThat(lint())
        .containsExactly(
            "warning: sysusers: users that sysusers.d does not name: alice",
            "warning: sysusers: groups that sysusers.d does not name: alice, staff");
  }

  @Test
  void boundImagesAreNamed() throws IOException {
    file(
        "usr/share/containers/systemd/app.container",
        "[Unit]\nImage=no\n[Container]\n; no\nImage = quay.io/app:1%%\n");
    file("usr/share/containers/systemd/db.image", "[Image]\nImage=quay.io/db@sha256:12\n");
    bind("app.container", "/usr/share/containers/systemd/app.container");
    bind("db.image", "../../../share/containers/systemd/db.image");
    assertThat(lint())
        .containsExactly(
            "warning: bound-images: quay.io/app:1% will be missing at first boot: bib does not pull"
                + " logically bound images, bootc does at its next upgrade",
            "warning: bound-images: quay.io/db@sha256:12 will be missing at first boot: bib does"
                + " not pull logically bound images, bootc does at its next upgrade");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a.container | '' | names no Image=",
        "a.image | '[Image]\nImage=x\nAuthFile=/y' | has an AuthFile=, which bootc does not support",
        "a.image | '[Image]\nImage=x:%a' | has a specifier in Image=, which bootc does not support",
        "a.kube | '' | ends neither in .image nor in .container",
      })
  void boundImagesThatBootcWouldRefuseAreFatal(String name, String unit, String problem)
      throws IOException {
    file("usr/share/unit", unit);
    bind(name, "/usr/share/unit");
    assertThat(lint())
        .containsExactly(
            "fatal: bound-images: /usr/lib/bootc/bound-images.d/" + name + " " + problem);
  }

  @Test
  void aBoundImageIsALinkToAUnit() throws IOException {
    bind("a.image", "/nowhere");
    file("usr/lib/bootc/bound-images.d/b.image", "[Image]\nImage=x\n");
    assertThat(lint())
        .containsExactly(
            "fatal: bound-images: /usr/lib/bootc/bound-images.d/a.image leads to no file",
            "fatal: bound-images: /usr/lib/bootc/bound-images.d/b.image is not a symbolic link");
  }

  @Test
  void endlessFindingsOfAKindEnd() throws IOException {
    for (int i = 0; i < 1000; i++) {
      bind(i + ".image", "/nowhere");
    }
    assertThat(lint()).hasSize(65).last().isEqualTo("fatal: bound-images: and more of the kind");
  }

  @Test
  void deepTreesAreWalkedWithoutEnd() throws IOException {
    DirectoryNode directory = directory("var/log");
    for (int i = 0; i < 20_000; i++) {
      directory = directory.directory("d", Metadata.root(0755));
    }
    directory.put("log", new FileNode(Metadata.root(0644), Content.of(new byte[1])));
    assertThat(lint()).anyMatch(finding -> finding.endsWith("/d/d/log"));
  }

  private LintReport report() throws IOException {
    return ImageLint.check(root, labels, Architecture.AMD64);
  }

  private List<String> lint() throws IOException {
    return report().findings().stream().map(Finding::toString).toList();
  }

  private DirectoryNode directory(String path) {
    DirectoryNode directory = root;
    for (String name : path.split("/", -1)) {
      directory = directory.directory(name, Metadata.root(0755));
    }
    return directory;
  }

  private void put(String path, Node node) {
    int slash = path.lastIndexOf('/');
    (slash < 0 ? root : directory(path.substring(0, slash))).put(path.substring(slash + 1), node);
  }

  private Node take(String path) {
    int slash = path.lastIndexOf('/');
    DirectoryNode parent = slash < 0 ? root : directory(path.substring(0, slash));
    return Objects.requireNonNull(parent.remove(path.substring(slash + 1)));
  }

  private void file(String path, String text) {
    put(path, new FileNode(Metadata.root(0644), Content.of(text.getBytes(StandardCharsets.UTF_8))));
  }

  private void link(String path, String target) {
    put(path, new SymlinkNode(Metadata.root(0777), target));
  }

  private void bind(String name, String target) {
    link("usr/lib/bootc/bound-images.d/" + name, target);
  }

  private void covered(String... paths) {
    file("usr/lib/tmpfiles.d/covered.conf", "d " + String.join("\nd ", paths));
  }
}
