package org.bib.build;

import java.util.Optional;
import org.bib.failure.ConfigException;
import org.bib.layout.DiskCustomization;
import org.bib.layout.DiskLayout;
import org.bib.mount.MountConfiguration;

/**
 * Reads the files that an image brings for builders of disks. Whoever knows the formats implements
 * it. Each {@code path} is that of the file in the image, for messages.
 */
public interface EmbeddedFormats {
  /**
   * Reads a blueprint, TOML or JSON by the end of its path.
   *
   * @return what it says of partitions; nothing else of it counts
   * @throws ConfigException naming the file and everything that is wrong with it
   */
  BuildSpec.Partitioning blueprint(String path, String text) throws ConfigException;

  /**
   * Reads a {@code disk.yaml}.
   *
   * @throws ConfigException naming the file and everything that is wrong with it
   */
  DiskDescription disk(String path, String text) throws ConfigException;

  /** What a {@code disk.yaml} says. */
  interface DiskDescription {
    /** How the system is told of its mounts, if the file says so. */
    Optional<MountConfiguration> mounting();

    /** What a customization starts from that replaces the partitions of the file. */
    Optional<DiskCustomization.Base> base();

    /**
     * The layout, if the file describes one.
     *
     * @throws ConfigException naming everything that bib cannot make
     */
    Optional<DiskLayout> layout() throws ConfigException;
  }
}
