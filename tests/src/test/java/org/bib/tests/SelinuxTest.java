package org.bib.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.bib.tests.Tools.sh;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * The example OS with Debian's SELinux policy, derived as a user would; its own libselinux says
 * which labels are right. Wants root, to install packages into a tree and to mount the disk.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SelinuxTest {
  private static final Path TOP = Path.of("..").toAbsolutePath().normalize();
  // Where the table has them with a data partition of 200 MiB before the root.
  private static final long BOOT_OFFSET = 503L << 20;
  private static final long DATA_OFFSET = 1527L << 20;
  private static final long ROOT_OFFSET = 2551L << 20;

  private Path dir = Path.of("");
  private Path mount = Path.of("");
  private Path disk = Path.of("");

  @BeforeAll
  void build() throws IOException, InterruptedException {
    dir = Files.createTempDirectory("bib-selinux");
    derive();
    sh("ssh-keygen -q -t ed25519 -N '' -f \"$1\"", dir.resolve("key"));
    Files.writeString(
        dir.resolve("config.toml"),
        """
        [customizations]
        hostname = "labelled"
        [customizations.kernel]
        append = "security=selinux selinux=1 enforcing=0"
        [[customizations.user]]
        name = "alice"
        key = "%1$s"
        [[customizations.user]]
        name = "root"
        key = "%1$s"
        [[customizations.filesystem]]
        mountpoint = "/var/data"
        minsize = "1 GiB"
        [[customizations.directories]]
        path = "/etc/motd.d"
        [[customizations.files]]
        path = "/etc/motd.d/hello"
        data = "hello\\n"
        """
            .formatted(Files.readString(dir.resolve("key.pub")).strip()));
    disk = bib("one");
    mount = Files.createDirectory(dir.resolve("mount"));
    mount(ROOT_OFFSET, 7688L << 20, mount);
    mount(BOOT_OFFSET, DATA_OFFSET - BOOT_OFFSET, mount.resolve("boot"));
    mount(DATA_OFFSET, ROOT_OFFSET - DATA_OFFSET, mount.resolve("ostree/deploy/default/var/data"));
  }

  @AfterAll
  void deleteAll() throws IOException, InterruptedException {
    sh("if mountpoint -q \"$1\"; then umount -R \"$1\"; fi; rm -rf \"$2\"", mount, dir);
  }

  /**
   * Installs the policy as {@code RUN apt-get install} does. Like Fedora's, it then has aliases for
   * where ostree keeps things.
   */
  private void derive() throws IOException, InterruptedException {
    sh(
        """
        set -e
        cp -r "$1/build/example-os" "$2/layout"
        umoci unpack --image "$2/layout:gzip" "$2/bundle" >/dev/null 2>&1
        cd "$2/bundle/rootfs"
        mv etc/resolv.conf etc/resolv.conf.image
        cp /etc/resolv.conf etc/resolv.conf
        ln -s ../../usr/lib/sysimage/dpkg var/lib/dpkg
        mkdir -p var/lib/apt/lists/partial var/cache/apt/archives/partial var/log/apt
        export DEBIAN_FRONTEND=noninteractive
        chroot . apt-get -qq -o Acquire::Check-Valid-Until=false update
        chroot . apt-get -qq install --no-install-recommends \\
          policycoreutils selinux-policy-default selinux-utils
        rm -rf var/lib/apt/lists var/cache/* var/log/* var/lib/dpkg var/tmp/* tmp/* run/*
        mv etc/resolv.conf.image etc/resolv.conf
        printf '/usr/etc /etc\\n/var/home /home\\n/var/roothome /root\\n' \\
          >etc/selinux/default/contexts/files/file_contexts.subs
        umoci repack --image "$2/layout:selinux" "$2/bundle" >/dev/null 2>&1
        """,
        TOP,
        dir);
  }

  private Path bib(String output) throws IOException, InterruptedException {
    sh(
        "\"$1\"/bib build --type raw --target-imgref registry.example/x/os:latest"
            + " --config \"$2/config.toml\" --output \"$2/$3\" \"oci:$2/layout:selinux\"",
        TOP,
        dir,
        output);
    return dir.resolve(output).resolve("image/disk.raw");
  }

  private void mount(long offset, long size, Path where) throws IOException, InterruptedException {
    sh(
        "mount -o \"loop,ro,noload,sizelimit=$1,offset=$2\" \"$3\" \"$4\"",
        size,
        offset,
        disk,
        where);
  }

  @Test
  void everyInodeHasTheLabelThatTheImagesLibselinuxGivesItsPath()
      throws IOException, InterruptedException {
    assertThat(
            sh(
                "\"$1/tests/labels\" --disk \"$2\" --image \"$3\"",
                TOP,
                mount,
                dir.resolve("bundle/rootfs")))
        .contains(" 0 wrong");
    // Some of what the policy tells apart.
    assertThat(
            sh(
                "cd \"$1\" && getfattr -h -n security.selinux ostree/deploy/default/deploy/*/etc/shadow"
                    + " ostree/deploy/default/var/home/alice/.ssh boot/grub2",
                mount))
        .contains("shadow_t", "ssh_home_t", "boot_t");
  }

  /** What the running system makes in /var before its first look at the policy is not bib's. */
  @Test
  void bootedWithThePolicyNothingIsUnlabelledOrLabelledOtherwise()
      throws IOException, InterruptedException {
    Path vm = TOP.resolve("tests/boot/vm");
    Path work = dir.resolve("vm");
    sh("\"$1\" start --disk \"$2\" --firmware uefi --work \"$3\" --port 2257", vm, disk, work);
    try {
      String with = "--work \"$2\" --key \"$3\" --user root";
      sh("\"$1\" wait " + with + " --timeout 900", vm, work, dir.resolve("key"));
      String script =
          """
          getenforce
          echo "unlabeled: $(find / /sysroot /boot /etc /var -xdev -context '*:unlabeled_t:*' | wc -l)"
          echo "otherwise: $(restorecon -n -v -R /etc /boot /usr | wc -l)"
          echo "denials: $(journalctl -b -o cat | grep 'avc: *denied' | grep -c unlabeled_t)"
          """;
      assertThat(sh("\"$1\" ssh " + with + " -- \"$4\"", vm, work, dir.resolve("key"), script))
          .contains("Permissive\n", "unlabeled: 0\n", "otherwise: 0\n", "denials: 0\n");
    } finally {
      sh("\"$1\" stop --work \"$2\"", vm, work);
    }
  }

  @Test
  void filesystemsAreSound() throws IOException, InterruptedException {
    for (long offset : new long[] {BOOT_OFFSET, DATA_OFFSET, ROOT_OFFSET}) {
      sh("e2fsck -fn \"$1\"", disk + "?offset=" + offset);
    }
    assertThat(sh("ostree fsck --repo=\"$1\"/ostree/repo", mount)).contains("no errors found");
  }

  @Test
  void sameInputGivesSameBytes() throws IOException, InterruptedException {
    Path again = bib("two");
    assertThat(Files.mismatch(disk, again)).isEqualTo(-1);
    sh("rm -r \"$1\"", dir.resolve("two"));
  }
}
