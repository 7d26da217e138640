package org.bib.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.bib.tests.Tools.sh;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * The example OS as images of the Fedora family are made: libostree commits it, {@code
 * tests/encapsulate} packs the commit, umoci derives an image from that. Wants root, to make such
 * trees and to mount the disk.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EncapsulatedTest {
  private static final Path TOP = Path.of("..").toAbsolutePath().normalize();
  private static final long ROOT_OFFSET = 1527L << 20; // where the default table has it
  private static final long ROOT_SIZE = 8712L << 20;
  private static final String LABEL = "system_u:object_r:test_t:s0";

  private Path dir = Path.of("");
  private Path source = Path.of("");
  private Path rootfs = Path.of("");
  private Path mount = Path.of("");
  private String warnings = "";
  private String base = "";

  @BeforeAll
  void build() throws IOException, InterruptedException {
    dir = Files.createTempDirectory("bib-encapsulated");
    source = dir.resolve("source");
    rootfs = dir.resolve("bundle/rootfs");
    Path image = dir.resolve("layout");
    commitExample();
    sh("\"$1\"/tests/encapsulate --repo \"$2\" --commit base --output \"$3\"", TOP, source, image);
    derive(image);
    warnings =
        sh(
            "\"$1\"/bib build --type raw --target-imgref registry.example/x/os:latest"
                + " --output \"$2\" \"oci:$3:latest\"",
            TOP,
            dir,
            image);
    sh("rm -rf \"$1\"", image);
    mount = Files.createDirectory(dir.resolve("mount"));
    sh(
        "mount -o \"loop,ro,noload,sizelimit=$1,offset=$2\" \"$3\" \"$4\"",
        ROOT_SIZE,
        ROOT_OFFSET,
        dir.resolve("image/disk.raw"),
        mount);
  }

  @AfterAll
  void deleteAll() throws IOException, InterruptedException {
    sh("mountpoint -q \"$1\" && umount \"$1\"; rm -rf \"$2\"", mount, dir);
  }

  /**
   * What containers do not show is in the commit all the same: labels, attributes of directories.
   */
  private void commitExample() throws IOException, InterruptedException {
    sh(
        """
        set -e
        umoci unpack --image "$1/build/example-os:gzip" "$2/bundle" >/dev/null 2>&1
        cd "$2/bundle/rootfs"
        mv etc usr/etc
        printf '[composefs]\\nenabled = no\\n' >usr/lib/ostree/prepare-root.conf
        setfattr -h -n security.selinux -v "$3" usr/bin usr/bin/cat usr/bin/bash usr/lib/os-release \\
          usr/etc/passwd bin
        setfattr -n user.binary -v 0x00ff0a3d00 usr/bin/ls
        setcap cap_net_raw=ep usr/bin/tar
        ostree --repo="$4" init --mode=bare-user
        ostree --repo="$4" commit --fsync=false --branch=base --tree=dir=. --timestamp=@86400
        rm -rf "$2/bundle"
        """,
        TOP,
        dir,
        LABEL,
        source);
    base = sh("ostree --repo=\"$1\" rev-parse base", source).strip();
  }

  /** Writes in place, as storage without an overlay lets builders do, changes objects, too. */
  private void derive(Path image) throws IOException, InterruptedException {
    sh(
        """
        set -e
        umoci unpack --image "$1:latest" "$2/bundle" >/dev/null 2>&1
        cd "$2/bundle/rootfs"
        rm -r usr/share/base-files etc/issue
        echo written in place >>usr/lib/os-release
        echo alice:x:1000:1000::/home/alice:/bin/sh >>etc/passwd
        printf other >usr/bin/other
        setcap cap_chown=ep usr/bin/other
        rm usr/bin/ls && cp usr/bin/cat usr/bin/ls
        ln usr/bin/tar usr/bin/tar-too
        chmod 0711 usr/bin
        mkdir -p var/lib/derived extra/x
        printf x >var/lib/derived/x
        printf x >extra/x/y
        printf x >run/junk
        ln -s ../nowhere usr/share/dangling
        umoci repack --image "$1:latest" "$2/bundle" >/dev/null 2>&1
        """,
        image,
        dir);
  }

  @Test
  void filesystemIsSound() throws IOException, InterruptedException {
    sh("e2fsck -fn \"$1\"", dir.resolve("image/disk.raw") + "?offset=" + ROOT_OFFSET);
  }

  @Test
  void ostreeFindsNothingWrongAndTheBaseAsItWas() throws IOException, InterruptedException {
    assertThat(ostree("fsck")).contains("object fsck of 2 commits completed successfully");
    String list = "ls -R -C -X " + base;
    assertThat(ostree(list))
        .isEqualTo(sh("ostree --repo=\"$1\" " + list, source))
        .contains("security.capability", "security.selinux", "user.binary");
    assertThat(ostree("show ostree/1/1/0")).contains("Parent:  " + base);
    assertThat(ostree("refs ostree/container/blob")).hasLineCount(1);
    assertThat(
            ostree(
                "rev-parse ostree/container/blob/$(ostree --repo=\"$1\" refs --list"
                    + " ostree/container/blob | sed 's,.*/,,')"))
        .contains(base);
  }

  @Test
  void deploymentIsWhatTheContainerWas() throws IOException, InterruptedException {
    Path deployment = deployment();
    for (String top : List.of("usr", "var")) {
      assertThat(listing(deployment, top)).isEqualTo(listing(rootfs, top));
    }
    assertThat(listing(deployment.resolve("usr"), "etc")).isEqualTo(listing(rootfs, "etc"));
    assertThat(deployment.resolve("usr/bin/tar-too")).exists();
    assertThat(deployment.resolve("run/junk")).doesNotExist();
    assertThat(deployment.resolve("sysroot/ostree")).doesNotExist();
  }

  @Test
  void whatLayersLeaveAloneKeepsItsLabel() throws IOException, InterruptedException {
    assertThat(
            sh(
                "cd \"$1\" && getfattr -h --absolute-names -n security.selinux usr/bin usr/bin/cat"
                    + " usr/bin/bash bin",
                deployment()))
        .contains("# file: usr/bin\n", "# file: bin\n", "usr/bin/cat", "usr/bin/bash")
        .contains(LABEL);
  }

  @Test
  void topLevelDirectoriesThatOstreeWouldNotTakeAreToldOf()
      throws IOException, InterruptedException {
    assertThat(warnings).contains("left out 3 entries of layers at /extra: prepare-root.conf");
    assertThat(deployment().resolve("extra")).doesNotExist();
  }

  private Path deployment() throws IOException {
    try (var paths = Files.list(mount.resolve("ostree/deploy/default/deploy"))) {
      return paths.filter(Files::isDirectory).findFirst().orElseThrow();
    }
  }

  /** Type, mode, owner, content and attributes, without {@code /usr/etc} and labels. */
  private static String listing(Path tree, String below) throws IOException, InterruptedException {
    return sh(
        """
        cd "$1"
        find "$2" -path usr/etc -prune -o -printf '%p %y %m %U:%G %l\\n' | sort
        find "$2" -path usr/etc -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
        getfattr -R -P -d -m '^(user|security.capability)' -e hex "$2" 2>/dev/null |
          awk 'BEGIN { RS = ""; ORS = "\\n\\n" } !/^# file: usr\\/etc/' | sort
        """,
        tree, below);
  }

  private String ostree(String arguments) throws IOException, InterruptedException {
    return sh("ostree --repo=\"$1\" " + arguments, mount.resolve("ostree/repo"));
  }
}
