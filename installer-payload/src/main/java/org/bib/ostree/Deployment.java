package org.bib.ostree;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.bib.failure.BuildException;
import org.bib.oci.ImageConfig;
import org.bib.selinux.Labels;
import org.bib.selinux.SelinuxPolicy;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;
import org.bib.tree.SymlinkNode;
import org.jspecify.annotations.Nullable;

/**
 * The first deployment of a container image: the trees of the root filesystem and of {@code /boot}
 * as {@code bootc install} leaves them. All that is generated has the epoch as modification time,
 * but {@code /ostree/deploy} that of the commit.
 */
public final class Deployment {
  private static final Metadata DIRECTORY = Metadata.root(0755);
  // It is part of paths and of the kernel command line.
  private static final Pattern STATEROOT = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]*");
  // What bootc install leaves behind; readonly keeps /sysroot so.
  private static final String REPOSITORY_CONFIG =
      """
      [core]
      repo_version=1
      mode=bare

      [sysroot]
      bootloader=none
      bootprefix=true
      readonly=true
      """;

  private final Request request;
  private final String stateroot;
  private final ContainerReference reference;
  private final Optional<Labels> labels;
  private final PrepareRoot prepareRoot;
  private final BootFiles bootFiles;
  private final DirectoryNode sysroot = new DirectoryNode(DIRECTORY);
  private final DirectoryNode boot;
  private final DirectoryNode etc;
  private final DirectoryNode var;
  private final Checksum commit;
  private final String title;
  private final String options;

  /**
   * What is deployed, and how.
   *
   * @param trees of the image
   * @param documents of the image
   * @param imageConfig what the configuration says
   * @param imageReference what the system follows, as {@link ContainerReference#parse} reads it
   * @param kernelArguments all but {@code ostree=}
   * @param seconds time of the commit
   * @param threads for hashing
   * @param settings all the rest
   */
  public record Request(
      Trees trees,
      Documents documents,
      ImageConfig imageConfig,
      String imageReference,
      List<String> kernelArguments,
      long seconds,
      int threads,
      Settings settings) {
    public Request {
      kernelArguments = List.copyOf(kernelArguments);
    }

    /** A request with {@link Settings#DEFAULT}. */
    public Request(
        Trees trees,
        Documents documents,
        ImageConfig imageConfig,
        String imageReference,
        List<String> kernelArguments,
        long seconds,
        int threads) {
      this(
          trees,
          documents,
          imageConfig,
          imageReference,
          kernelArguments,
          seconds,
          threads,
          Settings.DEFAULT);
    }
  }

  /**
   * What has defaults.
   *
   * @param stateroot name of the directory below {@code /ostree/deploy}
   * @param sourceReference where the image came from, for the aleph file
   * @param blsAppendExceptDefault as in {@link InstallConfig}
   * @param enforceSignaturePolicy as in {@link InstallConfig}
   */
  public record Settings(
      String stateroot,
      Optional<String> sourceReference,
      Optional<String> blsAppendExceptDefault,
      boolean enforceSignaturePolicy) {
    /** What bootc does if it is told nothing. */
    public static final Settings DEFAULT =
        new Settings("default", Optional.empty(), Optional.empty(), false);

    /** What an image asks for. */
    public static Settings of(InstallConfig install, Optional<String> sourceReference) {
      return new Settings(
          install.stateroot().orElse(DEFAULT.stateroot),
          sourceReference,
          install.blsAppendExceptDefault(),
          install.enforceSignaturePolicy());
    }
  }

  /**
   * The merged tree of the image, and that of its lowest layer with the digest of its blob.
   *
   * <p>An upgrade takes the latter for what that layer holds. If the image encapsulates a commit,
   * it takes that commit for all layers up to the one that {@code ostree.final-diffid} names.
   *
   * @param firstLayer not looked at if there is a base
   * @param base the encapsulated commit
   * @param derived whether there are layers that are no part of the base; without them the tree is
   *     that of the base, labels included
   */
  public record Trees(
      DirectoryNode container,
      DirectoryNode firstLayer,
      String firstLayerDigest,
      Optional<BaseCommit> base,
      boolean derived) {

    /** Trees of an image whose layers are ordinary ones. */
    public Trees(DirectoryNode container, DirectoryNode firstLayer, String firstLayerDigest) {
      this(container, firstLayer, firstLayerDigest, Optional.empty(), true);
    }
  }

  /** Manifest and configuration as text, and the digest of the former. */
  public record Documents(String manifest, String config, String manifestDigest) {}

  private Deployment(Request request, BootableImage image)
      throws IOException, InterruptedException {
    this.request = request;
    this.stateroot = request.settings().stateroot();
    if (!STATEROOT.matcher(stateroot).matches()) {
      throw new BuildException(
          "stateroot \"" + stateroot.replaceAll("\\p{Cntrl}", "?") + "\" is no plain file name",
          "use letters, digits, dots, dashes and underscores");
    }
    ContainerReference parsed = ContainerReference.parse(request.imageReference());
    this.reference = request.settings().enforceSignaturePolicy() ? parsed.signed() : parsed;
    if (parsed.transport().chars().anyMatch(Character::isISOControl)) {
      throw new BuildException(
          "the reference of the image has a control character", "name the image without it");
    }

    DirectoryNode container = request.trees().container();
    labels =
        SelinuxPolicy.find(path -> ImagePath.file(container, path).map(FileNode::content))
            .map(Labels::new);
    prepareRoot = PrepareRoot.read(container, request.kernelArguments());
    ObjectStore store = new ObjectStore(request.threads(), prepareRoot.verity());
    Optional<BaseCommit> base = request.trees().base();
    Checksum layerCommit = base.isPresent() ? store.add(base.get()) : firstLayer(store);
    DirectoryNode tree =
        base.isPresent() ? ImportFilter.filterMerged(container) : ImportFilter.filter(container);
    if (request.trees().derived()) {
      labelCommitted(tree);
    }
    commit =
        store.addCommit(
            ObjectEncoder.commit(
                ObjectEncoder.texts(ContainerCommit.metadata(request.documents())),
                base.map(BaseCommit::checksum),
                "",
                request.seconds(),
                store.add(tree)));

    bootFiles = new BootFiles(image, stateroot);
    title = image.title() + " (ostree:0)";
    options = options(request.kernelArguments());
    boot = bootFiles.tree(title, options);

    DirectoryNode ostree = sysroot.directory("ostree", DIRECTORY);
    makeRepository(ostree, store, layerCommit);
    DirectoryNode root = store.checkout(tree);
    if (prepareRoot.composefs()) {
      FileNode made = CommitImage.of(tree, store);
      root.put(CommitImage.NAME, prepareRoot.verity() ? made.withVerity() : made);
    }
    etc = etc(root);
    var = var(root);
    makeDeployment(ostree, root);
    makeBootLinks(ostree);
    sysroot.put("boot", new DirectoryNode(DIRECTORY));
    sysroot.put(".bootc-aleph.json", ObjectStore.textFile(aleph(image)));
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

  /** {@code /etc} of the system to be: part of {@link #sysroot}, there to be added to. */
  public DirectoryNode etc() {
    return etc;
  }

  /** {@code /var} of the system to be: part of {@link #sysroot}, there to be added to. */
  public DirectoryNode var() {
    return var;
  }

  /** The commit that is deployed. */
  public Checksum commit() {
    return commit;
  }

  /** Path of its root on the root filesystem. */
  public String path() {
    return "/ostree/deploy/" + stateroot + "/deploy/" + commit + ".0";
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
    return bootFiles.kernelPath();
  }

  /** Path of the initramfs as the entry has it. */
  public String initramfsPath() {
    return bootFiles.initramfsPath();
  }

  /** Whether the image has an SELinux policy that wants labels. */
  public boolean isLabelled() {
    return labels.isPresent();
  }

  /**
   * Labels all that is not committed, if the image has an SELinux policy; nothing can be added
   * afterwards. Each file gets the label of the path that the running system has it at, and where
   * it has none, that of its path on the disk (bootc, install.rs and lsm.rs; libostree,
   * ostree-sysroot-deploy.c).
   *
   * @param data trees of filesystems of their own, by mount point
   */
  public void label(Map<String, DirectoryNode> data) throws BuildException {
    if (labels.isEmpty()) {
      return;
    }
    Labels policy = labels.get();
    policy.label(etc, "/etc");
    policy.label(var, "/var");
    for (Map.Entry<String, DirectoryNode> filesystem : data.entrySet()) {
      policy.label(filesystem.getValue(), filesystem.getKey());
    }
    policy.label(boot, "/boot");
    DirectoryNode kernel = NodeTree.directory(boot, bootFiles.directory());
    for (Map.Entry<String, Node> file : List.copyOf(kernel.children().entrySet())) {
      if (file.getValue() instanceof FileNode) {
        policy.labelEntry(kernel, file.getKey(), "/boot/" + file.getKey());
      }
    }
    policy.labelEntry(sysroot, "ostree", "/usr");
    String deployments = "ostree/deploy/" + stateroot + "/deploy";
    policy.labelEntry(
        NodeTree.directory(sysroot, deployments),
        commit + ".0.origin",
        "/etc/ostree/remotes.d/dummy.conf");
    policy.labelEntry(
        NodeTree.directory(sysroot, deployments + "/" + commit + ".0"), CommitImage.NAME, "/usr");
    // What is committed has no other label than that in its checksum.
    policy.complete(
        sysroot,
        "/",
        path ->
            path.equals("/" + deployments + "/" + commit + ".0")
                || (path.startsWith("/ostree/repo/objects/") && path.endsWith(".file")));
  }

  /** Makes a commit of the lowest layer. */
  private Checksum firstLayer(ObjectStore store) throws IOException, InterruptedException {
    DirectoryNode tree = ImportFilter.filter(request.trees().firstLayer());
    labelCommitted(tree);
    return store.addCommit(ObjectEncoder.commit(Map.of(), "", request.seconds(), store.add(tree)));
  }

  /** The command line; an {@code ostree=} that is there is replaced where it stands. */
  private String options(List<String> kernelArguments) {
    String argument = "ostree=/ostree/boot.1/" + stateroot + "/" + bootFiles.checksum() + "/0";
    List<String> arguments = new ArrayList<>(kernelArguments);
    boolean there = arguments.stream().anyMatch(known -> known.startsWith("ostree="));
    arguments.replaceAll(known -> known.startsWith("ostree=") ? argument : known);
    if (!there) {
      arguments.add(argument);
    }
    return String.join(
        " ", BlsukiLength.fit(request.trees().container(), bootFiles.kernelPath(), arguments));
  }

  /** Labels a tree that is to be committed: the labels are part of its checksums. */
  private void labelCommitted(DirectoryNode tree) throws BuildException {
    if (labels.isPresent()) {
      labels.get().label(tree, "/");
    }
  }

  private void makeRepository(DirectoryNode ostree, ObjectStore store, Checksum layerCommit) {
    DirectoryNode repository = ostree.directory("repo", DIRECTORY);
    String append =
        request
            .settings()
            .blsAppendExceptDefault()
            .map(text -> "bls-append-except-default=" + text.replaceAll("\\p{Cntrl}", " ") + "\n")
            .orElse("");
    String integrity = prepareRoot.verity() ? "\n[ex-integrity]\nfsverity=true\n" : "";
    repository.put("config", ObjectStore.textFile(REPOSITORY_CONFIG + append + integrity));
    repository.put("objects", store.objects());
    for (String path :
        List.of("refs/heads", "refs/mirrors", "refs/remotes", "extensions", "state", "tmp/cache")) {
      NodeTree.directory(repository, path);
    }
    DirectoryNode heads = NodeTree.directory(repository, "refs/heads");
    putRef(heads, RefName.image(reference.transport()), commit);
    putRef(heads, RefName.blob(request.trees().firstLayerDigest()), layerCommit);
    putRef(heads, "ostree/1/1/0", commit);
  }

  private void makeDeployment(DirectoryNode ostree, DirectoryNode root) {
    root.put("etc", etc);
    root.setImmutable(true);
    // libostree takes this time for that of its last look, and the epoch for "never looked": some
    // versions, 2022.7 among them, then look no further and abort (ostree-sysroot.c, loaded_ts).
    ostree.put(
        "deploy",
        new DirectoryNode(
            DIRECTORY.withMtime(Instant.ofEpochSecond(Math.max(1, request.seconds())))));
    DirectoryNode directory = NodeTree.directory(ostree, "deploy/" + stateroot);
    directory.put("var", var);
    DirectoryNode deployments = directory.directory("deploy", DIRECTORY);
    deployments.put(commit + ".0", root);
    deployments.put(
        commit + ".0.origin",
        ObjectStore.textFile("[origin]\ncontainer-image-reference=" + reference.origin() + "\n"));
  }

  /** A copy of {@code /usr/etc}, whose files may be edited without touching objects. */
  private DirectoryNode etc(DirectoryNode root) {
    DirectoryNode copy = copyOf(root, "usr/etc");
    copy.remove(".updated"); // so that systemd runs what ConditionNeedsUpdate= guards
    return copy;
  }

  private DirectoryNode var(DirectoryNode root) {
    DirectoryNode copy = copyOf(root, "var");
    copy.remove(".updated");
    copy.put(".ostree-selabeled", ObjectStore.textFile(""));
    if (root.find("usr/lib/tmpfiles.d").isEmpty()) {
      // Without systemd-tmpfiles nobody else makes them (libostree, ostree-sysroot-deploy.c).
      putIfAbsent(copy, "tmp", null, 01777);
      putIfAbsent(copy, "lib", null, 0755);
      putIfAbsent(copy, "log", null, 0755);
      putIfAbsent(copy, "run", "../run", 0777);
      putIfAbsent(copy, "lock", "../run/lock", 0777);
    }
    return copy;
  }

  private static void putIfAbsent(
      DirectoryNode directory, String name, @Nullable String target, int permissions) {
    if (directory.child(name) == null) {
      Metadata metadata = Metadata.root(permissions);
      directory.put(
          name, target == null ? new DirectoryNode(metadata) : new SymlinkNode(metadata, target));
    }
  }

  private static DirectoryNode copyOf(DirectoryNode root, String path) {
    return root.find(path).orElse(null) instanceof DirectoryNode directory
            && NodeTree.copy(directory, Instant.EPOCH) instanceof DirectoryNode copy
        ? copy
        : new DirectoryNode(DIRECTORY);
  }

  private void makeBootLinks(DirectoryNode ostree) {
    ostree.put("boot.1", new SymlinkNode(Metadata.root(0777), "boot.1.1"));
    NodeTree.directory(ostree, "boot.1.1/" + stateroot + "/" + bootFiles.checksum())
        .put(
            "0",
            new SymlinkNode(
                Metadata.root(0777), "../../../deploy/" + stateroot + "/deploy/" + commit + ".0"));
  }

  /** {@code .bootc-aleph.json} (bootc, install/aleph.rs). */
  private String aleph(BootableImage image) throws IOException {
    ImageConfig config = request.imageConfig();
    TreeMap<String, @Nullable Object> aleph = new TreeMap<>();
    aleph.put("digest", request.documents().manifestDigest());
    request
        .settings()
        .sourceReference()
        .ifPresent(source -> aleph.put("image", ContainerReference.parse(source).name()));
    aleph.put("kernel", image.kernelVersion());
    if (!config.labels().isEmpty()) {
      aleph.put("labels", config.labels());
    }
    aleph.put("selinux", labels.isPresent() ? "enabled" : "disabled");
    aleph.put("target-image", reference.name());
    aleph.put("timestamp", config.created().map(Instant::toString).orElse(null));
    aleph.put("version", config.version().orElse(null));
    return ContainerCommit.canonical(aleph);
  }

  private static void putRef(DirectoryNode heads, String name, Checksum commit) {
    int slash = name.lastIndexOf('/');
    NodeTree.directory(heads, name.substring(0, slash))
        .put(name.substring(slash + 1), ObjectStore.textFile(commit + "\n"));
  }
}
