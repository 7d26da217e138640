package org.bib.ostree;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.bib.oci.ImageConfig;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What libostree says of a deployment, and what it would have made itself. */
class DeploymentOracleTest {
  private static final String LAYER = "sha256:" + "1".repeat(64);

  @TempDir Path directory;
  private final DirectoryNode container = TestTree.container();
  private long uid;
  private long gid;

  @BeforeEach
  void ownByWhoRunsTheTest() throws IOException {
    uid = ((Integer) Files.getAttribute(directory, "unix:uid")).longValue();
    gid = ((Integer) Files.getAttribute(directory, "unix:gid")).longValue();
  }

  /** As root, libostree makes deployments immutable, which nobody could delete. */
  @AfterEach
  void makeMutable() throws IOException, InterruptedException {
    Processes.status("chattr", "-f", "-R", "-i", directory.toString());
  }

  @Test
  void ostreeFindsNothingWrong() throws IOException, InterruptedException {
    Deployment deployment = deploy();
    deployment.etc().put("local", owned(TestTree.file("local\n"), new IdentityHashMap<>()));
    write(deployment);

    assertThat(ostree("fsck")).contains("object fsck of 2 commits completed successfully");
    assertThat(ostree("refs").lines())
        .containsExactlyInAnyOrder(
            "ostree/container/image/docker_3A__2F__2F_quay_2E_io/a/b_3A_latest",
            "ostree/container/blob/sha256_3A_" + "1".repeat(64),
            "ostree/1/1/0");
    String commit = deployment.commit().hex();
    assertThat(ostree("show", "--raw", commit))
        .contains("'ostree.manifest-digest': <'sha256:00'>")
        .contains("'ostree.manifest': <'{\"a\":1.10,\"b\":[12345678901234567890]}'>");
    assertThat(ostree("ls", "-R", commit))
        .contains(" /usr/etc/passwd", "04755", " /usr/bin/link -> one")
        .doesNotContain(" /etc", "dropped", "hostname");
    assertThat(run("ostree", "admin", "status", "--sysroot=" + sysroot()))
        .contains("default " + commit + ".0");
    assertThat(run("ostree", "admin", "config-diff", "--sysroot=" + sysroot(), "--os=default"))
        .contains("local");
  }

  @Test
  void treeChecksumsAreThoseOfOstreeCommit() throws IOException, InterruptedException {
    Deployment deployment = deploy();
    write(deployment);
    DirectoryNode filtered = ImportFilter.filter(owned(container));
    Path tree = directory.resolve("tree");
    TestTree.write(filtered, tree);
    ostree("commit", "-b", "oracle", "--tree=dir=" + tree, "--timestamp=@86400");

    assertThat(ostree("ls", "-d", "-C", "oracle", "/"))
        .isEqualTo(ostree("ls", "-d", "-C", deployment.commit().hex(), "/"));
    assertThat(ostree("ls", "-R", "-C", "-X", "oracle"))
        .isEqualTo(ostree("ls", "-R", "-C", "-X", deployment.commit().hex()));
  }

  @Test
  void ostreeAdminDeployMakesTheSame() throws IOException, InterruptedException {
    TestTree.put(container, "usr/lib/modules/6.1.0-test/.vmlinuz.hmac", TestTree.file("hmac"));
    TestTree.put(container, "usr/lib/modules/6.1.0-test/dtb/v/b.dtb", TestTree.file("D2"));
    TestTree.put(container, "usr/lib/modules/6.1.0-test/dtb/a.dtb", TestTree.file("D1"));
    Deployment deployment = deploy();
    write(deployment);

    Path other = directory.resolve("other");
    Files.createDirectories(other);
    run("ostree", "admin", "init-fs", other.toString());
    run("ostree", "admin", "os-init", "default", "--sysroot=" + other);
    String repository = "--repo=" + other.resolve("ostree/repo");
    run("ostree", repository, "pull-local", repository().toString(), deployment.commit().hex());
    // Our own file for what only container tools write there.
    Path origin =
        Files.writeString(
            directory.resolve("origin"),
            "[origin]\ncontainer-image-reference=ostree-unverified-registry:quay.io/a/b:latest\n");
    run(
        "ostree",
        "admin",
        "deploy",
        "--sysroot=" + other,
        "--os=default",
        "--origin-file=" + origin,
        "--karg=root=UUID=1",
        "--karg-append=rw",
        deployment.commit().hex());

    Map<String, String> expected = listing(other.resolve("ostree/deploy"));
    // libostree before 2024.3 does not bring /var of the commit there.
    expected.put("default/var/lib/state", "100644 state\n");
    assertThat(listing(sysroot().resolve("ostree/deploy"))).isEqualTo(expected);
    assertThat(listing(sysroot().resolve("ostree/boot.1.1")))
        .isEqualTo(listing(other.resolve("ostree/boot.1.1")));
    assertThat(listing(sysroot().resolve("boot/ostree")))
        .isEqualTo(listing(other.resolve("boot/ostree")));
    assertThat(Files.readString(sysroot().resolve("boot/loader/entries/ostree-1.conf")))
        .isEqualTo(
            Files.readString(other.resolve("boot/loader/entries/ostree-1-default.conf"))
                .replace(" /ostree/default-", " /boot/ostree/default-"));
  }

