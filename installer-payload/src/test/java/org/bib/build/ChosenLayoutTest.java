package org.bib.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.bib.disk.ByteSize;
import org.bib.failure.BuildException;
import org.bib.failure.ConfigException;
import org.bib.layout.Architecture;
import org.bib.layout.DiskCustomization;
import org.bib.layout.DiskLayout;
import org.bib.layout.FilesystemPayload;
import org.bib.layout.FilesystemType;
import org.bib.layout.LabelType;
import org.bib.layout.PartitionRequest;
import org.bib.mount.MountConfiguration;
import org.bib.ostree.InstallConfig;
import org.bib.ostree.TestTree;
import org.bib.tree.DirectoryNode;
import org.bib.tree.Metadata;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

@NullMarked
class ChosenLayoutTest {
  private static final String NEW_YAML = "usr/lib/image-builder/bootc/disk.yaml";
  private static final String OLD_YAML = "usr/lib/bootc-image-builder/disk.yaml";
  private static final String JSON = "usr/lib/bootc-image-builder/config.json";
  private static final String TOML = "usr/lib/bootc-image-builder/config.toml";

  private final DirectoryNode image = new DirectoryNode(Metadata.root(0755));
  private BuildSpec.Partitioning user = BuildSpec.Partitioning.NONE;

  @Test
  void withoutFilesItIsTheDefault() throws Exception {
    assertThat(choose())
        .isEqualTo(
            new ChosenLayout(
                DiskLayout.standard(Architecture.AMD64, false), false, Optional.empty()));
  }

  @Test
  void jsonGoesBeforeTomlAndTheUserBeforeBoth() throws Exception {
    put(TOML, "toml");
    assertThat(mountpoints(choose())).contains("/var/config.toml");
    put(JSON, "json");
    assertThat(mountpoints(choose()))
        .contains("/var/config.json")
        .doesNotContain("/var/config.toml");
    user = filesystem("/var/user");
    assertThat(mountpoints(choose())).contains("/var/user").doesNotContain("/var/config.json");
  }

  @Test
  void theNewDirectoryGoesBeforeTheOldOne() throws Exception {
    put(OLD_YAML, "old");
    assertThat(choose().layout().source()).isEqualTo("/" + OLD_YAML);
    put(NEW_YAML, "new");
    ChosenLayout chosen = choose();
    assertThat(chosen.layout().source()).isEqualTo("/" + NEW_YAML);
    assertThat(chosen.namesRootFilesystem()).isTrue();
    assertThat(chosen.mounting()).contains(MountConfiguration.UNITS);
  }

  @Test
  void filesystemsAreAddedToTheTableOfTheImage() throws Exception {
    put(NEW_YAML, "new");
    user = filesystem("/var/user");
    assertThat(mountpoints(choose())).containsExactly("/var/user", "/");
  }

  @Test
  void aCustomizationReplacesTheTableOfTheImageButNotItsKindNorItsMounting() throws Exception {
    put(NEW_YAML, "new");
    user =
        new BuildSpec.Partitioning(
            "c.toml",
            List.of(),
            Optional.of(
                new DiskCustomization(
                    "c.toml",
                    Optional.empty(),
                    Optional.empty(),
                    new ByteSize(0),
                    512,
                    List.of())));
    ChosenLayout chosen = choose();
    assertThat(chosen.layout().label()).isEqualTo(LabelType.DOS);
    assertThat(mountpoints(chosen)).containsExactly("/boot/efi", "/");
    assertThat(chosen.layout().partitions().get(0).minimumSize()).isEqualTo(ByteSize.mebibytes(77));
    assertThat(chosen.namesRootFilesystem()).isFalse();
    assertThat(chosen.mounting()).contains(MountConfiguration.UNITS);
  }

  @Test
  void aDiscoverableRootHasToBeOfItsType() throws Exception {
    put("usr/lib/bootc/install/a.toml", "[install]\ndiscoverable-partitions = true\n");
    DiskLayout layout = choose().layout();
    assertThat(layout.partitions().get(3).type())
        .isEqualTo(Architecture.AMD64.rootType().toString());
    put(NEW_YAML, "new");
    assertThatThrownBy(this::choose)
        .isInstanceOf(BuildException.class)
        .hasMessageStartingWith(
            "/usr/lib/bootc/install/a.toml of the image: install.discoverable-partitions wants a"
                + " root partition of type 4f68bce3-e8cd-4db1-96e7-fbcaf984b709 in a gpt, /"
                + NEW_YAML
                + " makes it 83");
  }

  private ChosenLayout choose() throws IOException, ConfigException {
    return ChosenLayout.of(
        user,
        image,
        Architecture.AMD64,
        Installation.of(InstallConfig.read(image, Architecture.AMD64)),
        new NameFormats());
  }

  private static List<String> mountpoints(ChosenLayout chosen) {
    return chosen.layout().partitions().stream()
        .map(PartitionRequest::mountpoint)
        .filter(mountpoint -> !mountpoint.isEmpty())
        .toList();
  }

  private static BuildSpec.Partitioning filesystem(String mountpoint) {
    return new BuildSpec.Partitioning(
        "test",
        List.of(new DiskLayout.MinimumSize(mountpoint, ByteSize.gibibytes(2))),
        Optional.empty());
  }

  /** Answers by the name of the file. */
  private static final class NameFormats implements EmbeddedFormats {
    @Override
    public BuildSpec.Partitioning blueprint(String path, String text) {
      return filesystem("/var" + path.substring(path.lastIndexOf('/')));
    }

    @Override
    public DiskDescription disk(String path, String text) {
      return new DiskDescription() {
        @Override
        public Optional<MountConfiguration> mounting() {
          return Optional.of(MountConfiguration.UNITS);
        }

        @Override
        public Optional<DiskCustomization.Base> base() {
          return Optional.of(new DiskCustomization.Base(LabelType.DOS, ByteSize.mebibytes(77)));
        }

        @Override
        public Optional<DiskLayout> layout() {
          return Optional.of(
              new DiskLayout(
                  path,
                  LabelType.DOS,
                  Optional.empty(),
                  DiskLayout.Alignment.DEFAULT,
                  DiskLayout.Sizing.DEFAULT,
                  List.of(
                      new PartitionRequest(
                          "83",
                          ByteSize.gibibytes(1),
                          new FilesystemPayload(FilesystemType.EXT4, "/", "")))));
        }
      };
    }
  }

  private void put(String path, String text) {
    TestTree.put(image, path, TestTree.file(text));
  }
}
