package org.bib.build;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bib.failure.ConfigException;
import org.bib.layout.DiskLayout;
import org.bib.layout.FilesystemPayload;
import org.bib.layout.PartitionRequest;
import org.bib.layout.PartitionRole;
import org.bib.layout.Seed;
import org.bib.layout.SwapPayload;
import org.bib.mount.Mount;
import org.bib.secrets.SystemTree;
import org.bib.tree.DirectoryNode;
import org.bib.tree.Metadata;

/**
 * The filesystems of a layout besides the root, {@code /boot} and the ESP. What the stateroot's
 * {@code /var} has at their mount points moves into them; elsewhere the deployment is read-only, so
 * the mount point has to be an empty directory of the image.
 */
final class SeparateFilesystems {
  // Parts of the deployment or of ostree, and what exists in memory only.
  private static final Set<String> NEVER =
      Set.of("boot", "dev", "etc", "ostree", "proc", "run", "sys", "sysroot", "usr");

  private final DiskLayout layout;
  private final List<Separate> all = new ArrayList<>();

  /**
   * A filesystem.
   *
   * @param key of its partition
   * @param names of the real path of its mount point, without symbolic links
   * @param metadata of its root if nothing is there yet
   */
  private record Separate(
      String key, FilesystemPayload filesystem, List<String> names, Metadata metadata) {
    String where() {
      return "/" + String.join("/", names);
    }

    boolean isWithin(Separate other) {
      return names.size() > other.names.size()
          && names.subList(0, other.names.size()).equals(other.names);
    }
  }

  private SeparateFilesystems(DiskLayout layout) {
    this.layout = layout;
  }

  /**
   * Finds out where the filesystems of a layout belong.
   *
   * @param etc of the deployment
   * @param var of the stateroot
   * @param image merged tree of the container
   * @throws ConfigException if one of them cannot be mounted where it is to be
   */
  static SeparateFilesystems of(
      DiskLayout layout, DirectoryNode etc, DirectoryNode var, DirectoryNode image)
      throws ConfigException {
    SeparateFilesystems separate = new SeparateFilesystems(layout);
    SystemTree system = new SystemTree(etc, var, image, Instant.EPOCH);
    for (DiskLayout.Keyed keyed : layout.keyed()) {
      PartitionRequest partition = keyed.partition();
      if (partition.role() == PartitionRole.DATA && !partition.mountpoint().isEmpty()) {
        separate.add(keyed.key(), partition.filesystem().orElseThrow(), system);
      }
    }
    separate.all.sort(Comparator.comparing(Separate::where)); // parents before children
    separate.checkMountpoints(system);
    return separate;
  }

  private void add(String key, FilesystemPayload filesystem, SystemTree system)
      throws ConfigException {
    SystemTree.Place place = system.resolve(filesystem.mountpoint());
    Metadata metadata =
        place.node() instanceof DirectoryNode directory
            ? directory.metadata()
            : Metadata.root(0755);
    Separate separate = new Separate(key, filesystem, place.names(), metadata);
    if (place.names().isEmpty() || NEVER.contains(place.names().get(0))) {
      throw wrong(separate, "is no place for a filesystem of its own; mount it below /var");
    }
    for (Separate other : all) {
      if (other.names().equals(separate.names())) {
        throw wrong(separate, "is the same place as \"" + other.filesystem().mountpoint() + "\"");
      }
    }
    all.add(separate);
  }

  private void checkMountpoints(SystemTree system) throws ConfigException {
    for (Separate separate : all) {
      boolean inAnother = all.stream().anyMatch(separate::isWithin);
      if (isVar(separate) || inAnother) {
        continue;
      }
      if (!(system.resolve(separate.where()).node() instanceof DirectoryNode directory)) {
        throw wrong(separate, "is no directory of the image; make it one, or mount it below /var");
      }
      if (!directory.children().isEmpty()) {
        throw wrong(
            separate, "has files of the image, which a filesystem would hide; mount it below /var");
      }
    }
  }

