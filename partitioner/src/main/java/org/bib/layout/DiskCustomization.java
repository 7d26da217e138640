package org.bib.layout;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import org.bib.disk.ByteSize;
import org.bib.failure.ConfigException;

/**
 * {@code customizations.disk} of a blueprint: the partitions that somebody wants, without those
 * that it takes to boot (osbuild, NewCustomPartitionTable).
 *
 * @param source file and key, for messages
 * @param label kind of partition table, if it is named
 * @param minimumSize of the disk, if it is named
 * @param startOffset bytes left free between the partition table and the first partition
 * @param sectorSize bytes of a logical block
 * @param partitions those that are wanted, in their order
 */
public record DiskCustomization(
    String source,
    Optional<LabelType> label,
    Optional<ByteSize> minimumSize,
    ByteSize startOffset,
    int sectorSize,
    List<Partition> partitions) {
  public DiskCustomization {
    partitions = List.copyOf(partitions);
  }

  /**
   * A partition that is wanted.
   *
   * @param where file and key, for messages
   * @param type as a table has it; chosen for the payload if absent
   * @param guid its own, in a GPT
   * @param name in a GPT
   * @param minimumSize more than 0
   * @param payload what it holds
   */
  public record Partition(
      String where,
      Optional<String> type,
      Optional<UUID> guid,
      String name,
      ByteSize minimumSize,
      Payload payload) {}

  /**
   * What the base that is customized says where the customization is silent.
   *
   * @param label kind of partition table
   * @param espSize of an EFI system partition
   */
  public record Base(LabelType label, ByteSize espSize) {
    /** That of {@link DiskLayout#standard}. */
    public static final Base STANDARD = new Base(LabelType.GPT, DiskLayout.ESP);
  }

  /**
   * The whole disk: with a BIOS boot partition (amd64, GPT), an ESP and a root where they are not
   * wanted explicitly. {@code /boot} has no partition unless one is wanted: GRUB reads it from an
   * ext4 root. A DOS table has GRUB's code before the first partition, and the partition with
   * {@code /boot} active.
   *
   * @throws ConfigException if it cannot be made
   */
  public DiskLayout layout(Architecture architecture, Base base) throws ConfigException {
    LabelType table = label.orElse(base.label());
    List<PartitionRequest> all = new ArrayList<>();
    if (table == LabelType.GPT && architecture == Architecture.AMD64) {
      all.add(DiskLayout.biosBoot());
    }
    List<PartitionRequest> wanted = new ArrayList<>();
    for (Partition partition : partitions) {
      wanted.add(request(partition, table, architecture));
    }
    if (wanted.stream().noneMatch(partition -> partition.role() == PartitionRole.ESP)) {
      all.add(DiskLayout.esp(table, base.espSize(), "ESP"));
    }
    all.addAll(wanted);
    if (wanted.stream().noneMatch(partition -> partition.role() == PartitionRole.ROOT)) {
      all.add(
          DiskLayout.filesystem(table, "/", "root", new ByteSize(0))
              .withType(table.rootType(architecture)));
    }
    if (all.size() > table.maximum()) {
      throw new ConfigException(
          source,
          String.format(
              Locale.ROOT,
              "invalid partition table: \"%s\" partition table type only supports up to %d"
                  + " partitions: got %d after creating the partition table with all necessary"
                  + " partitions",
              table.labelName(),
              table.maximum(),
              all.size()));
    }
    DiskLayout layout =
        new DiskLayout(
            source,
            table,
            Optional.empty(),
            DiskLayout.Alignment.of(sectorSize, startOffset),
            DiskLayout.Sizing.of(minimumSize.orElse(DiskLayout.Sizing.DEFAULT.leastDisk())),
            all);
    return table == LabelType.DOS ? layout.withActiveBoot() : layout;
  }

  private static PartitionRequest request(
      Partition wanted, LabelType table, Architecture architecture) throws ConfigException {
    Optional<String> type = wanted.type();
    if (type.isPresent() && !table.isType(type.get())) {
      throw new ConfigException(
          wanted.where(),
          "invalid partition part_type \""
              + type.get()
              + "\" for partition table type \""
              + table.labelName()
              + "\" (must be "
              + (table == LabelType.GPT ? "a valid UUID)" : "a 2-digit hex number)"));
    }
    if (table == LabelType.DOS && wanted.guid().isPresent()) {
      throw new ConfigException(
          wanted.where(), "part_uuid is not supported for dos partition tables");
    }
    if (table == LabelType.DOS && !wanted.name().isEmpty()) {
      throw new ConfigException(
          wanted.where(), "part_label is not supported for dos partition tables");
    }
    PartitionRole role = wanted.payload().role(type.orElse(""));
    String chosen =
        type.map(text -> text.toLowerCase(Locale.ROOT))
            .orElseGet(
                () ->
                    role == PartitionRole.ROOT ? table.rootType(architecture) : table.typeOf(role));
    return new PartitionRequest(
        chosen, wanted.guid(), wanted.name(), 0, false, wanted.minimumSize(), wanted.payload());
  }
}
