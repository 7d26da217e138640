package org.bib.ostree;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.bib.disk.Content;
import org.bib.disk.DamageListener;
import org.bib.disk.MalformedDiskException;
import org.bib.failure.BuildException;
import org.bib.fsverity.FsVerity;
import org.bib.fsverity.VerityDigest;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.jspecify.annotations.Nullable;

/**
 * Proves that the deployments of a disk are what their commits say: every object hashes to its
 * name, every file of a deployment is the object that the commit names, every directory has the
 * metadata of the commit, {@code .ostree.cfs} is the image of that tree. The checksum of a commit
 * covers all of that, so it is what one has to know.
 */
public final class DeploymentCheck {
  private static final Pattern OBJECT =
      Pattern.compile("[0-9a-f]{62}\\.(file|dirtree|dirmeta|commit)");
  private static final long MAX_METADATA = 64 << 20; // OSTREE_MAX_METADATA_SIZE is 10 MiB
  private static final int MAX_DEPTH = 1000;
  private static final Set<String> NOT_OF_THE_COMMIT = Set.of("etc", CommitImage.NAME);
  private static final Set<String> MADE_AT_INSTALLATION = Set.of(".ostree-selabeled");

  private final DirectoryNode sysroot;
  private final int threads;
  private final boolean verity;
  private final DamageListener differences;
  private final TreeMap<String, Node> objects = new TreeMap<>();
  private final Set<String> broken = new HashSet<>();
  private final Map<String, String> paths = new HashMap<>(); // of an object, in a commit
  private final Map<String, VerityDigest> digests = new HashMap<>();

  /** What hashing an object tells: its checksum, or why it could not be read. */
  private record Hashed(String checksum, Optional<VerityDigest> digest, String failure) {}

  private DeploymentCheck(DirectoryNode sysroot, int threads, DamageListener differences) {
    this.sysroot = sysroot;
    this.threads = threads;
    this.differences = differences;
    this.verity =
        text(sysroot.find("ostree/repo/config").orElse(null)).contains("\nfsverity=true\n");
  }

  /**
   * Checks all of a system.
   *
   * @param sysroot tree of the root filesystem, hard links shared
   * @param entries of the boot loader
   * @param threads that hash
   * @param differences is told what is not as the commits say
   * @param additions is told what of {@code /etc} and {@code /var} is not the image's
   */
  public static void run(
      DirectoryNode sysroot,
      List<LoaderEntry> entries,
      int threads,
      DamageListener differences,
      DamageListener additions)
      throws IOException, InterruptedException {
    DeploymentCheck check = new DeploymentCheck(sysroot, threads, differences);
    check.collectObjects();
    check.collectPaths();
    check.hashObjects();
    check.checkReferences();
    List<InstalledDeployment> deployments = InstalledDeployment.find(sysroot, entries);
    if (deployments.isEmpty()) {
      differences.damaged("/ostree/deploy", "there is no deployment");
    }
    for (InstalledDeployment deployment : deployments) {
      check.check(deployment, additions);
    }
  }

  private void collectObjects() {
    if (!(sysroot.find("ostree/repo/objects").orElse(null) instanceof DirectoryNode top)) {
      differences.damaged("/ostree/repo/objects", "is missing");
      return;
    }
    top.children()
        .forEach(
            (prefix, node) -> {
              if (!(node instanceof DirectoryNode directory) || !prefix.matches("[0-9a-f]{2}")) {
                differences.damaged("/ostree/repo/objects/" + prefix, "is no directory of objects");
                return;
              }
              directory
                  .children()
                  .forEach(
                      (name, object) -> {
                        if (OBJECT.matcher(name).matches() && !(object instanceof DirectoryNode)) {
                          objects.put(prefix + name, object);
                        } else {
                          differences.damaged(
                              "/ostree/repo/objects/" + prefix + "/" + name, "is no object");
                        }
                      });
            });
  }

  /** Walks all commits, to know by which paths their objects go. */
  private void collectPaths() {
    for (String name : List.copyOf(objects.keySet())) {
      if (name.endsWith(".commit")) {
        try {
          paths.put(name, "");
          ObjectEncoder.TreeChecksums root =
              ObjectDecoder.commitRoot(bytes(name.substring(0, 64), "commit"));
          collectPaths(root, "", 0);
        } catch (IOException e) {
          differences.damaged(place(name), "the commit cannot be read: " + e.getMessage());
        }
      }
    }
  }

