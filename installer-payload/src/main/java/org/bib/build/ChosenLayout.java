package org.bib.build;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.bib.failure.BuildException;
import org.bib.failure.ConfigException;
import org.bib.layout.Architecture;
import org.bib.layout.DiskCustomization;
import org.bib.layout.DiskLayout;
import org.bib.layout.PartitionRequest;
import org.bib.layout.PartitionRole;
import org.bib.mount.MountConfiguration;
import org.bib.ostree.BootableImage;
import org.bib.ostree.ImagePath;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;

/**
 * The layout that a disk gets (osbuild, genPartitionTable). The base is the image's {@code
 * disk.yaml}, else the peer's table. The blueprint of the user, or, if that says nothing of
 * partitions, the one in the image, has filesystems added to the base or replaces its partitions.
 *
 * @param layout the layout
 * @param namesRootFilesystem whether it says of which type the root is, whatever the image wishes
 *     elsewhere
 * @param mounting how the system is told of its mounts, if the image says so
 */
record ChosenLayout(
    DiskLayout layout, boolean namesRootFilesystem, Optional<MountConfiguration> mounting) {
  private static final List<String> DISK_YAML =
      List.of("/usr/lib/image-builder/bootc/disk.yaml", "/usr/lib/bootc-image-builder/disk.yaml");
  private static final List<String> BLUEPRINT =
      List.of(
          "/usr/lib/bootc-image-builder/config.json", "/usr/lib/bootc-image-builder/config.toml");

  /**
   * Chooses.
   *
   * @param user what the user asks of partitions
   * @param image merged tree of the container
   * @param installation for whether the root is to be discoverable
   * @throws ConfigException naming the file that asks for what cannot be
   */
  static ChosenLayout of(
      BuildSpec.Partitioning user,
      DirectoryNode image,
      Architecture architecture,
      Installation installation,
      EmbeddedFormats formats)
      throws IOException, ConfigException {
    Optional<Embedded> diskYaml = first(image, DISK_YAML);
    Optional<EmbeddedFormats.DiskDescription> description =
        diskYaml.isPresent()
            ? Optional.of(formats.disk(diskYaml.get().path(), diskYaml.get().text()))
            : Optional.empty();
    BuildSpec.Partitioning wish = user;
    Optional<Embedded> blueprint = user.isEmpty() ? first(image, BLUEPRINT) : Optional.empty();
    if (blueprint.isPresent()) {
      wish = formats.blueprint(blueprint.get().path(), blueprint.get().text());
    }
    DiskLayout layout;
    boolean namesRoot;
    if (wish.disk().isPresent()) {
      DiskCustomization.Base base =
          description
              .flatMap(EmbeddedFormats.DiskDescription::base)
              .orElse(DiskCustomization.Base.STANDARD);
      layout = wish.disk().get().layout(architecture, base);
      namesRoot =
          wish.disk().get().partitions().stream()
              .anyMatch(partition -> partition.payload().role("") == PartitionRole.ROOT);
    } else {
      Optional<DiskLayout> own =
          description.isPresent() ? description.get().layout() : Optional.empty();
      layout =
          own.orElseGet(() -> DiskLayout.standard(architecture, installation.discoverable()))
              .withFilesystems(wish.source(), wish.filesystems());
      namesRoot = own.isPresent();
    }
    if (installation.discoverable()) {
      checkDiscoverable(layout, architecture, installation);
    }
    return new ChosenLayout(
        layout, namesRoot, description.flatMap(EmbeddedFormats.DiskDescription::mounting));
  }

  private static void checkDiscoverable(
      DiskLayout layout, Architecture architecture, Installation installation)
      throws BuildException {
    for (PartitionRequest partition : layout.partitions()) {
      if (partition.role() == PartitionRole.ROOT
          && !partition.type().equals(architecture.rootType().toString())) {
        throw new BuildException(
            installation.config().where("discoverable-partitions")
                + " wants a root partition of type "
                + architecture.rootType()
                + " in a gpt, "
                + layout.source()
                + " makes it "
                + partition.type(),
            "give the root that type");
      }
    }
  }

  /** A file of the image. */
  private record Embedded(String path, String text) {}

  private static Optional<Embedded> first(DirectoryNode image, List<String> paths)
      throws IOException {
    for (String path : paths) {
      Optional<FileNode> file = ImagePath.file(image, path);
      if (file.isPresent()) {
        return Optional.of(new Embedded(path, BootableImage.text(path, file.get().content())));
      }
    }
    return Optional.empty();
  }
}
