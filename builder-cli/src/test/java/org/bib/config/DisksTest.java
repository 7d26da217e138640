package org.bib.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.bib.disk.ByteSize;
import org.bib.failure.ConfigException;
import org.bib.layout.DiskCustomization;
import org.bib.layout.FilesystemPayload;
import org.bib.layout.FilesystemType;
import org.bib.layout.LabelType;
import org.bib.layout.NoPayload;
import org.bib.layout.SwapPayload;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@NullMarked
class DisksTest {
  @TempDir private Path directory = Path.of("");

  @Test
  void everyKeyIsRead() throws Exception {
    DiskCustomization disk =
        read(
            """
            [customizations.disk]
            type = "gpt"
            minsize = "20 GiB"
            start_offset = 1048576
            sector_size = 4096
            [[customizations.disk.partitions]]
            minsize = "2 GiB"
            part_type = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
            part_label = "d\\u00e4ta"
            part_uuid = "01234567-89ab-4def-8123-456789abcdef"
            mountpoint = "/var/data"
            label = "data"
            fs_type = "ext4"
            [[customizations.disk.partitions]]
            type = "plain"
            minsize = 123
            fs_type = "swap"
            label = "swap"
            [[customizations.disk.partitions]]
            minsize = 1
            fs_type = "none"
            """);
    assertThat(disk.label()).contains(LabelType.GPT);
    assertThat(disk.minimumSize()).contains(ByteSize.gibibytes(20));
    assertThat(disk.startOffset()).isEqualTo(ByteSize.mebibytes(1));
    assertThat(disk.sectorSize()).isEqualTo(4096);
    assertThat(disk.partitions())
        .containsExactly(
            new DiskCustomization.Partition(
                "c.toml: customizations.disk.partitions[0]",
                Optional.of("0fc63daf-8483-4772-8e79-3d69d8477de4"),
                Optional.of(UUID.fromString("01234567-89ab-4def-8123-456789abcdef")),
                "d\u00e4ta",
                ByteSize.gibibytes(2),
                new FilesystemPayload(FilesystemType.EXT4, "/var/data", "data")),
            new DiskCustomization.Partition(
                "c.toml: customizations.disk.partitions[1]",
                Optional.empty(),
                Optional.empty(),
                "",
                new ByteSize(123),
                new SwapPayload("swap", Optional.empty(), "defaults")),
            new DiskCustomization.Partition(
                "c.toml: customizations.disk.partitions[2]",
                Optional.empty(),
                Optional.empty(),
                "",
                new ByteSize(1),
                new NoPayload()));
  }

  @Test
  void anEmptyTableIsACustomization() throws Exception {
    DiskCustomization disk = read("[customizations.disk]");
    assertThat(disk.label()).isEmpty();
    assertThat(disk.minimumSize()).isEmpty();
    assertThat(disk.sectorSize()).isEqualTo(512);
    assertThat(disk.partitions()).isEmpty();
  }

  @Test
  void layoutsOfDifferentMeaningHaveDifferentDigests() throws Exception {
    String base = "[[customizations.disk.partitions]]\nminsize=1\nfs_type='%s'\n%s\n";
    assertThat(
            java.util.stream.Stream.of(
                    "",
                    "customizations.disk.type='gpt'",
                    "customizations.disk.type='dos'",
                    "customizations.disk.minsize=1",
                    "customizations.disk.start_offset=1",
                    "customizations.disk.sector_size=4096",
                    base.formatted("swap", ""),
                    base.formatted("swap", "label='x'"),
                    base.formatted("none", ""),
                    base.formatted("none", "part_label='x'"),
                    base.formatted("none", "part_type='82'"),
                    base.formatted("ext4", "mountpoint='/a'"),
                    base.formatted("ext4", "mountpoint='/a'\nlabel='x'"),
                    base.formatted("vfat", "mountpoint='/a'"))
                .map(this::digest))
        .doesNotHaveDuplicates();
  }

  private String digest(String text) {
    try {
      return ConfigurationFile.read(Files.writeString(directory.resolve("d.toml"), text), Map.of())
          .digest();
    } catch (Exception e) {
      throw new AssertionError(text, e);
    }
  }

