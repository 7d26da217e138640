package org.bib.build;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.bib.boot.BiosBoot;
import org.bib.boot.BiosGrub;
import org.bib.boot.UefiGrub;
import org.bib.disk.ByteSize;
import org.bib.disk.DiskImage;
import org.bib.ext4.Ext4Options;
import org.bib.ext4.Ext4Size;
import org.bib.ext4.Ext4Writer;
import org.bib.failure.ConfigException;
import org.bib.fat.Fat32Writer;
import org.bib.gpt.GptWriter;
import org.bib.layout.Architecture;
import org.bib.layout.DiskPlan;
import org.bib.layout.DiskPlanner;
import org.bib.layout.PartitionRole;
import org.bib.layout.Seed;
import org.bib.lint.ImageLint;
import org.bib.lint.LintReport;
import org.bib.mount.Fstab;
import org.bib.mount.Mount;
import org.bib.oci.ImageSources;
import org.bib.oci.SourceImage;
import org.bib.ostree.BootableImage;
import org.bib.ostree.Deployment;
import org.bib.ostree.InstallConfig;
import org.bib.progress.BuildEvent;
import org.bib.progress.BuildListener;
import org.bib.qcow2.Compression;
import org.bib.qcow2.Qcow2Writer;
import org.bib.rootfs.ImageTree;
import org.bib.secrets.BootstrapSecrets;
import org.bib.tree.DirectoryNode;
import org.bib.tree.Metadata;

/** The flow of a build, from image to artefacts, read from top to bottom in {@link #run}. */
public final class ImageBuild {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final BuildSpec spec;
  private final BuildListener listener;
  private final Seed seed;
  private final long seconds;

  /** Registers what is to be done when the process is told to end; closing takes it back. */
  @FunctionalInterface
  public interface Shutdown {
    /** Registers {@code cleanup}. */
    Registration register(Runnable cleanup);

    /** A registration. */
    @FunctionalInterface
    interface Registration extends AutoCloseable {
      @Override
      void close();
    }
  }

  private ImageBuild(BuildSpec spec, BuildListener listener, SourceImage source) {
    this.spec = spec;
    this.listener = listener;
    this.seed = new Seed(spec.seed().orElse(source.manifestDigest() + "\n" + spec.configDigest()));
    this.seconds =
        spec.sourceDateEpoch()
            .orElse(source.imageConfig().created().orElse(Instant.EPOCH).getEpochSecond());
  }

  /**
   * Builds what {@code spec} asks for.
   *
   * @return the artefacts and the manifest, all below the output directory
   * @throws IOException if the world failed; nothing is left behind then
   * @throws ConfigException if the specification asks for what cannot be
   */
  @SuppressWarnings("try") // the registration is there to be closed
  public static List<Path> run(BuildSpec spec, BuildListener listener, Shutdown shutdown)
      throws IOException, ConfigException, InterruptedException {
    try (SourceImage source = ImageSources.open(spec.image(), spec.source(), listener);
        Workspace workspace = Workspace.create(spec.output());
        Shutdown.Registration registration = shutdown.register(() -> deleteQuietly(workspace));
        ImageTree tree = read(source, spec.threads(), workspace, listener)) {
      ImageBuild build = new ImageBuild(spec, listener, source);
      Plan plan = build.plan(source, tree);
      return build.write(plan, source, workspace);
    }
  }

  /** The plan of a build as JSON; reads the image, writes nothing but its workspace. */
  @SuppressWarnings("try") // the registration is there to be closed
  public static String manifest(BuildSpec spec, BuildListener listener, Shutdown shutdown)
      throws IOException, ConfigException, InterruptedException {
    try (SourceImage source = ImageSources.open(spec.image(), spec.source(), listener);
        Workspace workspace = Workspace.create(spec.output());
        Shutdown.Registration registration = shutdown.register(() -> deleteQuietly(workspace));
        ImageTree tree = read(source, spec.threads(), workspace, listener)) {
      ImageBuild build = new ImageBuild(spec, listener, source);
      return build.json(build.plan(source, tree), source).toPrettyString() + "\n";
    }
  }

