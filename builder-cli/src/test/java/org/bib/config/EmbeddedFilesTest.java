package org.bib.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import java.util.UUID;
import org.bib.build.BuildSpec;
import org.bib.build.EmbeddedFormats;
import org.bib.disk.ByteSize;
import org.bib.failure.ConfigException;
import org.bib.layout.DiskCustomization;
import org.bib.layout.DiskLayout;
import org.bib.layout.FilePayload;
import org.bib.layout.FilesystemPayload;
import org.bib.layout.FilesystemType;
import org.bib.layout.LabelType;
import org.bib.layout.NoPayload;
import org.bib.layout.PartitionRequest;
import org.bib.layout.PartitionRole;
import org.bib.layout.SwapPayload;
import org.bib.mount.MountConfiguration;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@NullMarked
class EmbeddedFilesTest {
  private static final String FILE = "/usr/lib/image-builder/bootc/disk.yaml";
  private static final String ROOT =
      """
      partition_table:
        type: gpt
      %s
        partitions:
          - payload_type: filesystem
            payload: {type: ext4, mountpoint: /}
      """;

  private final EmbeddedFormats formats = new EmbeddedFiles();

  @Test
  void everyKeyOfADiskYamlIsRead() throws ConfigException {
    EmbeddedFormats.DiskDescription disk =
        disk(
            """
            mount_configuration: units
            partition_table:
              type: gpt
              size: 8 GiB
              uuid: D209C89E-EA5E-4FBD-B161-B461CCE297E0
              start_offset: 8 MiB
              absolute_start_offset: true
              grain_size: 4 MiB
              sector_size: 4096
              extra_padding: 1 MiB
              policy:
                ensure_xbootldr: false
                grow_root_to_fill_disk: false
              partitions:
                - size: 1 MiB
                  type: "21686148-6449-6e6F-744e-656564454649"
                  bootable: true
                - size: 300 MiB
                  type: c12a7328-f81f-11d2-ba4b-00a0c93ec93b
                  payload_type: filesystem
                  payload:
                    type: vfat
                    mountpoint: /boot/efi
                    label: ESP
                    uuid: 7B77-95E7
                    fstab_options: "defaults,uid=0,gid=0,umask=077,shortname=winnt"
                    fstab_freq: 1
                    fstab_passno: 2
                    mkfs_options:
                      geometry: {heads: 255, sectors_per_track: 63}
                - size: 134_217_728
                  type: DF331E4D-BE00-463F-B4A7-8B43E18FB53A
                  uuid: CD3B4BE3-0139-4A3B-BBF3-1C3A9D0D2C58
                  label: ukiboot_a
                  attrs: [50, 59]
                  payload_type: raw
                  payload:
                    source_path: /usr/lib/modules/5.0-x86_64/aboot.img
                - size: 64 MiB
                  payload_type: swap
                  payload: {label: swap, uuid: CD3B4BE3-0139-4A3B-BBF3-1C3A9D0D2C59}
                - size: 4 GiB
                  payload_type: filesystem
                  payload: {type: ext4, mountpoint: /}
            """);
    assertThat(disk.mounting()).contains(MountConfiguration.UNITS);
    assertThat(disk.base())
        .contains(new DiskCustomization.Base(LabelType.GPT, ByteSize.mebibytes(300)));
    DiskLayout layout = disk.layout().orElseThrow();
    assertThat(layout.source()).isEqualTo(FILE + " of the image: partition_table");
    assertThat(layout.identifier()).contains("d209c89e-ea5e-4fbd-b161-b461cce297e0");
    assertThat(layout.alignment())
        .isEqualTo(
            new DiskLayout.Alignment(
                4096, 4 << 20, ByteSize.mebibytes(8), false, ByteSize.mebibytes(1)));
    assertThat(layout.sizing())
        .isEqualTo(new DiskLayout.Sizing(ByteSize.gibibytes(8), new ByteSize(0), false));
    assertThat(layout.partitions())
        .containsExactly(
            new PartitionRequest(
                PartitionRole.BIOS_BOOT.typeGuid(),
                Optional.empty(),
                "",
                4,
                false,
                ByteSize.mebibytes(1),
                new NoPayload()),
            new PartitionRequest(
                PartitionRole.ESP.typeGuid(),
                ByteSize.mebibytes(300),
                new FilesystemPayload(
                    FilesystemType.VFAT,
                    "/boot/efi",
                    "ESP",
                    Optional.of("7B77-95E7"),
                    new FilesystemPayload.Mounting(
                        "defaults,uid=0,gid=0,umask=077,shortname=winnt", 1, 2),
                    Optional.of(new FilesystemPayload.Geometry(255, 63)))),
            new PartitionRequest(
                "df331e4d-be00-463f-b4a7-8b43e18fb53a",
                Optional.of(UUID.fromString("CD3B4BE3-0139-4A3B-BBF3-1C3A9D0D2C58")),
                "ukiboot_a",
                1L << 50 | 1L << 59,
                false,
                ByteSize.mebibytes(128),
                new FilePayload(
                    "/usr/lib/modules/5.0-x86_64/aboot.img",
                    FILE + " of the image: partition_table.partitions[2].payload.source_path")),
            new PartitionRequest(
                PartitionRole.SWAP.typeGuid(),
                ByteSize.mebibytes(64),
                new SwapPayload(
                    "swap",
                    Optional.of(UUID.fromString("CD3B4BE3-0139-4A3B-BBF3-1C3A9D0D2C59")),
                    "defaults")),
            new PartitionRequest(
                PartitionRole.ROOT.typeGuid(),
                ByteSize.gibibytes(4),
                new FilesystemPayload(
                    FilesystemType.EXT4,
                    "/",
                    "",
                    Optional.empty(),
                    new FilesystemPayload.Mounting("defaults", 0, 0),
                    Optional.empty())));
  }

