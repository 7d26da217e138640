package org.bib.ostree;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.bib.disk.Content;
import org.bib.oci.ImageConfig;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;

/**
 * The first deployment of a container image: the trees of the root filesystem and of {@code /boot}
 * as {@code bootc install} leaves them.
 */
public final class Deployment {
  private static final String STATEROOT = "default";
  private static final Metadata DIRECTORY = Metadata.root(0755);
  private static final ObjectMapper CANONICAL =
      new ObjectMapper().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);
  // What bootc install leaves behind; readonly keeps /sysroot so.
  private static final String REPOSITORY_CONFIG =
      "[core]\nrepo_version=1\nmode=bare\n\n[sysroot]\nbootloader=none\nbootprefix=true\nreadonly=true\n";

  private final DirectoryNode sysroot = new DirectoryNode(DIRECTORY);
  private final DirectoryNode boot = new DirectoryNode(DIRECTORY);
  private final Checksum commit;
  private final String title;
  private final String options;
  private final String kernelPath;
  private final String initramfsPath;

  /**
   * What is deployed, and how.
   *
   * @param trees of the image
   * @param documents of the image
   * @param imageConfig what the configuration says
   * @param imageReference what the system follows, as {@code docker://NAME} or {@code oci:...}
   * @param kernelArguments all but {@code ostree=}
   * @param bootUuid of the filesystem of {@code /boot}
   * @param seconds time of the commit
   * @param threads for hashing
   */
  public record Request(
      Trees trees,
      Documents documents,
      ImageConfig imageConfig,
      String imageReference,
      List<String> kernelArguments,
      UUID bootUuid,
      long seconds,
      int threads) {
    public Request {
      kernelArguments = List.copyOf(kernelArguments);
    }
  }

  /** The merged tree of the image, and that of its lowest layer with the digest of its blob. */
  public record Trees(DirectoryNode container, DirectoryNode firstLayer, String firstLayerDigest) {}

  /** Manifest and configuration as text, and the digest of the former. */
  public record Documents(String manifest, String config, String manifestDigest) {}

  private Deployment(Request request, BootableImage image)
      throws IOException, InterruptedException {
    ObjectStore store = new ObjectStore(request.threads());
    DirectoryNode tree = ImportFilter.filter(request.trees().container());
    ObjectEncoder.TreeChecksums root = store.add(tree);
    commit =
        store.addCommit(
            ObjectEncoder.commit(metadata(request.documents()), "", request.seconds(), root));
    ObjectEncoder.TreeChecksums layer =
        store.add(ImportFilter.filter(request.trees().firstLayer()));
    Checksum layerCommit =
        store.addCommit(ObjectEncoder.commit(Map.of(), "", request.seconds(), layer));

    String bootChecksum = bootChecksum(image);
    String bootDirectory = "ostree/" + STATEROOT + "-" + bootChecksum;
    kernelPath = "/boot/" + bootDirectory + "/vmlinuz-" + image.kernelVersion();
    initramfsPath = "/boot/" + bootDirectory + "/initramfs-" + image.kernelVersion() + ".img";
    title = image.title() + " (ostree:0)";
    options =
        String.join(" ", request.kernelArguments())
            + " ostree=/ostree/boot.1/"
            + STATEROOT
            + "/"
            + bootChecksum
            + "/0";

    makeBoot(image, directory(boot, bootDirectory));
    DirectoryNode ostree = sysroot.directory("ostree", DIRECTORY);
    makeRepository(ostree, store, request, layerCommit);
    makeDeployment(ostree, store.checkout(tree), request);
    makeBootLinks(ostree, bootChecksum);
    sysroot.put("boot", new DirectoryNode(DIRECTORY));
    sysroot.put(".bootc-aleph.json", ObjectStore.textFile(aleph(request, image)));
  }

  /**
   * Deploys an image.
   *
   * @param image what {@link BootableImage#inspect} found in the container
   */
  public static Deployment deploy(Request request, BootableImage image)
      throws IOException, InterruptedException {
    return new Deployment(request, image);
  }

  /** The tree of the root filesystem. */
  public DirectoryNode sysroot() {
    return sysroot;
  }

  /** The tree of the filesystem that is mounted at {@code /boot}. */
  public DirectoryNode boot() {
    return boot;
  }

  /** The commit that is deployed. */
  public Checksum commit() {
    return commit;
  }

  /** Title of the boot loader entry. */
  public String title() {
    return title;
  }

  /** The kernel command line. */
  public String options() {
    return options;
  }

  /** Path of the kernel as the entry has it. */
  public String kernelPath() {
    return kernelPath;
  }

  /** Path of the initramfs as the entry has it. */
  public String initramfsPath() {
    return initramfsPath;
  }

  /** Merge commit metadata of ostree-ext, store.rs. */
  private static Map<String, String> metadata(Documents documents) throws IOException {
    TreeMap<String, String> metadata = new TreeMap<>();
    metadata.put("ostree.container.image-config", canonical(documents.config()));
    metadata.put("ostree.importer.version", "0.15.3");
    metadata.put("ostree.manifest", canonical(documents.manifest()));
    metadata.put("ostree.manifest-digest", documents.manifestDigest());
    return metadata;
  }

  private static String canonical(String json) throws IOException {
    return CANONICAL.writeValueAsString(CANONICAL.readValue(json, Object.class));
  }

  /** SHA-256 over kernel and initramfs (ostree-sysroot-deploy.c, get_kernel_layout). */
  private static String bootChecksum(BootableImage image) throws IOException {
    MessageDigest digest = Checksum.newDigest();
    ByteBuffer buffer = ByteBuffer.allocate(1 << 18);
    for (Content content : List.of(image.kernel().content(), image.initramfs().content())) {
      for (long at = 0; at < content.size(); at += buffer.limit()) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), content.size() - at));
        content.read(at, buffer);
        digest.update(buffer.flip());
      }
    }
    return Checksum.of(digest).hex();
  }

  private void makeBoot(BootableImage image, DirectoryNode kernels) {
    kernels.put(name(kernelPath), copy(image.kernel()));
    kernels.put(name(initramfsPath), copy(image.initramfs()));
    boot.put("boot", new SymlinkNode(Metadata.root(0777), "."));
    boot.put("loader", new SymlinkNode(Metadata.root(0777), "loader.1"));
    boot.put("efi", new DirectoryNode(DIRECTORY));
    directory(boot, "loader.1/entries")
        .put(
            "ostree-1.conf",
            ObjectStore.textFile(
                "title "
                    + title
                    + "\nversion 1\noptions "
                    + options
                    + "\nlinux "
                    + kernelPath
                    + "\ninitrd "
                    + initramfsPath
                    + "\n"));
  }

  private void makeRepository(
      DirectoryNode ostree, ObjectStore store, Request request, Checksum layerCommit) {
    DirectoryNode repository = ostree.directory("repo", DIRECTORY);
    repository.put("config", ObjectStore.textFile(REPOSITORY_CONFIG));
    repository.put("objects", store.objects());
    for (String path :
        List.of("refs/heads", "refs/mirrors", "refs/remotes", "extensions", "state", "tmp/cache")) {
      directory(repository, path);
    }
    DirectoryNode heads = directory(repository, "refs/heads");
    putRef(heads, RefName.image(request.imageReference()), commit);
    putRef(heads, RefName.blob(request.trees().firstLayerDigest()), layerCommit);
    putRef(heads, "ostree/1/1/0", commit);
  }

  private void makeDeployment(DirectoryNode ostree, DirectoryNode tree, Request request) {
    DirectoryNode stateroot = directory(ostree, "deploy/" + STATEROOT);
    DirectoryNode deployments = stateroot.directory("deploy", DIRECTORY);
    tree.setImmutable(true);
    deployments.put(commit + ".0", tree);
    deployments.put(
        commit + ".0.origin",
        ObjectStore.textFile(
            "[origin]\ncontainer-image-reference="
                + originReference(request.imageReference())
                + "\n"));
    DirectoryNode var = copyOf(tree, "var");
    var.remove(".updated");
    var.put(".ostree-selabeled", ObjectStore.textFile(""));
    stateroot.put("var", var);
    DirectoryNode etc = copyOf(tree, "usr/etc");
    etc.remove(".updated");
    etc.put("fstab", ObjectStore.textFile("UUID=" + request.bootUuid() + " /boot auto ro 0 0\n"));
    tree.put("etc", etc);
  }

  private static void makeBootLinks(DirectoryNode ostree, String bootChecksum) {
    ostree.put("boot.1", new SymlinkNode(Metadata.root(0777), "boot.1.1"));
    directory(ostree, "boot.1.1/" + STATEROOT + "/" + bootChecksum)
        .put(
            "0",
            new SymlinkNode(
                Metadata.root(0777),
                "../../../deploy/" + STATEROOT + "/deploy/" + deploymentName(ostree)));
  }

  private static String deploymentName(DirectoryNode ostree) {
    return directory(ostree, "deploy/" + STATEROOT + "/deploy").children().firstKey();
  }

  /** bootc's short form for registries without signature policy, the long one for the rest. */
  private static String originReference(String reference) {
    return reference.startsWith("docker://")
        ? "ostree-unverified-registry:" + reference.substring("docker://".length())
        : "ostree-unverified-image:" + reference;
  }

  private static String aleph(Request request, BootableImage image) throws IOException {
    TreeMap<String, Object> aleph = new TreeMap<>();
    aleph.put("digest", request.documents().manifestDigest());
    aleph.put("kernel", image.kernelVersion());
    aleph.put("selinux", "disabled");
    aleph.put("target-image", request.imageReference().replaceFirst("^docker://", ""));
    if (!request.imageConfig().labels().isEmpty()) {
      aleph.put("labels", request.imageConfig().labels());
    }
    request.imageConfig().version().ifPresent(version -> aleph.put("version", version));
    request
        .imageConfig()
        .created()
        .ifPresent(created -> aleph.put("timestamp", created.toString()));
    return CANONICAL.writeValueAsString(aleph);
  }

  private static void putRef(DirectoryNode heads, String name, Checksum commit) {
    int slash = name.lastIndexOf('/');
    directory(heads, name.substring(0, slash))
        .put(name.substring(slash + 1), ObjectStore.textFile(commit + "\n"));
  }

  private static DirectoryNode directory(DirectoryNode from, String path) {
    DirectoryNode directory = from;
    for (String name : path.split("/", -1)) {
      directory = directory.directory(name, DIRECTORY);
    }
    return directory;
  }

  /** A copy with files of its own, which may be edited without touching objects. */
  private static DirectoryNode copyOf(DirectoryNode tree, String path) {
    return tree.find(path).orElse(null) instanceof DirectoryNode directory
        ? copy(directory)
        : new DirectoryNode(DIRECTORY);
  }

  private static DirectoryNode copy(DirectoryNode directory) {
    DirectoryNode copy = new DirectoryNode(directory.metadata());
    directory.children().forEach((name, node) -> copy.put(name, copyNode(node)));
    return copy;
  }

  private static Node copyNode(Node node) {
    if (node instanceof DirectoryNode directory) {
      return copy(directory);
    }
    return node instanceof FileNode file
        ? copy(file)
        : new SymlinkNode(node.metadata(), ((SymlinkNode) node).target());
  }

  private static FileNode copy(FileNode file) {
    return new FileNode(file.metadata(), file.content());
  }

  private static String name(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }
}
