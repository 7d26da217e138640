package org.bib.inspect;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.bib.boot.BiosBoot;
import org.bib.boot.BootFilesystem;
import org.bib.boot.GrubInstallation;
import org.bib.disk.MalformedDiskException;
import org.bib.disk.ReadableDisk;
import org.bib.failure.BuildException;
import org.bib.gpt.PartitionTable;
import org.bib.layout.Architecture;
import org.bib.layout.LabelType;
import org.bib.layout.PartitionRole;
import org.bib.ostree.DeploymentCheck;
import org.bib.ostree.InstallConfig;
import org.bib.ostree.InstalledDeployment;
import org.bib.ostree.LoaderEntry;
import org.bib.tree.DirectoryNode;
import org.bib.tree.Metadata;
import org.bib.tree.Node;

/**
 * Proves a disk by itself: that its deployments are what their commits say, and that kernel, boot
 * loader entry and boot loaders are what such a deployment makes. So a byte changed in anything but
 * what is not the image's is found; the latter is listed.
 */
public final class DiskVerification {
  private static final int BIOS_SECTOR = 512;
  private static final Set<String> TOP =
      Set.of("ostree", "boot", ".bootc-aleph.json", "lost+found");

  private final OpenDisk disk;
  private final Differences differences;
  private final Differences additions;

  private DiskVerification(OpenDisk disk, Differences differences, Differences additions) {
    this.disk = disk;
    this.differences = differences;
    this.additions = additions;
  }

  /**
   * Verifies a disk.
   *
   * @param threads that hash
   * @param differences gets what is not as it has to be
   * @param additions gets what is not from the image
   */
  public static void run(OpenDisk disk, int threads, Differences differences, Differences additions)
      throws IOException, InterruptedException {
    Optional<OpenDisk.Part> root = disk.root();
    if (root.isEmpty()) {
      differences.damaged("disk", "no filesystem of it has an ostree repository");
      return;
    }
    DirectoryNode sysroot = root.get().tree().orElseThrow();
    List<LoaderEntry> entries = disk.boot().map(LoaderEntry::find).orElse(List.of());
    DeploymentCheck.run(sysroot, entries, threads, differences, additions);
    new DiskVerification(disk, differences, additions).checkBoot(sysroot);
  }

  private void checkBoot(DirectoryNode sysroot) throws IOException {
    for (String name : sysroot.children().keySet()) {
      if (!TOP.contains(name)) {
        differences.damaged("/" + name, "belongs to no deployment");
      }
    }
    Optional<DirectoryNode> boot = disk.boot();
    if (boot.isEmpty()) {
      differences.damaged("/boot", "there are no boot loader entries");
      return;
    }
    List<LoaderEntry> entries = LoaderEntry.find(boot.get());
    for (LoaderEntry entry : entries) {
      additions.damaged("/boot" + entry.file(), "kernel arguments: " + entry.options());
    }
    List<InstalledDeployment> deployments = InstalledDeployment.find(sysroot, entries);
    DirectoryNode expected = new DirectoryNode(Metadata.root(0755));
    boolean planned = false;
    for (InstalledDeployment deployment : deployments) {
      additions.damaged(deployment.path() + ".origin", "follows " + deployment.origin());
      Optional<LoaderEntry> entry = deployment.entry();
      if (entry.isEmpty()) {
        differences.damaged(deployment.path(), "no boot loader entry boots it");
        continue;
      }
      try {
        DirectoryNode made = deployment.expectedBoot(entry.get());
        if (!planned) {
          planned = true;
          expected = made;
          checkBootLoaders(deployment, entry.get(), expected);
        } else {
          differences.damaged(
              deployment.path(), "it is the second deployment; only one is verified");
        }
      } catch (BuildException e) {
        differences.damaged(deployment.path(), e.problem());
      }
    }
    if (planned) {
      compareBoot(expected, boot.get());
    }
    listOthers();
  }

  private void compareBoot(DirectoryNode expected, DirectoryNode boot) throws IOException {
    TreeComparison comparison =
        new TreeComparison(
            TreeComparison.Precision.UNLABELLED,
            (path, what) -> differences.damaged(path.equals("/") ? "/boot" : "/boot" + path, what));
    comparison.compare(expected, boot);
  }