  @Test
  void aDosTableIsRead() throws ConfigException {
    DiskLayout layout =
        disk("""
                partition_table:
                  type: dos
                  uuid: "0x14FC63D2"
                  partitions:
                    - {size: 300 MiB, type: ef, payload_type: filesystem,
                       payload: {type: vfat, mountpoint: /boot/efi}}
                    - {type: 83, bootable: true, payload_type: filesystem,
                       payload: {type: ext4, mountpoint: /}}
                """)
            .layout()
            .orElseThrow();
    assertThat(layout.label()).isEqualTo(LabelType.DOS);
    assertThat(layout.identifier()).contains("0x14fc63d2");
    assertThat(layout.partitions().get(0).type()).isEqualTo("ef");
    assertThat(layout.partitions().get(1).active()).isTrue();
    assertThat(layout.sizing().leastDisk()).isEqualTo(ByteSize.gibibytes(10));
    assertThat(layout.sizing().growRoot()).isTrue();
  }

  @Test
  void anchorsAreFollowed() throws ConfigException {
    DiskLayout layout =
        disk("""
                partition_table:
                  type: gpt
                  partitions:
                    - &raw {payload_type: raw, payload: {source_path: /a}}
                    - *raw
                    - {payload_type: filesystem, payload: {type: ext4, mountpoint: /}}
                """)
            .layout()
            .orElseThrow();
    assertThat(layout.keyed())
        .extracting(DiskLayout.Keyed::key)
        .containsExactly("raw", "raw#2", "root");
  }

  @Test
  void withoutATableThereIsNoLayout() throws ConfigException {
    EmbeddedFormats.DiskDescription disk = disk("mount_configuration: none");
    assertThat(disk.mounting()).contains(MountConfiguration.NONE);
    assertThat(disk.base()).isEmpty();
    assertThat(disk.layout()).isEmpty();
  }

