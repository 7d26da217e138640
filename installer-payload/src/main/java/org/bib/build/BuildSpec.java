package org.bib.build;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.bib.disk.ByteSize;
import org.bib.layout.DiskCustomization;
import org.bib.layout.DiskLayout;
import org.bib.layout.FilesystemType;
import org.bib.oci.SourceOptions;
import org.bib.secrets.Customizations;
import org.bib.settings.SystemSettings;

/**
 * What a user asked for: command line and configuration in one value.
 *
 * @param image reference of the image, as typed
 * @param targetImgref what the system follows, as typed; the source's own reference if absent
 * @param types the artefacts wanted, in the order asked for, without repetition
 * @param output directory for the artefacts
 * @param source how to reach the image
 * @param disk size and partitions
 * @param kernel arguments besides those of the image
 * @param customizations bootstrap secrets
 * @param settings of the system
 * @param strict whether it is an error if the image cannot honour a setting
 * @param seed replaces the seed that is derived from image and configuration
 * @param sourceDateEpoch seconds, replaces the creation time of the image
 * @param configDigest lower-case hex SHA-256 of the configuration's meaning, part of the seed
 * @param compression of qcow2 clusters
 * @param checksum whether the manifest is to tell the SHA-256 of a raw disk
 * @param threads how many threads to use, 1 or more; never changes a byte
 */
public record BuildSpec(
    String image,
    Optional<String> targetImgref,
    List<ImageType> types,
    Path output,
    SourceOptions source,
    Disk disk,
    Kernel kernel,
    Customizations customizations,
    SystemSettings settings,
    boolean strict,
    Optional<String> seed,
    OptionalLong sourceDateEpoch,
    String configDigest,
    Compression compression,
    boolean checksum,
    int threads) {
  public BuildSpec {
    types = List.copyOf(types);
  }

  /** Which image to read; contents are kept where the artefacts will be. */
  ImageSpec toRead() {
    return new ImageSpec(image, source, output, threads);
  }

  /**
   * What is asked for, as far as a disk that is there tells it.
   *
   * @param reference what the system of that disk follows
   * @param size of that disk
   */
  BuildSpec like(Optional<String> reference, ByteSize size) {
    DiskSize asked = disk.size();
    return new BuildSpec(
        image,
        targetImgref.or(() -> reference),
        types,
        output,
        source,
        new Disk(
            asked.exact().isEmpty() && !asked.minimal()
                ? new DiskSize(Optional.of(size), false)
                : asked,
            disk.rootfs(),
            disk.partitioning()),
        kernel,
        customizations,
        settings,
        strict,
        seed,
        sourceDateEpoch,
        configDigest,
        compression,
        checksum,
        threads);
  }

  /**
   * What is asked of the disk.
   *
   * @param size of the whole disk
   * @param rootfs type of the root filesystem, if not left to the image
   * @param partitioning what is asked of partitions
   */
  public record Disk(DiskSize size, Optional<FilesystemType> rootfs, Partitioning partitioning) {}

  /**
   * What a blueprint asks of partitions: more of the default layout, or another layout.
   *
   * @param source file that asks, for messages
   * @param filesystems {@code customizations.filesystem}: minimum sizes of {@code /}, {@code /boot}
   *     and what is below /var
   * @param disk {@code customizations.disk}
   */
  public record Partitioning(
      String source, List<DiskLayout.MinimumSize> filesystems, Optional<DiskCustomization> disk) {
    /** Nothing is asked. */
    public static final Partitioning NONE = new Partitioning("", List.of(), Optional.empty());

    public Partitioning {
      filesystems = List.copyOf(filesystems);
    }

    /** Whether nothing is asked. */
    public boolean isEmpty() {
      return filesystems.isEmpty() && disk.isEmpty();
    }
  }

  /**
   * How big the disk is to be.
   *
   * @param exact {@code --disk-size SIZE}
   * @param minimal {@code --disk-size minimal}; neither means the default of 10 GiB or what the
   *     content needs
   */
  public record DiskSize(Optional<ByteSize> exact, boolean minimal) {}

  /**
   * Kernel arguments.
   *
   * @param defaults whether to add {@code rw console=tty0 console=ttyS0}, on arm64 also {@code
   *     console=ttyAMA0}
   * @param append further arguments, one string as typed each
   */
  public record Kernel(boolean defaults, List<String> append) {
    public Kernel {
      append = List.copyOf(append);
    }
  }

  /** How qcow2 clusters are compressed. */
  public enum Compression {
    ZLIB,
    ZSTD
  }
}
