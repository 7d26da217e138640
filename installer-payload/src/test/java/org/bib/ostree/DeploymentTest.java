package org.bib.ostree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.bib.failure.BuildException;
import org.bib.oci.ImageConfig;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.junit.jupiter.api.Test;

class DeploymentTest {
  private static final String BOOT_CHECKSUM =
      "fba8631b153765907d80a0f0ebf9c6813b4a02ecc882d4e7f0785c782d8ed024";

  private final DirectoryNode container = TestTree.container();
  private Deployment.Settings settings = Deployment.Settings.DEFAULT;
  private int threads = 2;
  private String reference = "quay.io/a/b:latest";

  @Test
  void bootEntryIsThatOfOstree() throws IOException, InterruptedException {
    Deployment deployment = deploy();
    assertThat(TestTree.text(deployment.boot(), "loader.1/entries/ostree-1.conf"))
        .isEqualTo(
            """
            title Test OS 1 (ostree:0)
            version 1
            options root=UUID=1234 rw ostree=/ostree/boot.1/default/%1$s/0
            linux /boot/ostree/default-%1$s/vmlinuz-6.1.0-test
            initrd /boot/ostree/default-%1$s/initramfs-6.1.0-test.img
            """
                .formatted(BOOT_CHECKSUM));
    assertThat(target(deployment.boot(), "loader")).isEqualTo("loader.1");
    assertThat(target(deployment.boot(), "boot")).isEqualTo(".");
    assertThat(target(deployment.sysroot(), "ostree/boot.1")).isEqualTo("boot.1.1");
  }

  @Test
  void rootFilesystemHasAnEmptyMountPointForBoot() throws IOException, InterruptedException {
    Node boot = deploy().sysroot().find("boot").orElseThrow();
    assertThat(((DirectoryNode) boot).children()).isEmpty();
  }

  @Test
  void deploymentIsMadeOfTheObjectsThemselves() throws IOException, InterruptedException {
    Deployment deployment = deploy();
    DirectoryNode root = root(deployment);
    assertThat(root.immutable()).isTrue();
    assertThat(root.find("usr/bin/one")).isEqualTo(root.find("usr/bin/two"));
    assertThat(root.find("usr/bin/one")).isEqualTo(object(deployment, "usr/bin/one"));
    assertThat(root.find("usr/bin/link")).isEqualTo(object(deployment, "usr/bin/link"));
    assertThat(root.find("usr/share/empty")).isNotEqualTo(object(deployment, "usr/share/empty"));
  }

  @Test
  void etcAndVarAreCopiesThatMayBeAddedTo() throws IOException, InterruptedException {
    Deployment deployment = deploy();
    DirectoryNode root = root(deployment);
    assertThat(root.child("etc")).isSameAs(deployment.etc());
    assertThat(deployment.sysroot().find("ostree/deploy/default/var"))
        .containsSame(deployment.var());
    assertThat(deployment.etc().child("passwd")).isNotSameAs(root.find("usr/etc/passwd").get());
    assertThat(TestTree.text(deployment.etc(), "passwd")).startsWith("root:");
    assertThat(deployment.etc().find("shadow").get().metadata().permissions()).isEqualTo(0600);
    assertThat(TestTree.text(deployment.var(), "lib/state")).isEqualTo("state\n");
    assertThat(deployment.var().child(".ostree-selabeled")).isNotNull();
  }

  @Test
  void varGetsTheOldDirectoriesOnlyWithoutTmpfiles() throws IOException, InterruptedException {
    assertThat(target(deploy().var(), "run")).isEqualTo("../run");
    TestTree.put(container, "usr/lib/tmpfiles.d/var.conf", TestTree.file(""));
    assertThat(deploy().var().children()).containsOnlyKeys(".ostree-selabeled", "lib");
  }

  @Test
  void theImageChoosesStaterootPolicyAndWhatOtherEntriesAppend()
      throws IOException, InterruptedException {
    settings = new Deployment.Settings("os", Optional.of("oci:/a:b"), Optional.of("x=1"), true);
    Deployment deployment = deploy();
    assertThat(deployment.options()).contains("/ostree/boot.1/os/");
    assertThat(TestTree.text(deployment.sysroot(), "ostree/repo/config"))
        .endsWith("readonly=true\nbls-append-except-default=x=1\n");
    assertThat(
            TestTree.text(
                deployment.sysroot(),
                "ostree/deploy/os/deploy/" + deployment.commit() + ".0.origin"))
        .isEqualTo(
            """
            [origin]
            container-image-reference=ostree-image-signed:docker://quay.io/a/b:latest
            """);
    assertThat(TestTree.text(deployment.sysroot(), ".bootc-aleph.json"))
        .isEqualTo(
            "{\"digest\":\"sha256:00\",\"image\":\"/a:b\",\"kernel\":\"6.1.0-test\",\"labels\":"
                + "{\"containers.bootc\":\"1\"},\"selinux\":\"disabled\","
                + "\"target-image\":\"quay.io/a/b:latest\",\"timestamp\":null,\"version\":null}");
  }