  /** Texts behind the colons are mostly the peer's. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "type='mbr' | type: unknown partition table type: mbr (valid: gpt, dos)",
        "sector_size=3 | sector_size: invalid partitioning customizations: sector_size must be a"
            + " power of 2, got 3",
        "sector_size=1024 | sector_size: 1024 is not made; use 512 or 4096",
        "minsize='65 TiB' | minsize: is 66560 GiB; it can be at most 65536 GiB",
        "size=1 | size: unknown key",
        "type='dos'\\npartitions=[{fs_type='none',minsize=1},{fs_type='none',minsize=1},"
            + "{fs_type='none',minsize=1},{fs_type='none',minsize=1},{fs_type='none',minsize=1}]"
            + " | partitions: invalid partitioning customizations: \"dos\" partition table type"
            + " only supports up to 4 partitions: got 5",
        "partitions=[{type='luks',minsize=1}] | partitions[0].type: unknown partition type: luks",
        "partitions=[{type='lvm',minsize=1,logical_volumes=[]}] | partitions[0].type: LVM is not"
            + " made by this version; use partitions of type \"plain\"",
        "partitions=[{type='btrfs',minsize=1,subvolumes=[]}] | partitions[0].type: btrfs is not"
            + " made by this version; use partitions of type \"plain\"",
        "partitions=[{fs_type='swap'}] | partitions[0].minsize: minsize is required",
        "partitions=[{fs_type='none',minsize=0}] | partitions[0].minsize: must be greater than 0",
        "partitions=[{fs_type='swap',minsize=1,mountpoint='/x'}] | partitions[0].mountpoint:"
            + " mountpoint for swap partition must be empty (got \"/x\")",
        "partitions=[{fs_type='none',minsize=1,mountpoint='/x'}] | partitions[0].mountpoint:"
            + " mountpoint for none partition must be empty (got \"/x\")",
        "partitions=[{fs_type='ext4',minsize=1}] | partitions[0].mountpoint: mountpoint is empty",
        "partitions=[{fs_type='ext4',minsize=1,mountpoint='x'}] | partitions[0].mountpoint:"
            + " mountpoint \"x\" is not an absolute path",
        "partitions=[{fs_type='ext4',minsize=1,mountpoint='/x/../y/'}] | partitions[0].mountpoint:"
            + " mountpoint \"/x/../y/\" is not a canonical path (did you mean \"/y\"?)",
        "partitions=[{fs_type='ext4',minsize=1,mountpoint='/x'},"
            + "{fs_type='ext4',minsize=1,mountpoint='/x'}] | partitions[1].mountpoint: duplicate"
            + " mountpoint \"/x\" in partitioning customizations",
        "partitions=[{fs_type='zfs',minsize=1,mountpoint='/x'}] | partitions[0].fs_type: unknown or"
            + " invalid filesystem type (fs_type) for mountpoint \"/x\": zfs",
        "partitions=[{fs_type='vfat',minsize=1,mountpoint='/boot'}] | partitions[0].fs_type:"
            + " unsupported filesystem type for \"/boot\": vfat",
        "partitions=[{fs_type='ext4',minsize=1,mountpoint='/boot/efi'}] | partitions[0].fs_type:"
            + " unsupported filesystem type for \"/boot/efi\": ext4",
        "partitions=[{fs_type='vfat',minsize=1,mountpoint='/'}] | partitions[0].fs_type:"
            + " unsupported filesystem type for \"/\": vfat",
        "partitions=[{fs_type='xfs',minsize=1,mountpoint='/x'}] | partitions[0].fs_type: xfs is not"
            + " made by this version; use ext4",
        "partitions=[{fs_type='ext4',minsize=1,mountpoint='/x',label='seventeen letters'}] |"
            + " partitions[0].label: \"seventeen letters\" is no label for ext4: it takes up to 16"
            + " bytes",
        "partitions=[{fs_type='vfat',minsize=1,mountpoint='/x',label='low'}] |"
            + " partitions[0].label: \"low\" is no label for vfat: it takes up to 11 capital"
            + " letters, digits and signs",
        "partitions=[{fs_type='swap',minsize=1,label='sixteen letters!'}] | partitions[0].label:"
            + " takes up to 15 ASCII characters for swap",
        "type='gpt'\\npartitions=[{fs_type='none',minsize=1,part_type='83'}] |"
            + " partitions[0].part_type: invalid partition part_type \"83\" for partition table"
            + " type \"gpt\" (must be a valid UUID)",
        "type='dos'\\npartitions=[{fs_type='none',minsize=1,part_type='x'}] |"
            + " partitions[0].part_type: invalid partition part_type \"x\" for partition table"
            + " type \"dos\" (must be a 2-digit hex number)",
        "partitions=[{fs_type='none',minsize=1,part_type='x'}] | partitions[0].part_type: invalid"
            + " part_type \"x\": must be a valid UUID for GPT partition tables or a 2-digit hex"
            + " number for DOS partition tables",
        "type='dos'\\npartitions=[{fs_type='none',minsize=1,part_label='x'}] |"
            + " partitions[0].part_label: part_label is not supported for dos partition tables",
        "partitions=[{fs_type='none',minsize=1,part_label='0123456789012345678901234567890123456'}]"
            + " | partitions[0].part_label: part_label is not a valid GPT label, it is too long",
        "type='dos'\\npartitions=[{fs_type='none',minsize=1,"
            + "part_uuid='01234567-89ab-4def-8123-456789abcdef'}] | partitions[0].part_uuid:"
            + " part_uuid is not supported for dos partition tables",
        "partitions=[{fs_type='none',minsize=1,part_uuid='1'}] | partitions[0].part_uuid: invalid"
            + " partition part_uuid \"1\" (must be a valid UUID)",
        "partitions=[{fs_type='none',minsize=1,name='x'}] | partitions[0].name: unknown key"
      })
  void whatCannotBeIsSaid(String text, String problem) {
    assertThat(problem("[customizations.disk]\n" + text.replace("\\n", "\n")))
        .isEqualTo("c.toml: customizations.disk." + problem);
  }

  @Test
  void everythingThatIsWrongIsSaidAtOnce() {
    assertThat(
            problem(
                """
                [[customizations.filesystem]]
                mountpoint = "/"
                minsize = 1
                [[customizations.disk.partitions]]
                minsize = 1
                fs_type = "ext3"
                mountpoint = "/a/"
                """))
        .isEqualTo(
            """
            c.toml: customizations.disk.partitions[0].mountpoint: mountpoint "/a/" is not a \
            canonical path (did you mean "/a"?); also customizations.disk.partitions[0].fs_type: \
            unknown or invalid filesystem type (fs_type) for mountpoint "/a/": ext3; also \
            customizations.disk: cannot combine disk and filesystem customizations""");
  }

  private DiskCustomization read(String text) throws Exception {
    DiskCustomization disk =
        ConfigurationFile.read(Files.writeString(directory.resolve("c.toml"), text), Map.of())
            .partitioning()
            .disk()
            .orElseThrow();
    // Messages name the file as it was named.
    assertThat(disk.source()).isEqualTo(directory.resolve("c.toml") + ": customizations.disk");
    return new DiskCustomization(
        disk.source(),
        disk.label(),
        disk.minimumSize(),
        disk.startOffset(),
        disk.sectorSize(),
        disk.partitions().stream()
            .map(
                partition ->
                    new DiskCustomization.Partition(
                        partition.where().replace(directory + "/", ""),
                        partition.type(),
                        partition.guid(),
                        partition.name(),
                        partition.minimumSize(),
                        partition.payload()))
            .toList());
  }

  private String problem(String text) {
    try {
      ConfigurationFile.read(Files.writeString(directory.resolve("c.toml"), text), Map.of());
      return "none";
    } catch (ConfigException e) {
      return String.valueOf(e.getMessage()).replace(directory + "/", "");
    } catch (Exception e) {
      throw new AssertionError(text, e);
    }
  }

  @Test
  void aBackslashIsNoPartOfAMountPoint() {
    assertThatThrownBy(
            () ->
                read(
                    """
                    [[customizations.disk.partitions]]
                    minsize = 1
                    fs_type = 'ext4'
                    mountpoint = '/var/a\\b'
                    """))
        .hasMessageContaining("control characters or backslashes");
  }
}
