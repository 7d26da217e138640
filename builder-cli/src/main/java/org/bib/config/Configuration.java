package org.bib.config;

import java.util.List;
import org.bib.build.BuildSpec;
import org.bib.secrets.Customizations;

/**
 * What a configuration file asks for.
 *
 * @param customizations users, groups, files, directories and the host name
 * @param partitioning what is asked of partitions
 * @param kernelArguments {@code customizations.kernel.append}, as typed
 * @param digest lower-case hex SHA-256 of the meaning: equal for TOML and JSON that say the same
 */
public record Configuration(
    Customizations customizations,
    BuildSpec.Partitioning partitioning,
    List<String> kernelArguments,
    String digest) {
  /** What no configuration file means. */
  public static final Configuration EMPTY =
      of(Customizations.NONE, BuildSpec.Partitioning.NONE, List.of());

  public Configuration {
    kernelArguments = List.copyOf(kernelArguments);
  }

  /** A configuration with the digest of its own meaning. */
  static Configuration of(
      Customizations customizations,
      BuildSpec.Partitioning partitioning,
      List<String> kernelArguments) {
    return new Configuration(
        customizations,
        partitioning,
        kernelArguments,
        MeaningDigest.of(customizations, partitioning, kernelArguments));
  }
}