  @Test
  void ostreeDeploysAgainAndCleansUp() throws IOException, InterruptedException {
    Deployment deployment = deploy();
    write(deployment);
    String commit = deployment.commit().hex();
    run("ostree", "admin", "deploy", "--sysroot=" + sysroot(), "--os=default", commit);
    assertThat(run("ostree", "admin", "status", "--sysroot=" + sysroot()))
        .contains(commit + ".0", commit + ".1");
    run("ostree", "admin", "undeploy", "--sysroot=" + sysroot(), "0");
    run("ostree", "admin", "cleanup", "--sysroot=" + sysroot());
    assertThat(ostree("fsck")).contains("completed successfully");
    assertThat(run("ostree", "admin", "status", "--sysroot=" + sysroot())).contains(commit + ".0");
  }

  @Test
  void ostreeFsckFindsADamagedObject() throws IOException, InterruptedException {
    write(deploy());
    try (var deployments = Files.list(sysroot().resolve("ostree/deploy/default/deploy"))) {
      Path root = deployments.filter(Files::isDirectory).findFirst().orElseThrow();
      Files.writeString(root.resolve("usr/bin/su"), "other\n");
    }
    assertThat(Processes.status("ostree", "--repo=" + repository(), "fsck")).isNotZero();
  }

  /** Relative paths to modes and contents or targets. */
  private static Map<String, String> listing(Path root) throws IOException {
    Map<String, String> listing = new TreeMap<>();
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes)
              throws IOException {
            return visitFile(path, attributes);
          }

          @Override
          public FileVisitResult visitFile(Path path, BasicFileAttributes attributes)
              throws IOException {
            int mode = (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
            String content =
                attributes.isDirectory()
                    ? ""
                    : attributes.isSymbolicLink()
                        ? Files.readSymbolicLink(path).toString()
                        : Files.readString(path);
            listing.put(
                root.relativize(path).toString(), Integer.toOctalString(mode) + " " + content);
            return FileVisitResult.CONTINUE;
          }
        });
    return listing;
  }

  private Deployment deploy() throws IOException, InterruptedException {
    DirectoryNode owned = owned(container);
    DirectoryNode layer = new DirectoryNode(Metadata.root(0755).withOwner(uid, gid));
    layer.put("layer", owned(TestTree.file("layer\n"), new IdentityHashMap<>()));
    layer.put(".wh.gone", owned(TestTree.file(""), new IdentityHashMap<>()));
    return Deployment.deploy(
        new Deployment.Request(
            new Deployment.Trees(owned, layer, LAYER),
            new Deployment.Documents(
                "{ \"b\": [12345678901234567890], \"a\": 1.10 }", "{}", "sha256:00"),
            new ImageConfig("amd64", "linux", Map.of("containers.bootc", "1"), Optional.empty()),
            "quay.io/a/b:latest",
            List.of("root=UUID=1", "rw"),
            Instant.parse("2024-01-02T03:04:05Z").getEpochSecond(),
            2),
        BootableImage.inspect(owned));
  }

  private DirectoryNode owned(DirectoryNode root) {
    return (DirectoryNode) owned(root, new IdentityHashMap<>());
  }

  private Node owned(Node node, IdentityHashMap<Node, Node> done) {
    Node known = done.get(node);
    if (known != null) {
      return known;
    }
    Metadata metadata = node.metadata().withOwner(uid, gid);
    Node made;
    if (node instanceof DirectoryNode from) {
      DirectoryNode copy = new DirectoryNode(metadata);
      from.children().forEach((name, child) -> copy.put(name, owned(child, done)));
      made = copy;
    } else if (node instanceof FileNode file) {
      made = new FileNode(metadata, file.content());
    } else {
      made = new SymlinkNode(metadata, ((SymlinkNode) node).target());
    }
    done.put(node, made);
    return made;
  }

  /** Writes the trees of both filesystems as they are when both are mounted. */
  private void write(Deployment deployment) throws IOException {
    deployment.sysroot().put("boot", deployment.boot());
    TestTree.write(owned(deployment.sysroot()), sysroot());
  }

  private Path sysroot() {
    return directory.resolve("sysroot");
  }

  private Path repository() {
    return sysroot().resolve("ostree/repo");
  }

  private String ostree(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("ostree", "--repo=" + repository()));
    command.addAll(List.of(arguments));
    return run(command.toArray(String[]::new));
  }

  private static String run(String... command) throws IOException, InterruptedException {
    return Processes.run(command);
  }
}