  private void collectPaths(ObjectEncoder.TreeChecksums checksums, String path, int depth)
      throws IOException {
    paths.putIfAbsent(checksums.meta() + ".dirmeta", path);
    if (paths.putIfAbsent(checksums.tree() + ".dirtree", path) != null || depth > MAX_DEPTH) {
      return; // all below is known
    }
    ObjectDecoder.DirectoryTree tree;
    try {
      tree = ObjectDecoder.directoryTree(bytes(checksums.tree().hex(), "dirtree"));
    } catch (IOException e) {
      return; // told when the objects are hashed, or the deployment is compared
    }
    tree.files().forEach((name, file) -> paths.putIfAbsent(file + ".file", path + "/" + name));
    for (Map.Entry<String, ObjectEncoder.TreeChecksums> below : tree.directories().entrySet()) {
      collectPaths(below.getValue(), path + "/" + below.getKey(), depth + 1);
    }
  }

  private void hashObjects() throws IOException, InterruptedException {
    List<Map.Entry<String, Node>> all = List.copyOf(objects.entrySet());
    IdentityHashMap<Node, String> names = new IdentityHashMap<>();
    all.forEach(entry -> names.putIfAbsent(entry.getValue(), entry.getKey()));
    List<Hashed> hashes =
        ParallelHash.all(
            all.stream().map(Map.Entry::getValue).toList(),
            threads,
            (node, buffer) -> hash(node, String.valueOf(names.get(node)), buffer));
    for (int i = 0; i < all.size(); i++) {
      String name = all.get(i).getKey();
      Hashed hashed = hashes.get(i);
      hashed.digest().ifPresent(digest -> digests.put(name, digest));
      if (!hashed.failure().isEmpty()) {
        broken.add(name);
        differences.damaged(place(name), hashed.failure());
      } else if (!name.startsWith(hashed.checksum())) {
        broken.add(name);
        differences.damaged(
            place(name), "its content or metadata differs: its checksum is " + hashed.checksum());
      }
      if (!paths.containsKey(name)) {
        differences.damaged(place(name), "belongs to no commit");
      }
      if (all.get(i).getValue() instanceof FileNode file && file.verity() != verity) {
        differences.damaged(
            place(name), file.verity() ? "has fs-verity" : "is not protected by fs-verity");
      }
    }
  }

  private Hashed hash(Node node, String name, ByteBuffer buffer) {
    try {
      MessageDigest digest = Checksum.newDigest();
      if (node instanceof SymlinkNode link) {
        digest.update(
            ObjectEncoder.fileHeader(link.metadata(), ObjectEncoder.S_IFLNK, link.target()));
        return new Hashed(Checksum.of(digest).hex(), Optional.empty(), "");
      }
      FileNode file = (FileNode) node;
      Content content = file.content();
      if (!name.endsWith(".file")) {
        content.readAll(buffer, digest::update);
        return new Hashed(Checksum.of(digest).hex(), Optional.empty(), "");
      }
      digest.update(ObjectEncoder.fileHeader(file.metadata(), ObjectEncoder.S_IFREG, ""));
      if (!verity || content.size() == 0) {
        content.readAll(buffer, digest::update);
        return new Hashed(Checksum.of(digest).hex(), Optional.empty(), "");
      }
      FsVerity fsVerity = new FsVerity(content.size(), FsVerity.TreeSink.NONE);
      content.readAll(
          buffer,
          piece -> {
            digest.update(piece.duplicate());
            fsVerity.update(piece);
          });
      return new Hashed(Checksum.of(digest).hex(), Optional.of(fsVerity.digest()), "");
    } catch (IOException e) {
      return new Hashed("", Optional.empty(), "cannot be read: " + e.getMessage());
    }
  }

  /** How an object is told: by the path that a user knows, then its own. */
  private String place(String name) {
    String path = paths.get(name);
    String object = "object " + name.substring(0, 2) + "/" + name.substring(2);
    return path == null || name.endsWith(".commit")
        ? object
        : (path.isEmpty() ? "/" : path) + " (" + object + ")";
  }

  private byte[] bytes(String checksum, String kind) throws IOException {
    if (!(objects.get(checksum + "." + kind) instanceof FileNode file)) {
      throw new MalformedDiskException("object " + checksum + "." + kind + " is missing");
    }
    return ObjectStore.bytes(file.content(), MAX_METADATA, "object " + checksum + "." + kind);
  }

  private void checkReferences() {
    if (sysroot.find("ostree/repo/refs").orElse(null) instanceof DirectoryNode refs) {
      checkReferences(refs, "/ostree/repo/refs");
    }
  }

  private void checkReferences(DirectoryNode directory, String path) {
    directory
        .children()
        .forEach(
            (name, node) -> {
              String here = path + "/" + name;
              if (node instanceof DirectoryNode below) {
                checkReferences(below, here);
              } else if (!objects.containsKey(text(node).strip() + ".commit")) {
                differences.damaged(here, "names no commit of the repository");
              }
            });
  }

