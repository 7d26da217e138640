package org.bib.build;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import org.bib.boot.BiosBoot;
import org.bib.boot.BootFilesystem;
import org.bib.boot.GrubInstallation;
import org.bib.boot.IgnitionFirstBoot;
import org.bib.cache.LayerCache;
import org.bib.disk.DiskImage;
import org.bib.failure.BuildException;
import org.bib.failure.ConfigException;
import org.bib.inspect.Differences;
import org.bib.inspect.DiskVerification;
import org.bib.inspect.Document;
import org.bib.inspect.ImageDocument;
import org.bib.inspect.OpenDisk;
import org.bib.inspect.PlannedDisk;
import org.bib.layout.DiskLayout;
import org.bib.layout.DiskPlan;
import org.bib.layout.DiskPlanner;
import org.bib.layout.PartitionRole;
import org.bib.layout.Seed;
import org.bib.lint.ImageLint;
import org.bib.lint.LintReport;
import org.bib.mount.Fstab;
import org.bib.mount.Mount;
import org.bib.mount.MountConfiguration;
import org.bib.mount.MountUnits;
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
import org.bib.secrets.SystemTree;
import org.bib.settings.FipsMode;
import org.bib.tree.DirectoryNode;
import org.jspecify.annotations.Nullable;

/** The flow of a build, from image to artefacts, read from top to bottom in {@link #run}. */
public final class ImageBuild {
  private final BuildSpec spec;
  private final EmbeddedFormats formats;
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

  private ImageBuild(
      BuildSpec spec, EmbeddedFormats formats, BuildListener listener, SourceImage source) {
    this.spec = spec;
    this.formats = formats;
    this.listener = listener;
    this.seed = new Seed(spec.seed().orElse(source.manifestDigest() + "\n" + spec.configDigest()));
    this.seconds =
        spec.sourceDateEpoch()
            .orElse(source.imageConfig().created().orElse(Instant.EPOCH).getEpochSecond());
  }

  /**
   * Builds what {@code spec} asks for.
   *
   * @param formats reads what the image brings for builders of disks
   * @return the artefacts and the manifest, all below the output directory
   * @throws IOException if the world failed; nothing is left behind then
   * @throws ConfigException if the specification asks for what cannot be
   */
  public static List<Path> run(
      BuildSpec spec, EmbeddedFormats formats, BuildListener listener, Shutdown shutdown)
      throws IOException, ConfigException, InterruptedException {
    NativeLibraries.load();
    Delivery.check(spec.output(), outputNames(spec));
    return open(
        spec.toRead(),
        listener,
        shutdown,
        (source, tree, workspace) -> {
          ImageBuild build = new ImageBuild(spec, formats, listener, source);
          return build.write(build.plan(source, tree), source, workspace);
        });
  }

  /** The plan of a build as JSON; reads the image, writes nothing but its workspace. */
  public static String manifest(
      BuildSpec spec, EmbeddedFormats formats, BuildListener listener, Shutdown shutdown)
      throws IOException, ConfigException, InterruptedException {
    return open(
        spec.toRead(),
        listener,
        shutdown,
        (source, tree, workspace) -> {
          ImageBuild build = new ImageBuild(spec, formats, listener, source);
          return build.document(build.plan(source, tree), source).toPrettyString() + "\n";
        });
  }

  /** What is wrong with an image; reads it, writes nothing but its workspace. */
  public static LintReport lint(ImageSpec spec, BuildListener listener, Shutdown shutdown)
      throws IOException, ConfigException, InterruptedException {
    return open(
        spec,
        listener,
        shutdown,
        (source, tree, workspace) ->
            ImageLint.check(
                tree.root(), source.imageConfig().labels(), spec.source().architecture()));
  }

  /** What an image is; reads it, writes nothing but its workspace. */
  public static Document inspect(ImageSpec spec, BuildListener listener, Shutdown shutdown)
      throws IOException, ConfigException, InterruptedException {
    return open(
        spec,
        listener,
        shutdown,
        (source, tree, workspace) ->
            ImageDocument.of(
                new ImageDocument.Input(
                    spec.image(),
                    source,
                    tree.root(),
                    tree.base().isPresent(),
                    tree.layerSizes(),
                    spec.source().architecture())));
  }