  /** What is wrong with an image; reads it, writes nothing but its workspace. */
  @SuppressWarnings("try") // the registration is there to be closed
  public static LintReport lint(LintSpec spec, BuildListener listener, Shutdown shutdown)
      throws IOException, ConfigException, InterruptedException {
    try (SourceImage source = ImageSources.open(spec.image(), spec.source(), listener);
        Workspace workspace = Workspace.create(spec.directory());
        Shutdown.Registration registration = shutdown.register(() -> deleteQuietly(workspace));
        ImageTree tree = read(source, spec.threads(), workspace, listener)) {
      return ImageLint.check(
          tree.root(), source.imageConfig().labels(), spec.source().architecture());
    }
  }

  /**
   * All that is decided before the disk is written.
   *
   * @param grub absent if the image wants no boot loader
   * @param bios absent if the image has no GRUB for BIOS, or wants none
   * @param data contents of the filesystems below {@code /var}, by mount point
   */
  private record Plan(
      DiskPlan disk,
      Deployment deployment,
      Optional<UefiGrub> grub,
      Optional<BiosBoot> bios,
      Map<String, DirectoryNode> data) {}

  private static ImageTree read(
      SourceImage source, int threads, Workspace workspace, BuildListener listener)
      throws IOException, InterruptedException {
    listener.on(new BuildEvent.StepStarted("layers", "Reading layers"));
    long start = System.nanoTime();
    ImageTree tree = ImageTree.read(source, workspace.directory(), threads, listener);
    listener.on(new BuildEvent.StepFinished("layers", Duration.ofNanos(System.nanoTime() - start)));
    return tree;
  }

  private Plan plan(SourceImage source, ImageTree tree)
      throws IOException, ConfigException, InterruptedException {
    LintReport lint =
        ImageLint.check(tree.root(), source.imageConfig().labels(), spec.source().architecture());
    lint.warnings().forEach(finding -> listener.on(new BuildEvent.Warning(finding.text())));
    lint.requireNothingFatal();
    BootableImage image = BootableImage.inspect(tree.root());
    listener.on(new BuildEvent.StepStarted("deployment", "Making the ostree deployment"));
    long start = System.nanoTime();
    InstallConfig install = InstallConfig.read(tree.root(), spec.source().architecture());
    Installation installation = Installation.of(install, spec.disk().rootfs());
    installation.warning().ifPresent(text -> listener.on(new BuildEvent.Warning(text)));
    UUID bootUuid = seed.uuid("filesystem:boot");
    Deployment deployment =
        Deployment.deploy(
            new Deployment.Request(
                new Deployment.Trees(
                    tree.root(),
                    tree.firstLayer(),
                    source.layers().get(0).digest().toString(),
                    tree.base(),
                    tree.derived()),
                new Deployment.Documents(
                    new String(source.manifest(), StandardCharsets.UTF_8),
                    new String(source.config(), StandardCharsets.UTF_8),
                    source.manifestDigest().toString()),
                source.imageConfig(),
                imageReference(spec.targetImgref().orElse(spec.image())),
                installation.kernelArguments(
                    seed.uuid("filesystem:root"),
                    Optional.of(bootUuid),
                    tree.root(),
                    spec.source().architecture(),
                    spec.kernel()),
                seconds,
                spec.threads(),
                Deployment.Settings.of(install, Optional.of(imageReference(spec.image())))),
            image);
    Fstab.write(deployment.etc(), mounts(installation.bootSource(Optional.of(bootUuid))));
    BootstrapSecrets.apply(
        spec.customizations(),
        deployment.etc(),
        deployment.var(),
        tree.root(),
        seed,
        Instant.ofEpochSecond(seconds));
    Map<String, DirectoryNode> data = takeData(deployment.var());
    Optional<UefiGrub> grub = Optional.empty();
    Optional<BiosGrub> bios = Optional.empty();
    if (installation.bootLoader()) {
      UefiGrub uefi =
          UefiGrub.plan(
              tree.root(),
              spec.source().architecture(),
              bootUuid,
              new UefiGrub.Entry(
                  deployment.title(),
                  deployment.kernelPath(),
                  deployment.initramfsPath(),
                  deployment.options()));
      grub = Optional.of(uefi);
      deployment.boot().put("grub2", uefi.grub());
      if (spec.source().architecture() == Architecture.AMD64) {
        bios = BiosGrub.find(tree.root());
        bios.ifPresent(found -> uefi.grub().put("i386-pc", found.modules()));
      }
    }
    if (deployment.isLabelled()) {
      // Which ext4 has anyway, but then without a label.
      data.values().forEach(ImageBuild::addLostFound);
      addLostFound(deployment.boot());
      addLostFound(deployment.sysroot());
    }
    deployment.label(data);
    ByteSize content = Ext4Size.minimum(deployment.sysroot());
    DiskPlan disk =
        DiskPlanner.plan(
            new DiskPlanner.Request(
                spec.source().architecture(),
                installation.discoverable(),
                spec.disk().size().exact(),
                spec.disk().size().minimal(),
                atLeast("/boot", Ext4Size.minimum(deployment.boot())),
                atLeast("/", content),
                content,
                data.entrySet().stream()
                    .map(
                        entry ->
                            new DiskPlanner.Data(
                                entry.getKey(),
                                atLeast(entry.getKey(), Ext4Size.minimum(entry.getValue()))))
                    .toList(),
                seed));
    Optional<BiosBoot> biosBoot =
        bios.isPresent() ? Optional.of(bios.get().boot(bootPartition(disk))) : Optional.empty();
    listener.on(
        new BuildEvent.StepFinished("deployment", Duration.ofNanos(System.nanoTime() - start)));
    return new Plan(disk, deployment, grub, biosBoot, data);
  }

