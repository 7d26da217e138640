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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Deployments that boot from composefs: the example OS as it is, and derived so that it demands
 * fs-verity. Judges are the ostree of the example and a kernel. Wants root, to mount the disks.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ComposefsDeploymentTest {
  private static final Path TOP = Path.of("..").toAbsolutePath().normalize();
  private static final long ROOT_OFFSET = 1527L << 20; // where the default table has it
  private static final long ROOT_SIZE = 8712L << 20;
  private static final String PORT = "2253";

  private Path dir = Path.of("");

  @BeforeAll
  void build() throws IOException, InterruptedException {
    dir = Files.createTempDirectory("bib-composefs");
    sh("ssh-keygen -q -t ed25519 -N '' -f \"$1/key\"", dir);
    Files.writeString(
        dir.resolve("config.toml"),
        "[[customizations.user]]\nname = \"root\"\nkey = \"%s\"\n"
            .formatted(Files.readString(dir.resolve("key.pub")).strip()));
    derive("verity");
    build("yes", TOP.resolve("build/example-os") + ":latest");
    build("verity", dir.resolve("verity.image") + ":gzip");
  }

  @AfterAll
  void deleteAll() throws IOException, InterruptedException {
    sh("! mountpoint -q \"$1/yes/mount\" || umount \"$1/yes/mount\"; rm -rf \"$1\"", dir);
  }

  /** The example with one more layer: another configuration, in the initramfs, too. */
  private void derive(String enabled) throws IOException, InterruptedException {
    sh(
        """
        set -e
        mkdir -p "$1/layer/usr/lib/ostree" "$1/layer/usr/share"
        cd "$1/layer"
        printf '[composefs]\\nenabled = %s\\n' "$3" >usr/lib/ostree/prepare-root.conf
        seq 100000 >usr/share/tampered
        # The kernel unpacks one archive after the other.
        initramfs=$(cd "$4" && echo usr/lib/modules/*/initramfs.img)
        mkdir -p "$(dirname "$initramfs")"
        cp "$4/$initramfs" "$initramfs"
        truncate -s %4 "$initramfs"
        echo usr/lib/ostree/prepare-root.conf | cpio --quiet -o -H newc >>"$initramfs"
        tar --owner=0 --group=0 --mtime=@0 -cf "$1/layer.tar" usr
        # No links into what was assembled: umoci collects garbage.
        cp -r "$2" "$1/$3.image"
        umoci raw add-layer --image "$1/$3.image:gzip" "$1/layer.tar"
        """,
        dir, TOP.resolve("build/example-os"), enabled, ExampleOs.rootfs());
  }

  private void build(String name, String image) throws IOException, InterruptedException {
    sh(
        "\"$1/bib\" build --type raw --target-imgref registry.example/x/os:latest"
            + " --config \"$2/config.toml\" --output \"$2/$3\" \"oci:$4\"",
        TOP,
        dir,
        name,
        image);
  }

  @Test
  void imageIsTheOneThatOstreeMakesOfTheCommit() throws IOException, InterruptedException {
    Path mount = Files.createDirectory(dir.resolve("yes/mount"));
    sh(
        "mount -o \"loop,ro,noload,sizelimit=$1,offset=$2\" \"$3\" \"$4\"",
        ROOT_SIZE,
        ROOT_OFFSET,
        disk("yes"),
        mount);
    Path expected = dir.resolve("expected.cfs");
    ExampleOs.run(
        "ostree",
        "--repo=" + mount.resolve("ostree/repo"),
        "checkout",
        "--composefs-noverity",
        "ostree/1/1/0",
        expected.toString());
    Path image = dir.resolve("image.cfs");
    sh("cp \"$1\"/ostree/deploy/default/deploy/*.0/.ostree.cfs \"$2\"", mount, image);
    assertThat(Files.mismatch(image, expected)).isEqualTo(-1);
    assertThat(ExampleOs.run("composefs-info", "dump", image.toString()))
        .contains("/usr/share/example-os/sparse 67108864 100644 1 0 0 ")
        .contains("/usr/share/example-os/setuid ", " 104755 1 0 0 ")
        .contains(" 4000000000 4000000001 ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"yes", "verity"})
  void filesystemIsSound(String name) throws IOException, InterruptedException {
    sh("e2fsck -fn \"$1\"", disk(name) + "?offset=" + ROOT_OFFSET);
  }

  /**
   * One byte of one file is changed on the disk. A kernel that checks reads all other files, and
   * not this one. The ostree of the system asks the kernel for digests and makes the same image.
   */
  @Test
  void kernelMeasuresWhatTheImageTellsAndReadsAllButWhatWasTamperedWith()
      throws IOException, InterruptedException {
    Path work = dir.resolve("vm");
    Path disk = dir.resolve("tampered.qcow2");
    sh(
        """
        set -e
        at=/ostree/deploy/default/deploy
        deployment=$(debugfs -R "ls -p $at" "$1?offset=$2" 2>/dev/null | cut -d/ -f6 | grep '[.]0$')
        block=$(debugfs -R "blocks $at/$deployment/usr/share/tampered" "$1?offset=$2" 2>/dev/null |
          cut -d' ' -f2)
        qemu-img create -q -f qcow2 -b "$1" -F raw "$3"
        qemu-io -c "write -P 120 $(($2 + $block * 4096)) 1" "$3"
        """,
        disk("verity"),
        ROOT_OFFSET,
        disk);
    vm("start", disk, work, "--firmware", "bios", "--port", PORT);
    try {
      vm("wait", disk, work, "--key", dir.resolve("key").toString(), "--user", "root");
      String said =
          vm(
              "ssh",
              disk,
              work,
              "--key",
              dir.resolve("key").toString(),
              "--user",
              "root",
              "--",
              """
              findmnt -no SOURCE,FSTYPE,OPTIONS /
              ostree admin status
              cd /sysroot/ostree/deploy/default/deploy/*.0
              lsattr -d .ostree.cfs usr/bin/ls
              (cd /var/tmp && ostree checkout --composefs ostree/1/1/0 cfs)
              cmp /var/tmp/cfs .ostree.cfs && echo same image
              cat /usr/share/tampered 2>&1 >/dev/null
              find / -xdev -type f ! -name tampered -exec cat {} + >/dev/null && echo all others
              """);
      assertThat(said)
          .containsPattern("composefs +overlay +ro,.*verity=require")
          .containsPattern("V\\S* [.]ostree[.]cfs\n\\S*V\\S* usr/bin/ls")
          .contains("* default ", "same image", "all others")
          .contains("cat: /usr/share/tampered: Input/output error");
    } finally {
      vm("stop", disk, work);
    }
  }

  private static String vm(String command, Path disk, Path work, String... arguments)
      throws IOException, InterruptedException {
    Object[] all = new Object[arguments.length + 4];
    all[0] = TOP.resolve("tests/boot/vm");
    all[1] = command;
    all[2] = disk;
    all[3] = work;
    System.arraycopy(arguments, 0, all, 4, arguments.length);
    return sh(
        "vm=$1 command=$2 disk=$3 work=$4; shift 4; \"$vm\" \"$command\" --disk \"$disk\""
            + " --work \"$work\" \"$@\"",
        all);
  }

  private Path disk(String name) {
    return dir.resolve(name).resolve("image/disk.raw");
  }
}