  /**
   * Proves a finished disk, if asked to by the image that it was made of: what the build would
   * write is planned anew and compared.
   */
  public static VerifyReport verify(
      VerifySpec spec, EmbeddedFormats formats, BuildListener listener, Shutdown shutdown)
      throws IOException, ConfigException, InterruptedException {
    Differences differences = new Differences();
    Differences additions = new Differences();
    try (OpenDisk disk = OpenDisk.open(spec.disk(), differences)) {
      listener.on(new BuildEvent.StepStarted("verify", "Verifying the disk"));
      long start = System.nanoTime();
      DiskVerification.run(disk, spec.threads(), differences, additions);
      listener.on(
          new BuildEvent.StepFinished("verify", Duration.ofNanos(System.nanoTime() - start)));
      VerifyReport.Proof proof = VerifyReport.Proof.DISK;
      if (spec.image().isPresent()) {
        proof = compare(spec, disk, differences, formats, listener, shutdown);
      }
      return new VerifyReport(proof, differences, additions);
    }
  }

  private static VerifyReport.Proof compare(
      VerifySpec spec,
      OpenDisk disk,
      Differences differences,
      EmbeddedFormats formats,
      BuildListener listener,
      Shutdown shutdown)
      throws IOException, ConfigException, InterruptedException {
    BuildSpec asked = spec.image().orElseThrow().like(disk.follows(), disk.size());
    return open(
        asked.toRead(),
        listener,
        shutdown,
        (source, tree, workspace) -> {
          Plan plan = new ImageBuild(asked, formats, listener, source).plan(source, tree);
          PlannedDisk planned =
              new PlannedDisk(plan.disk(), plan.contents().trees(), plan.deployment().path(), true);
          Differences all = new Differences();
          planned.compare(disk, all);
          if (spec.configured() || all.count() == 0) {
            differences.addAll(all);
            return VerifyReport.Proof.CONFIGURATION;
          }
          planned.withoutConfiguration().compare(disk, differences);
          return VerifyReport.Proof.IMAGE;
        });
  }

  /** What is done with an image that has been read. */
  @FunctionalInterface
  private interface Work<T> {
    T on(SourceImage source, ImageTree tree, Workspace workspace)
        throws IOException, ConfigException, InterruptedException;
  }

  /** Reads an image into a workspace, which is gone when the work is done. */
  @SuppressWarnings("try") // the registration is there to be closed
  private static <T> T open(ImageSpec spec, BuildListener listener, Shutdown shutdown, Work<T> work)
      throws IOException, ConfigException, InterruptedException {
    try (SourceImage source = ImageSources.open(spec.image(), spec.source(), listener);
        Workspace workspace = Workspace.create(spec.directory());
        LayerCache cache = LayerCache.open(spec.source().cache(), spec.image(), listener);
        Shutdown.Registration registration =
            shutdown.register(() -> closeQuietly(cache, workspace));
        ImageTree tree = read(source, cache, spec.threads(), workspace, listener)) {
      return work.on(source, tree, workspace);
    }
  }

  /**
   * All that is decided before the disk is written.
   *
   * @param bios absent if the image has no GRUB for BIOS, wants none, or the disk has no place for
   *     it
   */
  private record Plan(
      DiskPlan disk, Deployment deployment, DiskContents contents, Optional<BiosBoot> bios) {}

