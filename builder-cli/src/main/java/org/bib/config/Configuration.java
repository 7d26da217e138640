package org.bib.config;

import java.util.List;
import org.bib.build.BuildSpec;
import org.bib.secrets.Customizations;
import org.bib.settings.SystemSettings;

/**
 * What a configuration file asks for.
 *
 * @param customizations users, groups, files, directories and the host name
 * @param settings of the system
 * @param partitioning what is asked of partitions
 * @param kernelArguments {@code customizations.kernel.append}, as typed
 * @param warnings what it asks for that no disk honours, a line each
 * @param digest lower-case hex SHA-256 of the meaning: equal for TOML and JSON that say the same
 */
public record Configuration(
    Customizations customizations,
    SystemSettings settings,
    BuildSpec.Partitioning partitioning,
    List<String> kernelArguments,
    List<String> warnings,
    String digest) {
  /** What no configuration file means. */
  public static final Configuration EMPTY =
      of(
          Customizations.NONE,
          SystemSettings.NONE,
          BuildSpec.Partitioning.NONE,
          List.of(),
          List.of());

  public Configuration {
    kernelArguments = List.copyOf(kernelArguments);
    warnings = List.copyOf(warnings);
  }

  /** A configuration with the digest of its own meaning. */
  static Configuration of(
      Customizations customizations,
      SystemSettings settings,
      BuildSpec.Partitioning partitioning,
      List<String> kernelArguments,
      List<String> warnings) {
    return new Configuration(
        customizations,
        settings,
        partitioning,
        kernelArguments,
        warnings,
        MeaningDigest.of(customizations, settings, partitioning, kernelArguments));
  }
}