  @Test
  void aStaterootThatLeadsElsewhereIsRefused() {
    settings = new Deployment.Settings("../x", Optional.empty(), Optional.empty(), false);
    assertThatThrownBy(this::deploy)
        .isInstanceOf(BuildException.class)
        .hasMessageContaining("stateroot \"../x\"");
  }

  @Test
  void aReferenceOfTwoLinesIsRefused() {
    reference = "quay.io/a\n[x]";
    assertThatThrownBy(this::deploy).isInstanceOf(BuildException.class);
  }

  @Test
  void threadsDoNotShow() throws IOException, InterruptedException {
    for (int i = 0; i < 500; i++) {
      TestTree.put(container, "usr/share/many/" + i, TestTree.file("file " + i % 100 + "\n"));
    }
    threads = 1;
    Deployment one = deploy();
    threads = 4;
    Deployment four = deploy();
    assertThat(four.commit()).isEqualTo(one.commit());
    assertThat(names(four.sysroot())).isEqualTo(names(one.sysroot()));
  }

  @Test
  void modificationTimesAreTheEpochButThatOfTheDeployments()
      throws IOException, InterruptedException {
    TestTree.put(
        container,
        "etc/late",
        new FileNode(
            Metadata.root(0644).withMtime(Instant.parse("2024-01-01T00:00:00Z")),
            TestTree.file("late").content()));
    Deployment deployment = deploy();
    DirectoryNode deploy = TestTree.directory(deployment.sysroot(), "ostree/deploy");
    assertThat(deploy.metadata().mtime()).isEqualTo(Instant.ofEpochSecond(1));
    deploy.setMetadata(deploy.metadata().withMtime(Instant.EPOCH));
    assertEpoch(deployment.sysroot());
    assertEpoch(deployment.boot());
  }

  @Test
  void whatThePolicyLabelsIsLabelledBeforeItIsCommitted() throws IOException, InterruptedException {
    Checksum unlabelled = deploy().commit();
    putPolicy("permissive");
    Deployment deployment = deploy();
    assertThat(deployment.commit()).isNotEqualTo(unlabelled);
    assertThat(deployment.isLabelled()).isTrue();
    DirectoryNode root = root(deployment);
    assertThat(label(root)).isEqualTo("root");
    assertThat(label(root, "usr/bin/one")).isEqualTo("bin");
    assertThat(label(root, "usr/bin/link")).isEqualTo("link");
    assertThat(label(root, "usr/share/empty")).isEqualTo("any");
    assertThat(label(root, "usr/etc/passwd")).isEqualTo("any");
    assertThat(label(root, "proc")).isEqualTo("mnt");
    assertThat(root.find("usr/bin/one").get().metadata().xattrs().values())
        .containsKey("user.note");
    assertThat(root.find("usr/bin/one")).isEqualTo(root.find("usr/bin/two"));
    assertThat(root.find("usr/bin/one").get())
        .matches(node -> isObject(deployment.sysroot(), node), "is an object");
    assertThat(TestTree.text(deployment.sysroot(), ".bootc-aleph.json"))
        .contains("\"selinux\":\"enabled\"");
  }