  private void check(InstalledDeployment deployment, DamageListener additions) throws IOException {
    IdentityHashMap<Node, String> files = new IdentityHashMap<>();
    try {
      ObjectEncoder.TreeChecksums root =
          ObjectDecoder.commitRoot(bytes(deployment.checksum(), "commit"));
      compare(deployment.root(), root, "", files, 0);
    } catch (IOException e) {
      differences.damaged(deployment.path(), String.valueOf(e.getMessage()));
      return;
    }
    checkComposefs(deployment, files);
    additions(deployment, additions);
  }

  /** Tells what of a deployment's {@code /etc} and {@code /var} is not as the image has it. */
  public static void additions(InstalledDeployment deployment, DamageListener additions)
      throws IOException {
    compareLocal(
        deployment.root().find("usr/etc").orElse(null), deployment.etc(), "/etc", additions);
    compareLocal(deployment.root().child("var"), deployment.var(), "/var", additions);
  }

  private void compare(
      DirectoryNode directory,
      ObjectEncoder.TreeChecksums checksums,
      String path,
      IdentityHashMap<Node, String> files,
      int depth)
      throws IOException {
    String here = path.isEmpty() ? "/" : path;
    Metadata expected = ObjectDecoder.directoryMetadata(bytes(checksums.meta().hex(), "dirmeta"));
    if (!directory.metadata().withMtime(Instant.EPOCH).equals(expected)) {
      differences.damaged(here, "mode, owner or attributes of the directory differ");
    } else if (!directory.metadata().mtime().equals(Instant.EPOCH)) {
      differences.damaged(here, "the directory has been changed: its time is not the epoch");
    }
    ObjectDecoder.DirectoryTree tree =
        ObjectDecoder.directoryTree(bytes(checksums.tree().hex(), "dirtree"));
    for (Map.Entry<String, Checksum> file : tree.files().entrySet()) {
      compareFile(
          directory.child(file.getKey()), file.getValue(), path + "/" + file.getKey(), files);
    }
    for (Map.Entry<String, ObjectEncoder.TreeChecksums> below : tree.directories().entrySet()) {
      String belowPath = path + "/" + below.getKey();
      if (!(directory.child(below.getKey()) instanceof DirectoryNode child)) {
        differences.damaged(belowPath, missing(directory.child(below.getKey())));
      } else if (depth < MAX_DEPTH) {
        compare(child, below.getValue(), belowPath, files, depth + 1);
      }
    }
    for (String name : directory.children().keySet()) {
      if (!tree.files().containsKey(name)
          && !tree.directories().containsKey(name)
          && !(depth == 0 && NOT_OF_THE_COMMIT.contains(name))) {
        differences.damaged(path + "/" + name, "is not in the commit");
      }
    }
  }

  private static String missing(@Nullable Node node) {
    return node == null ? "is missing" : "is of another type than the commit says";
  }

  private void compareFile(
      @Nullable Node node, Checksum checksum, String path, IdentityHashMap<Node, String> files) {
    String name = checksum + ".file";
    if (node == null || node instanceof DirectoryNode) {
      differences.damaged(path, missing(node));
      return;
    }
    files.put(node, name);
    Node object = objects.get(name);
    if (node == object) {
      return; // what is wrong with the object has been told
    }
    Hashed hashed = hash(node, ".file", ByteBuffer.allocate(ObjectStore.BUFFER));
    if (!hashed.failure().isEmpty()) {
      differences.damaged(path, hashed.failure());
    } else if (!hashed.checksum().equals(checksum.hex())) {
      differences.damaged(path, "its content or metadata differs from the commit");
    } else if (object == null) {
      differences.damaged(path, "its object is missing");
    } else if (!(node instanceof FileNode file && file.content().size() == 0)) {
      differences.damaged(path, "is a copy of its object, not a hard link");
    }
  }