  /** Plans the boot loaders anew, of what the deployment brings, and compares. */
  private void checkBootLoaders(
      InstalledDeployment deployment, LoaderEntry entry, DirectoryNode boot) throws IOException {
    Optional<Architecture> architecture = architecture();
    if (architecture.isEmpty()) {
      differences.damaged(
          "disk", "its architecture is not known: the boot loaders are not verified");
      return;
    }
    InstallConfig install = InstallConfig.read(deployment.root(), architecture.get());
    OpenDisk.Part filesystem = disk.bootFilesystem().orElseThrow();
    if (install.bootloader().equals(Optional.of("none"))) {
      return;
    }
    boolean separate = filesystem.tree().orElseThrow().find("loader").isPresent();
    GrubInstallation grub;
    try {
      grub =
          GrubInstallation.plan(
              new GrubInstallation.Request(
                  deployment.root(),
                  architecture.get(),
                  new BootFilesystem(
                      UUID.fromString(filesystem.identifier()),
                      disk.table().label(),
                      filesystem.entry().number(),
                      separate ? "" : "/boot"),
                  install.skipBootUuid(),
                  new GrubInstallation.Entry(
                      entry.title(), entry.linux(), entry.initrd(), entry.options())));
    } catch (BuildException e) {
      differences.damaged("boot loader", e.problem());
      return;
    }
    grub.addTo(boot);
    Optional<OpenDisk.Part> esp = disk.esp();
    if (esp.isPresent()) {
      String place = "partition " + esp.get().entry().number();
      new TreeComparison(TreeComparison.Precision.CONTENTS, differences.at(place))
          .compare(grub.esp(), esp.get().tree().orElseThrow());
    }
    if (grub.biosBoot().isPresent()) {
      checkBios(grub.biosBoot().get());
    }
  }

  private void checkBios(BiosBoot bios) throws IOException {
    PartitionTable table = disk.table();
    if (table.sectorSize() != BIOS_SECTOR || table.partitions().isEmpty()) {
      return;
    }
    String type = LabelType.GPT.typeOf(PartitionRole.BIOS_BOOT);
    long start = BIOS_SECTOR;
    long end = table.partitions().get(0).start();
    if (table.label() == LabelType.GPT) {
      Optional<PartitionTable.Partition> place =
          table.partitions().stream().filter(part -> part.type().equals(type)).findFirst();
      if (place.isEmpty()) {
        return;
      }
      start = place.get().start();
      end = start + place.get().size();
    }
    ReadableDisk bytes = disk.disk();
    long lba = start / BIOS_SECTOR;
    byte[] core = bios.coreImage(lba, (end - start) / BIOS_SECTOR);
    byte[] there = new byte[core.length];
    byte[] mbr = new byte[BIOS_SECTOR];
    try {
      bytes.read(start, ByteBuffer.wrap(there));
      bytes.read(0, ByteBuffer.wrap(mbr));
    } catch (MalformedDiskException e) {
      differences.damaged("boot loader for BIOS", String.valueOf(e.getMessage()));
      return;
    }
    int mismatch = Arrays.mismatch(core, there);
    if (mismatch >= 0) {
      differences.damaged(
          "boot loader for BIOS", "GRUB's core image differs from byte " + mismatch + " on");
    }
    if (!Arrays.equals(mbr, bios.bootSector(mbr.clone(), lba))) {
      differences.damaged("boot loader for BIOS", "the code of the boot sector differs");
    }
  }

  /** The root partition of a GPT tells the architecture, else the boot loader's name does. */
  private Optional<Architecture> architecture() {
    for (Architecture known : Architecture.values()) {
      String type = known.rootType().toString();
      if (disk.parts().stream().anyMatch(part -> part.entry().type().equals(type))) {
        return Optional.of(known);
      }
    }
    Optional<DirectoryNode> esp = disk.esp().flatMap(OpenDisk.Part::tree);
    if (esp.flatMap(tree -> tree.find("EFI/BOOT/BOOTAA64.EFI")).isPresent()) {
      return Optional.of(Architecture.ARM64);
    }
    return Optional.of(Architecture.AMD64);
  }

  /** Lists what is on filesystems that are no part of the system. */
  private void listOthers() {
    List<OpenDisk.Part> system = new ArrayList<>();
    disk.root().ifPresent(system::add);
    disk.bootFilesystem().ifPresent(system::add);
    disk.esp().ifPresent(system::add);
    for (OpenDisk.Part part : disk.parts()) {
      if (!system.contains(part) && part.tree().isPresent()) {
        part.tree().get().children().forEach((name, node) -> list(part, "/" + name, node));
      }
    }
  }

  private void list(OpenDisk.Part part, String path, Node node) {
    additions.damaged("partition " + part.entry().number() + ": " + path, "is not in the image");
    if (node instanceof DirectoryNode directory) {
      directory.children().forEach((name, child) -> list(part, path + "/" + name, child));
    }
  }
}
