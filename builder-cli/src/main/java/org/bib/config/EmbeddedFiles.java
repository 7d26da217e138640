package org.bib.config;

import org.bib.build.BuildSpec;
import org.bib.build.EmbeddedFormats;
import org.bib.failure.ConfigException;

/** The formats of the files that an image brings for builders of disks. */
public final class EmbeddedFiles implements EmbeddedFormats {
  @Override
  public BuildSpec.Partitioning blueprint(String path, String text) throws ConfigException {
    return ConfigurationFile.readPartitioning(name(path), path.endsWith(".toml"), text);
  }

  @Override
  public DiskDescription disk(String path, String text) throws ConfigException {
    return DiskYaml.read(name(path), YamlDocument.read(name(path), text));
  }

  private static String name(String path) {
    return path + " of the image";
  }
}