  @Test
  void aTableThatIsReplacedMayHaveWhatIsNotMade() throws ConfigException {
    EmbeddedFormats.DiskDescription disk =
        disk("partition_table: {type: dos, partitions: [{payload_type: lvm}]}");
    assertThat(disk.base())
        .contains(new DiskCustomization.Base(LabelType.DOS, ByteSize.mebibytes(501)));
    assertThatThrownBy(disk::layout).isInstanceOf(ConfigException.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a: [ | line 1, column 5: not YAML:",
        "[] | the outermost value must be a mapping",
        "a: 1 | a: unknown key",
        "1: 1 | \"an integer\": unknown key",
        "a: 1\\na: 2 | line 2, column 1: not YAML: found duplicate key a",
        "mount_configuration: x | mount_configuration: \"x\" is none of fstab, units, none",
        "partition_table: [] | partition_table: must be a table, not an array",
        "a: !!java.lang.Thread {} | line 1, column 4: not YAML: Global tag is not allowed",
        "a: !!int x | not YAML:",
        "a: &a [*a, *a]\\n? *a\\n: 1 | not YAML:"
      })
  void aWrongDocumentIsRefused(String yaml, String problem) {
    assertThatThrownBy(() -> disk(yaml.replace("\\n", "\n")))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(FILE + " of the image: ")
        .hasMessageContaining(problem)
        .hasMessageNotContaining("\n");
  }

  @Test
  void bombsAreRefused() {
    StringBuilder aliases = new StringBuilder("a0: &a0 [x]\n");
    for (int i = 1; i < 30; i++) {
      aliases.append("a%1$d: &a%1$d [*a%2$d, *a%2$d, *a%2$d, *a%2$d]\n".formatted(i, i - 1));
    }
    for (String bomb :
        new String[] {
          aliases.toString(), "a: " + "[".repeat(100_000), "a: \"" + "x".repeat(2 << 20) + "\""
        }) {
      assertThatThrownBy(() -> disk(bomb))
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining("not YAML");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "size: 1 XB | size: \"1 XB\" is not a size",
        "uuid: x | uuid: \"x\" identifies no gpt",
        "grain_size: 4096 | grain_size: must be a multiple of 1 MiB, at most 1 GiB",
        "sector_size: 1024 | sector_size: 1024 is not made; use 512 or 4096",
        "policy: {grow: 1} | policy.grow: unknown key",
        "raid: 1 | raid: unknown key"
      })
  void wrongKeysOfTheTableAreSaid(String line, String problem) {
    assertThatThrownBy(() -> disk(ROOT.formatted("  " + line)).layout())
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(FILE + " of the image: partition_table." + problem);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{size: 1 MiB, start: 1} | start is not supported: positions follow from sizes",
        "{size: 1 MiB, type: 83} | type: \"83\" is no partition type for \"gpt\"",
        "{size: 1 MiB, uuid: 1-2} | uuid: \"1-2\" must be a valid UUID",
        "{size: 1 MiB, label: 0123456789012345678901234567890123456x} | label: part_label is not"
            + " a valid GPT label, it is too long",
        "{size: 1 MiB, attrs: [3]} | attrs: bit 3 is reserved; use 0 to 2 and 48 to 63",
        "{size: 1 MiB, attrs: [64]} | attrs[0]: must be an integer from 0 to 63",
        "{type: 0fc63daf-8483-4772-8e79-3d69d8477de4} | size: is missing",
        "{payload_type: swap} | size: is missing",
        "{payload_type: raw} | payload.source_path: is missing",
        "{payload: {}} | payload: empty payload type but there is a payload",
        "{payload_type: luks, payload: {}} | payload_type: luks is not made by this version",
        "{payload_type: lvm, payload: {}} | payload_type: lvm is not made by this version",
        "{payload_type: btrfs, payload: {}} | payload_type: btrfs is not made by this version",
        "{payload_type: zfs} | payload_type: unknown payload type \"zfs\"",
        "{payload_type: filesystem, payload: {type: xfs, mountpoint: /a}} | payload.type: xfs is"
            + " not made by this version; use ext4",
        "{payload_type: filesystem, payload: {type: ext4, mountpoint: a}} | payload.mountpoint:"
            + " mountpoint \"a\" is not an absolute path",
        "{payload_type: filesystem, payload: {type: ext4, mountpoint: /}} | payload.mountpoint:"
            + " duplicate mountpoint \"/\"",
        "{payload_type: filesystem, payload: {type: ext4, uuid: 7B77-95E7}} | payload.uuid:"
            + " \"7B77-95E7\" identifies no ext4",
        "{payload_type: filesystem, payload: {type: ext4, fstab_options: a b}} |"
            + " payload.fstab_options: has blanks, backslashes or control characters",
        "{payload_type: filesystem, payload: {type: ext4, mkfs_options: {verity: true}}} |"
            + " payload.mkfs_options.verity is not supported",
        "{payload_type: filesystem, payload: {type: ext4, mkfs_options: {geometry: {}}}} |"
            + " payload.mkfs_options.geometry: is for vfat",
        "{payload_type: filesystem, payload: {type: ext4, size: 1}} | payload.size: unknown key"
      })
  void wrongPartitionsAreSaid(String partition, String problem) {
    assertThatThrownBy(() -> disk(ROOT.formatted("") + "    - " + partition + "\n").layout())
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(FILE + " of the image: partition_table.partitions[1]." + problem);
  }

  @Test
  void aTableNeedsATypeAndARoot() {
    assertThatThrownBy(() -> disk("partition_table: {partitions: []}").layout())
        .hasMessageContaining("partition_table.type: is missing");
    assertThatThrownBy(() -> disk("partition_table: {type: gpt}").layout())
        .hasMessageContaining(
            "partition_table.partitions: none has a filesystem with the mountpoint \"/\"");
  }

  @Test
  void onlyPartitionsOfABlueprintInAnImageCount() throws ConfigException {
    BuildSpec.Partitioning read =
        formats.blueprint(
            "/usr/lib/bootc-image-builder/config.json",
            """
            {"name": "x", "packages": [], "customizations": {"installer": {"modules": {}},
             "user": [{"nonsense": 1}], "filesystem": [{"mountpoint": "/boot", "minsize": "3 GiB"}]}}
            """);
    assertThat(read.filesystems())
        .containsExactly(new DiskLayout.MinimumSize("/boot", ByteSize.gibibytes(3)));
    assertThat(
            formats
                .blueprint(
                    "/usr/lib/bootc-image-builder/config.toml",
                    """
                    [[customizations.disk.partitions]]
                    minsize = '3 GiB'
                    fs_type = 'ext4'
                    mountpoint = '/var'
                    """)
                .disk())
        .isPresent();
    assertThat(formats.blueprint("/x/config.toml", "[customizations]\nhostname='x'\n"))
        .isEqualTo(BuildSpec.Partitioning.NONE);
  }

  @Test
  void aMistypedKeyOfABlueprintInAnImageIsRefused() {
    assertThatThrownBy(
            () -> formats.blueprint("/x/config.toml", "[customizations]\nfilesytem=[]\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "/x/config.toml of the image: customizations.filesytem: unknown key, did you mean"
                + " \"filesystem\"?");
  }

  private EmbeddedFormats.DiskDescription disk(String yaml) throws ConfigException {
    return formats.disk(FILE, yaml);
  }
}
