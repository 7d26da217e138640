package org.bib.oci;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** An image's files in a directory. */
record DirectoryFiles(Path directory) implements ImageFiles {
  @Override
  public InputStream open(String path) throws IOException {
    return Files.newInputStream(directory.resolve(path));
  }

  @Override
  public void close() {}
}