  private static boolean isVar(Separate separate) {
    return separate.names().get(0).equals("var");
  }

  private ConfigException wrong(Separate separate, String problem) {
    return new ConfigException(
        layout.source(), "mountpoint \"" + separate.filesystem().mountpoint() + "\" " + problem);
  }

  /**
   * Takes what is at the mount points out of the trees above them.
   *
   * @param var of the stateroot, which keeps empty directories there
   * @return the trees of the filesystems, by key of their partition
   * @throws ConfigException if a mount point is or lies below something else than a directory
   */
  Map<String, DirectoryNode> take(DirectoryNode var) throws ConfigException {
    Map<String, DirectoryNode> trees = new HashMap<>();
    List<Separate> innermostFirst = new ArrayList<>(all);
    Collections.reverse(innermostFirst);
    for (Separate separate : innermostFirst) {
      trees.put(
          separate.key(),
          isVar(separate) ? takeChildren(separate, var) : new DirectoryNode(separate.metadata()));
    }
    for (Separate separate : all) {
      if (!isVar(separate)) {
        makeMountpoint(separate, trees);
      }
    }
    return trees;
  }

  private DirectoryNode takeChildren(Separate separate, DirectoryNode var) throws ConfigException {
    DirectoryNode directory = directory(separate, var, 1);
    DirectoryNode root = new DirectoryNode(directory.metadata());
    directory.children().forEach(root::put);
    directory.clear();
    return root;
  }

  /** Within the nearest filesystem above it, if that is a separate one. */
  private void makeMountpoint(Separate separate, Map<String, DirectoryNode> trees)
      throws ConfigException {
    for (int i = all.indexOf(separate) - 1; i >= 0; i--) {
      Separate above = all.get(i);
      DirectoryNode tree = trees.get(above.key());
      if (separate.isWithin(above) && tree != null) {
        directory(separate, tree, above.names().size());
        return;
      }
    }
  }

  /** The directory of a mount point in the tree that has the first {@code skip} of its names. */
  private DirectoryNode directory(Separate separate, DirectoryNode tree, int skip)
      throws ConfigException {
    DirectoryNode directory = tree;
    for (String name : separate.names().subList(skip, separate.names().size())) {
      if (directory.child(name) != null && !(directory.child(name) instanceof DirectoryNode)) {
        throw wrong(separate, "is or lies below something else than a directory in the image");
      }
      directory = directory.directory(name, Metadata.root(0755));
    }
    return directory;
  }

  /**
   * What the system is to mount and to swap to, parents before children.
   *
   * @param esp whether the EFI system partition is among it
   */
  List<Mount> mounts(Seed seed, boolean esp) {
    List<Mount> mounts = new ArrayList<>();
    List<DiskLayout.Keyed> partitions = layout.keyed();
    for (DiskLayout.Keyed keyed : partitions) {
      PartitionRequest partition = keyed.partition();
      if (esp && partition.role() == PartitionRole.ESP && !partition.mountpoint().isEmpty()) {
        FilesystemPayload filesystem = partition.filesystem().orElseThrow();
        mounts.add(mount(seed, keyed.key(), filesystem, filesystem.mountpoint()));
      }
    }
    all.forEach(
        separate ->
            mounts.add(mount(seed, separate.key(), separate.filesystem(), separate.where())));
    for (DiskLayout.Keyed keyed : partitions) {
      if (keyed.partition().payload() instanceof SwapPayload swap) {
        String what = "UUID=" + swap.uuid(seed, keyed.key());
        mounts.add(new Mount(what, "none", "swap", swap.options(), 0, 0));
      }
    }
    return mounts;
  }

  private static Mount mount(Seed seed, String key, FilesystemPayload filesystem, String where) {
    FilesystemPayload.Mounting mounting = filesystem.mounting();
    return new Mount(
        "UUID=" + filesystem.identifier(seed, key),
        where,
        filesystem.type().typeName(),
        mounting.options(),
        mounting.frequency(),
        mounting.pass());
  }
}