  @Test
  void whatIsNotCommittedHasTheLabelOfItsPathInTheRunningSystem()
      throws IOException, InterruptedException {
    putPolicy("enforcing");
    composefs("verity");
    Deployment deployment = deploy();
    TestTree.put(deployment.etc(), "ssh/key", TestTree.file("key"));
    TestTree.put(deployment.var(), "home/alice/.ssh/authorized_keys", TestTree.file("key"));
    TestTree.put(deployment.boot(), "grub2/grub.cfg", TestTree.file("grub"));
    DirectoryNode data = new DirectoryNode(Metadata.root(0755));
    TestTree.put(data, "file", TestTree.file("data"));
    deployment.label(Map.of("/var/data", data));

    DirectoryNode sysroot = deployment.sysroot();
    assertThat(label(sysroot)).isEqualTo("root");
    assertThat(label(sysroot, ".bootc-aleph.json")).isEqualTo("any");
    assertThat(label(sysroot, "boot")).isEqualTo("boot");
    assertThat(label(sysroot, "ostree")).isEqualTo("usr");
    assertThat(label(sysroot, "ostree/boot.1")).isEqualTo("link");
    assertThat(label(sysroot, "ostree/repo/config")).isEqualTo("repo");
    assertThat(label(sysroot, "ostree/repo/refs/heads/ostree/1/1/0")).isEqualTo("repo");
    String deployments = "ostree/deploy/default/deploy/" + deployment.commit();
    assertThat(label(sysroot, deployments + ".0.origin")).isEqualTo("remote");
    FileNode composefs = (FileNode) root(deployment).find(".ostree.cfs").orElseThrow();
    assertThat(label(composefs)).isEqualTo("cfs");
    assertThat(composefs.verity()).isTrue();
    assertThat(label(deployment.etc(), "passwd")).isEqualTo("etc");
    assertThat(label(deployment.etc(), "ssh/key")).isEqualTo("etc");
    assertThat(label(deployment.var())).isEqualTo("var");
    assertThat(label(deployment.var(), ".ostree-selabeled")).isEqualTo("var");
    assertThat(label(deployment.var(), "home/alice/.ssh/authorized_keys")).isEqualTo("ssh");
    assertThat(label(data)).isEqualTo("data");
    assertThat(label(data, "file")).isEqualTo("data");
    assertThat(label(deployment.boot())).isEqualTo("boot");
    assertThat(label(deployment.boot(), "grub2/grub.cfg")).isEqualTo("grub");
    String kernel = "ostree/default-" + BOOT_CHECKSUM + "/";
    assertThat(label(deployment.boot(), kernel + "vmlinuz-6.1.0-test")).isEqualTo("kernel");
    assertThat(label(deployment.boot(), kernel + "initramfs-6.1.0-test.img")).isEqualTo("boot");
    // Objects keep what their checksums say: here nothing.
    assertThat(label(root(deployment), "usr/bin/su")).isEqualTo("none");
    Map<Boolean, Long> objects = new TreeMap<>();
    ((DirectoryNode) sysroot.find("ostree/repo/objects").orElseThrow())
        .children()
        .values()
        .forEach(
            prefix ->
                ((DirectoryNode) prefix)
                    .children()
                    .forEach(
                        (name, node) -> {
                          boolean none = label(node).equals("none");
                          objects.merge(none, 1L, Long::sum);
                          assertThat(!none || name.endsWith(".file")).isTrue();
                        }));
    assertThat(objects.get(true)).isOne();
  }

  @Test
  void withoutAPolicyThereAreNoLabels() throws IOException, InterruptedException {
    putPolicy("disabled");
    Deployment deployment = deploy();
    deployment.label(Map.of());
    assertThat(deployment.isLabelled()).isFalse();
    assertThat(label(deployment.sysroot())).isEqualTo("none");
    assertThat(label(root(deployment), "usr/bin/su")).isEqualTo("none");
    assertThat(label(deployment.etc(), "passwd")).isEqualTo("none");
  }

  private void putPolicy(String mode) {
    TestTree.put(
        container, "etc/selinux/config", TestTree.file("SELINUX=" + mode + "\nSELINUXTYPE=test\n"));
    TestTree.put(
        container,
        "etc/selinux/test/contexts/files/file_contexts",
        TestTree.file(
            """
            /.*                 any
            /.*             -l  link
            /               -d  root
            /mnt            -d  mnt
            /proc               <<none>>
            /usr            -d  usr
            /usr            --  cfs
            /usr/bin/[^/]+  --  bin
            /usr/bin/su         <<none>>
            /etc(/.*)?          etc
            /etc/ostree/remotes.d(/.*)?   remote
            /var(/.*)?          var
            /var/data(/.*)?     data
            /home/[^/]+/\\.ssh(/.*)?   ssh
            /boot(/.*)?         boot
            /boot/vmlinuz.* --  kernel
            /boot/grub2?/.*     grub
            /ostree/repo(/.*)?  repo
            """));
    TestTree.put(
        container,
        "etc/selinux/test/contexts/files/file_contexts.subs_dist",
        TestTree.file("/var/home /home\n"));
  }

  private static boolean isObject(DirectoryNode sysroot, Node node) {
    return ((DirectoryNode) sysroot.find("ostree/repo/objects").orElseThrow())
        .children().values().stream()
            .anyMatch(prefix -> ((DirectoryNode) prefix).children().containsValue(node));
  }