  private void checkComposefs(InstalledDeployment deployment, IdentityHashMap<Node, String> files)
      throws IOException {
    Node found = deployment.root().child(CommitImage.NAME);
    boolean wanted;
    try {
      wanted = PrepareRoot.read(deployment.root(), deployment.kernelArguments()).composefs();
    } catch (BuildException e) {
      differences.damaged("/usr/lib/ostree/prepare-root.conf", e.problem());
      return;
    }
    if (found == null || !wanted) {
      if (found != null || wanted) {
        differences.damaged(
            "/" + CommitImage.NAME,
            wanted ? "is missing" : "is there, and prepare-root.conf wants none");
      }
      return;
    }
    DirectoryNode tree = new DirectoryNode(deployment.root().metadata());
    deployment
        .root()
        .children()
        .forEach(
            (name, node) -> {
              if (!NOT_OF_THE_COMMIT.contains(name)) {
                tree.put(name, node);
              }
            });
    boolean same = false;
    try {
      FileNode made =
          CommitImage.of(
              tree,
              file -> {
                String name = files.getOrDefault(file, "0".repeat(64) + ".file");
                return CommitImage.payload(
                    new Checksum(name.substring(0, 64)), Optional.ofNullable(digests.get(name)));
              });
      same = found instanceof FileNode file && equal(made.content(), file.content());
    } catch (IOException e) {
      // It cannot be read, or the tree is one that has no image: told below.
    }
    if (!same) {
      differences.damaged(
          "/" + CommitImage.NAME, "is not the composefs image of the deployed tree");
    }
  }

  private static boolean equal(Content a, Content b) throws IOException {
    if (a.size() != b.size() || a.size() > MAX_METADATA * 16) {
      return false;
    }
    ByteBuffer left = ByteBuffer.allocate(ObjectStore.BUFFER);
    ByteBuffer right = ByteBuffer.allocate(ObjectStore.BUFFER);
    for (long at = 0; at < a.size(); at += left.capacity()) {
      int n = (int) Math.min(left.capacity(), a.size() - at);
      a.read(at, left.clear().limit(n));
      b.read(at, right.clear().limit(n));
      if (!left.flip().equals(right.flip())) {
        return false;
      }
    }
    return true;
  }

  /** What the system has at {@code path} that is not as the image has it; names only. */
  private static void compareLocal(
      @Nullable Node image, @Nullable Node local, String path, DamageListener additions)
      throws IOException {
    if (local == null) {
      if (image != null) {
        additions.damaged(path, "has been removed");
      }
      return;
    }
    if (image == null) {
      tell(local, path, additions);
      return;
    }
    if (!image.getClass().equals(local.getClass())) {
      additions.damaged(path, "is of another type than in the image");
      return;
    }
    Metadata expected = image.metadata().withMtime(Instant.EPOCH);
    if (!expected.equals(local.metadata().withMtime(Instant.EPOCH))) {
      additions.damaged(path, "mode, owner or attributes differ from the image's");
    }
    if (image instanceof FileNode file && !equal(file.content(), ((FileNode) local).content())) {
      additions.damaged(path, "differs from the image's");
    } else if (image instanceof SymlinkNode link
        && !link.target().equals(((SymlinkNode) local).target())) {
      additions.damaged(path, "leads elsewhere than in the image");
    } else if (image instanceof DirectoryNode directory) {
      DirectoryNode there = (DirectoryNode) local;
      for (Map.Entry<String, Node> child : directory.children().entrySet()) {
        compareLocal(
            child.getValue(), there.child(child.getKey()), path + "/" + child.getKey(), additions);
      }
      for (Map.Entry<String, Node> child : there.children().entrySet()) {
        if (directory.child(child.getKey()) == null
            && !(path.equals("/var") && MADE_AT_INSTALLATION.contains(child.getKey()))) {
          tell(child.getValue(), path + "/" + child.getKey(), additions);
        }
      }
    }
  }

  private static void tell(Node node, String path, DamageListener additions) {
    additions.damaged(path + (node instanceof DirectoryNode ? "/" : ""), "is not in the image");
    if (node instanceof DirectoryNode directory) {
      directory.children().forEach((name, child) -> tell(child, path + "/" + name, additions));
    }
  }

  /** A small file as text; empty if it is none. */
  static String text(@Nullable Node node) {
    if (!(node instanceof FileNode file)) {
      return "";
    }
    try {
      return BootableImage.text("file", file.content());
    } catch (IOException e) {
      return "";
    }
  }

  /** The metadata of a commit that are texts, if it can be read. */
  static Map<String, String> commitTexts(DirectoryNode sysroot, String checksum) {
    String path =
        "ostree/repo/objects/" + checksum.substring(0, 2) + "/" + checksum.substring(2) + ".commit";
    try {
      return sysroot.find(path).orElse(null) instanceof FileNode file
          ? ObjectDecoder.commitTexts(ObjectStore.bytes(file.content(), MAX_METADATA, path))
          : Map.of();
    } catch (IOException e) {
      return Map.of();
    }
  }

  /** Lists the names of a directory. */
  static List<String> names(@Nullable Node node) {
    return node instanceof DirectoryNode directory
        ? new ArrayList<>(directory.children().keySet())
        : List.of();
  }
}