  private static ImageTree read(
      SourceImage source,
      LayerCache cache,
      int threads,
      Workspace workspace,
      BuildListener listener)
      throws IOException, InterruptedException {
    listener.on(new BuildEvent.StepStarted("layers", "Reading layers"));
    long start = System.nanoTime();
    ImageTree tree =
        workspace.writing(
            "the contents of the layers",
            () -> ImageTree.read(source, cache, workspace.directory(), threads, listener));
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
    Installation installation = Installation.of(install);
    installation.warning().ifPresent(text -> listener.on(new BuildEvent.Warning(text)));
    ChosenLayout chosen =
        ChosenLayout.of(
            spec.disk().partitioning(),
            tree.root(),
            spec.source().architecture(),
            installation,
            formats);
    if (spec.disk().rootfs().isEmpty() && !chosen.namesRootFilesystem()) {
      installation.requireRootFilesystem();
    }
    DiskLayout layout = chosen.layout();
    UUID rootUuid = layout.filesystem("/").orElseThrow().uuid(seed, "root");
    Optional<UUID> bootUuid =
        layout.filesystem("/boot").map(filesystem -> filesystem.uuid(seed, "boot"));
    Deployment deployment =
        deploy(
            source,
            tree,
            image,
            install,
            withSettings(
                installation.kernelArguments(
                    rootUuid, bootUuid, tree.root(), spec.source().architecture(), spec.kernel())));
    CustomizedSystem customized =
        CustomizedSystem.of(
            spec,
            new SystemTree(
                deployment.etc(), deployment.var(), tree.root(), Instant.ofEpochSecond(seconds)),
            tree.root(),
            seed);
    SeparateFilesystems separate =
        SeparateFilesystems.of(layout, deployment.etc(), deployment.var(), tree.root());
    customized.checkMounts(
        tellMounts(deployment, separate, chosen.mounting(), installation.bootSource(bootUuid)));
    Map<String, DirectoryNode> trees = new HashMap<>(separate.take(deployment.var()));
    BootFilesystem bootFilesystem =
        new BootFilesystem(
            bootUuid.orElse(rootUuid),
            layout.label(),
            layout.bootPartition(),
            bootUuid.isPresent() ? "" : "/boot");
    Optional<GrubInstallation> grub = Optional.empty();
    if (installation.bootLoader()) {
      grub = Optional.of(installGrub(deployment, tree, bootFilesystem, install.skipBootUuid()));
      trees.put("esp", grub.get().esp());
    }
    customized.addTo(deployment.boot(), grub);
    tellUnhonoured(customized.warnings());
    if (bootUuid.isPresent()) {
      trees.put("boot", deployment.boot());
    } else {
      deployment.sysroot().put("boot", deployment.boot());
    }
    trees.put("root", deployment.sysroot());
    DiskContents contents = DiskContents.of(layout, trees, tree.root());
    if (deployment.isLabelled()) {
      deployment.label(contents.toLabel(layout));
    }
    DiskPlan disk =
        DiskPlanner.plan(
            new DiskPlanner.Request(
                layout,
                contents.sizes(layout),
                spec.disk().size().exact(),
                spec.disk().size().minimal(),
                seed));
    Optional<BiosBoot> bios =
        grub.isPresent() && disk.biosCode().isPresent() ? grub.get().biosBoot() : Optional.empty();
    if (installation.bootLoader()) {
      checkBootable(layout, bios.isPresent());
    }
    listener.on(
        new BuildEvent.StepFinished("deployment", Duration.ofNanos(System.nanoTime() - start)));
    return new Plan(disk, deployment, contents, bios);
  }

  /** The kernel's arguments, with those that settings take. */
  private List<String> withSettings(List<String> arguments) {
    List<String> more = new ArrayList<>();
    if (spec.settings().fips()) {
      more.add(FipsMode.KERNEL_ARGUMENT);
    }
    if (spec.settings().ignition().isPresent()) {
      more.addAll(IgnitionFirstBoot.KERNEL_ARGUMENTS);
    }
    List<String> all = new ArrayList<>(arguments);
    for (String argument : more) {
      String key = argument.replaceFirst("=.*", "");
      if (all.stream().noneMatch(known -> known.equals(key) || known.startsWith(key + "="))) {
        all.add(argument);
      }
    }
    return all;
  }

  private void tellUnhonoured(List<String> warnings) throws ConfigException {
    if (spec.strict() && !warnings.isEmpty()) {
      throw new ConfigException("--strict", String.join("; also ", warnings));
    }
    warnings.forEach(warning -> listener.on(new BuildEvent.Warning(warning)));
  }