  private static void addLostFound(DirectoryNode root) {
    if (root.child("lost+found") == null) {
      root.put("lost+found", new DirectoryNode(Metadata.root(0700)));
    }
  }

  private static int bootPartition(DiskPlan disk) {
    int number = 1;
    for (DiskPlan.Partition partition : disk.partitions()) {
      if (partition.role() == PartitionRole.XBOOTLDR) {
        return number;
      }
      number++;
    }
    throw new IllegalStateException("no partition for /boot");
  }

  /** The filesystems asked for below {@code /var}, parents before children. */
  private List<BuildSpec.Filesystem> dataFilesystems() {
    return spec.disk().filesystems().stream()
        .filter(filesystem -> filesystem.mountpoint().startsWith("/var/"))
        .sorted(Comparator.comparing(BuildSpec.Filesystem::mountpoint))
        .toList();
  }

  private ByteSize atLeast(String mountpoint, ByteSize content) {
    return spec.disk().filesystems().stream()
        .filter(filesystem -> filesystem.mountpoint().equals(mountpoint))
        .map(BuildSpec.Filesystem::minimumSize)
        .filter(size -> size.compareTo(content) > 0)
        .findFirst()
        .orElse(content);
  }

  private List<Mount> mounts(Optional<String> bootSource) {
    List<Mount> mounts = new ArrayList<>();
    bootSource.ifPresent(source -> mounts.add(new Mount(source, "/boot", "auto", "ro", 0, 0)));
    for (BuildSpec.Filesystem filesystem : dataFilesystems()) {
      String where = filesystem.mountpoint();
      String what = "UUID=" + seed.uuid("filesystem:" + where);
      mounts.add(new Mount(what, where, "ext4", "defaults", 0, 2));
    }
    return mounts;
  }