  private static String label(DirectoryNode root, String path) {
    return label(root.find(path).orElseThrow());
  }

  private static String label(Node node) {
    ByteBuffer label = node.metadata().xattrs().values().get("security.selinux");
    return label == null
        ? "none"
        : StandardCharsets.UTF_8.decode(label.duplicate()).toString().replace("\0", "");
  }

  @Test
  void composefsImageIsThereIfItIsWanted() throws IOException, InterruptedException {
    assertThat(root(deploy()).child(".ostree.cfs")).isNull();
    for (String enabled : List.of("maybe", "yes", "verity")) {
      composefs(enabled);
      Deployment deployment = deploy();
      FileNode image = (FileNode) root(deployment).find(".ostree.cfs").orElseThrow();
      boolean verity = enabled.equals("verity");
      assertThat(image.metadata()).isEqualTo(Metadata.root(0644));
      assertThat(image.verity()).isEqualTo(verity);
      assertThat(((FileNode) root(deployment).find("usr/bin/one").orElseThrow()).verity())
          .isEqualTo(verity);
      assertThat(TestTree.text(deployment.sysroot(), "ostree/repo/config").lines())
          .as(enabled)
          .filteredOn(line -> List.of("[ex-integrity]", "fsverity=true").contains(line))
          .hasSize(verity ? 2 : 0);
    }
  }

  @Test
  void whatIsEditedHasNoVerity() throws IOException, InterruptedException {
    composefs("verity");
    Deployment deployment = deploy();
    assertThat(((FileNode) deployment.etc().find("passwd").orElseThrow()).verity()).isFalse();
    assertThat(((FileNode) root(deployment).find("usr/share/empty").orElseThrow()).verity())
        .isFalse();
    DirectoryNode objects = TestTree.directory(deployment.sysroot(), "ostree/repo/objects");
    assertThat(objects.children().values())
        .flatExtracting(directory -> ((DirectoryNode) directory).children().values())
        .filteredOn(FileNode.class::isInstance)
        .allMatch(node -> ((FileNode) node).verity());
  }

  private void composefs(String enabled) {
    TestTree.put(
        container,
        "usr/lib/ostree/prepare-root.conf",
        TestTree.file("[composefs]\nenabled = " + enabled + "\n"));
  }

  private static void assertEpoch(Node node) {
    assertThat(node.metadata().mtime()).isEqualTo(Instant.EPOCH);
    if (node instanceof DirectoryNode directory) {
      directory.children().values().forEach(DeploymentTest::assertEpoch);
    }
  }

  private static String names(DirectoryNode directory) {
    StringBuilder names = new StringBuilder();
    directory
        .children()
        .forEach(
            (name, node) -> {
              names.append(name).append('\n');
              if (node instanceof DirectoryNode below) {
                names.append(names(below));
              }
            });
    return names.toString();
  }

  private static String target(DirectoryNode root, String path) {
    return ((SymlinkNode) root.find(path).orElseThrow()).target();
  }

  private static DirectoryNode root(Deployment deployment) {
    return (DirectoryNode)
        deployment
            .sysroot()
            .find("ostree/deploy/default/deploy/" + deployment.commit() + ".0")
            .orElseThrow();
  }

  private Optional<Node> object(Deployment deployment, String path)
      throws IOException, InterruptedException {
    DirectoryNode alone = new DirectoryNode(Metadata.root(0755));
    alone.put("x", container.find(path).orElseThrow());
    ObjectStore store = new ObjectStore(1);
    store.add(alone);
    String name =
        names(store.objects())
            .lines()
            .filter(line -> line.endsWith(".file"))
            .findFirst()
            .orElseThrow();
    return ((DirectoryNode) deployment.sysroot().find("ostree/repo/objects").orElseThrow())
        .children().values().stream()
            .map(node -> ((DirectoryNode) node).child(name))
            .filter(node -> node != null)
            .findFirst();
  }

  private Deployment deploy() throws IOException, InterruptedException {
    return Deployment.deploy(
        new Deployment.Request(
            new Deployment.Trees(
                container, new DirectoryNode(Metadata.root(0755)), "sha256:" + "1".repeat(64)),
            new Deployment.Documents("{}", "{}", "sha256:00"),
            new ImageConfig("amd64", "linux", Map.of("containers.bootc", "1"), Optional.empty()),
            reference,
            List.of("root=UUID=1234", "rw"),
            0,
            threads,
            settings),
        BootableImage.inspect(container));
  }
}