  /** The deployment of the image alone. */
  private Deployment deploy(
      SourceImage source,
      ImageTree tree,
      BootableImage image,
      InstallConfig install,
      List<String> kernelArguments)
      throws IOException, InterruptedException {
    // Of a target that is named, the source is no matter: the same image gives the same disk.
    String followed = followed(source);
    return Deployment.deploy(
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
            followed,
            kernelArguments,
            seconds,
            spec.threads(),
            Deployment.Settings.of(install, Optional.of(followed))),
        image);
  }

  private GrubInstallation installGrub(
      Deployment deployment, ImageTree tree, BootFilesystem filesystem, boolean skipBootUuid)
      throws IOException {
    GrubInstallation grub =
        GrubInstallation.plan(
            new GrubInstallation.Request(
                tree.root(),
                spec.source().architecture(),
                filesystem,
                skipBootUuid,
                new GrubInstallation.Entry(
                    deployment.title(),
                    deployment.kernelPath(),
                    deployment.initramfsPath(),
                    deployment.options())));
    grub.warnings().forEach(warning -> listener.on(new BuildEvent.Warning(warning)));
    grub.addTo(deployment.boot());
    return grub;
  }

  /**
   * Tells the installed system what to mount. {@code /boot} stands in fstab whatever the image
   * says, as bootc has it; the ESP is mounted only if the image says how.
   *
   * @return what was told
   */
  private List<Mount> tellMounts(
      Deployment deployment,
      SeparateFilesystems separate,
      Optional<MountConfiguration> mounting,
      Optional<String> bootSource)
      throws BuildException {
    List<Mount> fstab = new ArrayList<>();
    bootSource.ifPresent(source -> fstab.add(new Mount(source, "/boot", "auto", "ro", 0, 0)));
    List<Mount> mounts = separate.mounts(seed, mounting.isPresent());
    switch (mounting.orElse(MountConfiguration.FSTAB)) {
      case FSTAB -> fstab.addAll(mounts);
      case UNITS -> MountUnits.write(deployment.etc(), mounts);
      case NONE -> {} // the image or systemd-gpt-auto-generator finds them
    }
    Fstab.write(deployment.etc(), fstab);
    List<Mount> told = new ArrayList<>(fstab);
    if (mounting.equals(Optional.of(MountConfiguration.UNITS))) {
      told.addAll(mounts);
    }
    return told;
  }

  private void checkBootable(DiskLayout layout, boolean bios) throws ConfigException {
    boolean uefi = layout.has(PartitionRole.ESP);
    if (!uefi && !bios) {
      throw new ConfigException(
          layout.source(),
          "nothing can boot this disk: it has no EFI system partition, and no place for a BIOS boot"
              + " loader or the image has none; add a vfat filesystem at /boot/efi");
    }
    if (!bios && layout.alignment().sectorSize() != 512) {
      listener.on(
          new BuildEvent.Warning(
              "a BIOS cannot boot from sectors of "
                  + layout.alignment().sectorSize()
                  + " bytes; the disk boots under UEFI only"));
    }
  }

  /**
   * What the installed system follows: the target, else the name of the image in registries, else
   * what was typed. Images of podman's service are called by its store, as bootc has it.
   */
  private String followed(SourceImage source) {
    String reference = spec.targetImgref().or(source::registryName).orElse(spec.image());
    return reference.startsWith("podman:")
        ? "containers-storage:" + reference.substring("podman:".length())
        : reference;
  }

  private List<Path> write(Plan plan, SourceImage source, Workspace workspace)
      throws IOException, InterruptedException {
    listener.on(new BuildEvent.StepStarted("disk", "Writing the disk"));
    long start = System.nanoTime();
    Path raw = workspace.directory().resolve("disk.raw");
    Path qcow2 = workspace.directory().resolve("disk.qcow2");
    Path manifest = workspace.directory().resolve("manifest.json");
    ArrayNode outputs = PlanDocument.JSON.createArrayNode();
    Map<String, Path> files = new LinkedHashMap<>();
    if (wantsQcow2(spec)) {
      files.put(ImageType.QCOW2.path(), qcow2);
    }
    if (wantsRaw(spec)) {
      files.put(ImageType.RAW.path(), raw);
    }
    files.put(manifestName(spec), manifest);
    if (wantsRaw(spec)) {
      FreeSpace.require(ImageType.RAW.path(), plan.contents().bytes(), spec.output());
    }
    String disk = wantsRaw(spec) ? ImageType.RAW.path() : "the disk";
    try (DiskImage image = workspace.writing(disk, () -> writeDisk(raw, plan))) {
      // The disk is complete but for what is still being copied; it is only read, by several at
      // once.
      try (@Nullable OutputDigest digest =
          wantsRaw(spec) && spec.checksum() ? OutputDigest.start(image) : null) {
        if (wantsQcow2(spec)) {
          outputs.add(writeQcow2(image, qcow2, workspace));
        }
        if (wantsRaw(spec)) {
          workspace.writing(
              ImageType.RAW.path(),
              () -> {
                image.materialize();
                return image;
              });
          outputs.add(output(ImageType.RAW, image.size(), digest == null ? null : digest.await()));
        }
      }
    }
    ObjectNode document = document(plan, source);
    document.set("outputs", outputs);
    List<Path> artefacts =
        workspace.writing(
            "the outputs",
            () -> {
              Files.writeString(manifest, document.toPrettyString() + "\n");
              return new Delivery(spec.output(), workspace.directory()).deliver(files);
            });
    listener.on(new BuildEvent.StepFinished("disk", Duration.ofNanos(System.nanoTime() - start)));
    return List.copyOf(artefacts);
  }

  private static boolean wantsQcow2(BuildSpec spec) {
    return spec.types().contains(ImageType.QCOW2);
  }

  private static boolean wantsRaw(BuildSpec spec) {
    return spec.types().stream().anyMatch(type -> type != ImageType.QCOW2);
  }

  private static List<String> outputNames(BuildSpec spec) {
    List<String> names = new ArrayList<>();
    spec.types().forEach(type -> names.add(type.path()));
    names.add(manifestName(spec));
    return names;
  }

  private static String manifestName(BuildSpec spec) {
    return spec.types().stream()
        .map(ImageType::typeName)
        .collect(Collectors.joining("-", "manifest-", ".json"));
  }

  private DiskImage writeDisk(Path raw, Plan plan) throws IOException, InterruptedException {
    DiskImage image = DiskImage.create(raw, plan.disk().size());
    try {
      if (wantsRaw(spec)) {
        image.copyWhilePlaced();
      }
      new DiskWriter(image, plan.disk(), seed, Instant.ofEpochSecond(seconds))
          .write(plan.contents(), plan.bios());
      return image;
    } catch (IOException | InterruptedException | RuntimeException e) {
      image.close();
      throw e;
    }
  }

  private Compression compression() {
    return switch (spec.compression()) {
      case ZLIB -> Compression.ZLIB;
      case ZSTD -> Compression.ZSTD;
    };
  }

  private ObjectNode document(Plan plan, SourceImage source) {
    return PlanDocument.of(spec.image(), source, plan.deployment(), plan.disk());
  }

  /** Reads through the placed contents: no raw disk is needed for it. */
  private ObjectNode writeQcow2(DiskImage disk, Path file, Workspace workspace)
      throws IOException, InterruptedException {
    workspace.writing(
        ImageType.QCOW2.path(),
        () -> {
          Qcow2Writer.write(disk, file, compression(), spec.threads(), done -> {});
          return file;
        });
    return output(ImageType.QCOW2, Files.size(file), OutputDigest.of(file));
  }

  private static ObjectNode output(ImageType type, long size, @Nullable String sha256) {
    ObjectNode output =
        PlanDocument.JSON.createObjectNode().put("path", type.path()).put("size", size);
    return sha256 == null ? output : output.put("sha256", sha256);
  }

  private static void closeQuietly(LayerCache cache, Workspace workspace) {
    try {
      cache.close();
      workspace.close();
    } catch (IOException e) {
      // The process is ending; there is nobody left to tell.
    }
  }
}