  /** Moves what is below the mount points out of {@code var} into trees of their own. */
  private Map<String, DirectoryNode> takeData(DirectoryNode var) throws ConfigException {
    Map<String, DirectoryNode> data = new TreeMap<>();
    List<BuildSpec.Filesystem> filesystems = new ArrayList<>(dataFilesystems());
    Collections.reverse(filesystems); // the innermost first
    for (BuildSpec.Filesystem filesystem : filesystems) {
      DirectoryNode directory = var;
      for (String name : filesystem.mountpoint().substring("/var/".length()).split("/", -1)) {
        if (directory.child(name) != null && !(directory.child(name) instanceof DirectoryNode)) {
          throw new ConfigException(
              "customizations.filesystem \"" + filesystem.mountpoint() + "\"",
              "is or lies below something else than a directory in the image; choose another");
        }
        directory = directory.directory(name, Metadata.root(0755));
      }
      DirectoryNode root = new DirectoryNode(directory.metadata());
      directory.children().forEach(root::put);
      directory.clear();
      data.put(filesystem.mountpoint(), root);
    }
    return data;
  }

  /** What the installed system follows: the target as typed, a registry unless it names another. */
  private static String imageReference(String reference) {
    for (String transport : List.of("docker://", "oci:", "oci-archive:", "containers-storage:")) {
      if (reference.startsWith(transport)) {
        return reference;
      }
    }
    return "docker://" + reference;
  }

  private List<Path> write(Plan plan, SourceImage source, Workspace workspace)
      throws IOException, InterruptedException {
    listener.on(new BuildEvent.StepStarted("disk", "Writing the disk"));
    long start = System.nanoTime();
    List<Path> artefacts = new ArrayList<>();
    Path raw = workspace.directory().resolve("disk.raw");
    Path qcow2 = workspace.directory().resolve("disk.qcow2");
    ArrayNode outputs = JSON.createArrayNode();
    boolean wantsQcow2 = spec.types().contains(ImageType.QCOW2);
    boolean wantsRaw = spec.types().stream().anyMatch(type -> type != ImageType.QCOW2);
    try (DiskImage image = DiskImage.create(raw, plan.disk().size())) {
      GptWriter.write(raw, plan.disk());
      if (plan.bios().isPresent()) {
        writeBios(image, plan.bios().get(), plan.disk());
      }
      for (DiskPlan.Partition partition : plan.disk().partitions()) {
        writeFilesystem(image, partition, plan);
      }
      // The disk is complete; from here on it is only read, by several at once.
      if (wantsRaw) {
        try (OutputDigest digest = OutputDigest.start(image)) {
          if (wantsQcow2) {
            outputs.add(writeQcow2(image, qcow2));
          }
          image.materialize();
          image.sync();
          outputs.add(output(ImageType.RAW, image.size(), digest.await()));
        }
      } else {
        outputs.add(writeQcow2(image, qcow2));
      }
    }
    Path manifest = workspace.directory().resolve("manifest.json");
    ObjectNode document = json(plan, source);
    document.set("outputs", outputs);
    Files.writeString(manifest, document.toPrettyString() + "\n");
    if (wantsQcow2) {
      artefacts.add(move(qcow2, spec.output().resolve(ImageType.QCOW2.path())));
    }
    if (wantsRaw) {
      artefacts.add(move(raw, spec.output().resolve(ImageType.RAW.path())));
    }
    Set<String> types = new LinkedHashSet<>();
    spec.types().forEach(type -> types.add(type.typeName()));
    artefacts.add(
        move(manifest, spec.output().resolve("manifest-" + String.join("-", types) + ".json")));
    listener.on(new BuildEvent.StepFinished("disk", Duration.ofNanos(System.nanoTime() - start)));
    return List.copyOf(artefacts);
  }

  private Compression compression() {
    return switch (spec.compression()) {
      case ZLIB -> Compression.ZLIB;
      case ZSTD -> Compression.ZSTD;
    };
  }

