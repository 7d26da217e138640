package org.bib.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.bib.build.BuildSpec;
import org.bib.build.ImageSpec;
import org.bib.build.VerifyReport;
import org.bib.build.VerifySpec;
import org.bib.failure.ConfigException;
import org.bib.inspect.Document;
import org.bib.lint.LintReport;
import org.bib.progress.BuildListener;

/** What the command line wants of a build. */
public interface Builder {
  /**
   * Builds what {@code spec} asks for.
   *
   * @return the files it left, complete and synced, manifest included
   * @throws IOException if the world failed; a {@link org.bib.failure.BuildException} tells how
   * @throws ConfigException if what is asked for cannot be
   * @throws InterruptedException if the thread was interrupted; nothing is left behind
   */
  List<Path> build(BuildSpec spec, BuildListener listener)
      throws IOException, ConfigException, InterruptedException;

  /**
   * The plan of {@link #build} as JSON; writes nothing.
   *
   * @throws IOException if the world failed
   * @throws ConfigException if what is asked for cannot be
   * @throws InterruptedException if the thread was interrupted
   */
  String manifest(BuildSpec spec, BuildListener listener)
      throws IOException, ConfigException, InterruptedException;

  /**
   * What is wrong with an image; writes nothing.
   *
   * @throws IOException if the world failed
   * @throws ConfigException if what is asked for cannot be
   * @throws InterruptedException if the thread was interrupted
   */
  LintReport lint(ImageSpec spec, BuildListener listener)
      throws IOException, ConfigException, InterruptedException;

  /**
   * What an image is; writes nothing.
   *
   * @throws IOException if the world failed
   * @throws ConfigException if what is asked for cannot be
   * @throws InterruptedException if the thread was interrupted
   */
  Document inspect(ImageSpec spec, BuildListener listener)
      throws IOException, ConfigException, InterruptedException;

  /**
   * What a disk is.
   *
   * @throws IOException if it cannot be read
   */
  Document inspect(Path disk) throws IOException;

  /**
   * Whether a disk is what it was built of; writes nothing.
   *
   * @throws IOException if the world failed
   * @throws ConfigException if what is asked for cannot be
   * @throws InterruptedException if the thread was interrupted
   */
  VerifyReport verify(VerifySpec spec, BuildListener listener)
      throws IOException, ConfigException, InterruptedException;
}