  private void writeFilesystem(DiskImage image, DiskPlan.Partition partition, Plan plan)
      throws IOException, InterruptedException {
    Instant time = Instant.ofEpochSecond(seconds);
    switch (partition.role()) {
      case ESP ->
          Fat32Writer.write(
              image,
              partition.start(),
              partition.size(),
              new Fat32Writer.Options(seed.u32("filesystem:esp"), "EFI-SYSTEM", time),
              plan.grub().map(UefiGrub::esp).orElseGet(ImageBuild::emptyDirectory));
      case XBOOTLDR ->
          Ext4Writer.write(
              image,
              partition.start(),
              partition.size(),
              options("boot", time),
              plan.deployment().boot());
      case ROOT ->
          Ext4Writer.write(
              image,
              partition.start(),
              partition.size(),
              options("root", time),
              plan.deployment().sysroot());
      case DATA ->
          Ext4Writer.write(
              image,
              partition.start(),
              partition.size(),
              new Ext4Options(
                  seed.uuid("filesystem:" + partition.mountpoint()),
                  seed.uuid("hash-seed:" + partition.mountpoint()),
                  "",
                  time),
              Objects.requireNonNull(plan.data().get(partition.mountpoint())));
      case BIOS_BOOT -> {} // code, no filesystem
    }
  }

  private static DirectoryNode emptyDirectory() {
    return new DirectoryNode(Metadata.root(0755));
  }

  private static void writeBios(DiskImage image, BiosBoot bios, DiskPlan disk) throws IOException {
    for (DiskPlan.Partition partition : disk.partitions()) {
      if (partition.role() == PartitionRole.BIOS_BOOT) {
        long start = partition.start() / DiskPlan.SECTOR_SIZE;
        ByteBuffer mbr = ByteBuffer.wrap(new byte[DiskPlan.SECTOR_SIZE]);
        image.read(0, mbr);
        image.write(
            partition.start(),
            ByteBuffer.wrap(
                bios.coreImage(start, partition.size().bytes() / DiskPlan.SECTOR_SIZE)));
        image.write(0, ByteBuffer.wrap(bios.bootSector(mbr.array(), start)));
      }
    }
  }

  private Ext4Options options(String label, Instant time) {
    return new Ext4Options(
        seed.uuid("filesystem:" + label), seed.uuid("hash-seed:" + label), label, time);
  }

  private ObjectNode json(Plan plan, SourceImage source) {
    ObjectNode root = JSON.createObjectNode();
    root.put("version", 1);
    root.putObject("image")
        .put("reference", spec.image())
        .put("digest", source.manifestDigest().toString());
    root.put("commit", plan.deployment().commit().hex());
    root.put("kernelArguments", plan.deployment().options());
    ObjectNode disk = root.putObject("disk");
    disk.put("size", plan.disk().size().bytes());
    disk.put("guid", plan.disk().guid().toString());
    var partitions = disk.putArray("partitions");
    for (DiskPlan.Partition partition : plan.disk().partitions()) {
      partitions
          .addObject()
          .put("role", partition.role().name())
          .put("type", partition.type().toString())
          .put("guid", partition.guid().toString())
          .put("start", partition.start())
          .put("size", partition.size().bytes())
          .put("mountpoint", partition.mountpoint());
    }
    return root;
  }

  /** Reads through the placed contents: no raw disk is needed for it. */
  private ObjectNode writeQcow2(DiskImage disk, Path file) throws IOException {
    Qcow2Writer.write(disk, file, compression(), spec.threads(), done -> {});
    return output(ImageType.QCOW2, Files.size(file), OutputDigest.of(file));
  }

  private static ObjectNode output(ImageType type, long size, String sha256) {
    return JSON.createObjectNode().put("path", type.path()).put("size", size).put("sha256", sha256);
  }

  private static Path move(Path from, Path to) throws IOException {
    Files.createDirectories(to.toAbsolutePath().getParent());
    return Files.move(
        from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static void deleteQuietly(Workspace workspace) {
    try {
      workspace.close();
    } catch (IOException e) {
      // The process is ending; there is nobody left to tell.
    }
  }
}
