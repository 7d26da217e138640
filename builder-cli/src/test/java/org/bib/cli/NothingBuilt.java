package org.bib.cli;

import java.nio.file.Path;
import java.util.List;
import org.bib.build.BuildSpec;
import org.bib.build.ImageSpec;
import org.bib.build.VerifyReport;
import org.bib.build.VerifySpec;
import org.bib.inspect.Document;
import org.bib.lint.LintReport;
import org.bib.progress.BuildListener;

/** A builder for command lines that must not come so far. */
final class NothingBuilt implements Builder {
  @Override
  public List<Path> build(BuildSpec spec, BuildListener listener) {
    throw new AssertionError("builds");
  }

  @Override
  public String manifest(BuildSpec spec, BuildListener listener) {
    throw new AssertionError("plans");
  }

  @Override
  public LintReport lint(ImageSpec spec, BuildListener listener) {
    throw new AssertionError("lints");
  }

  @Override
  public Document inspect(ImageSpec spec, BuildListener listener) {
    throw new AssertionError("inspects an image");
  }

  @Override
  public Document inspect(Path disk) {
    throw new AssertionError("inspects a disk");
  }

  @Override
  public VerifyReport verify(VerifySpec spec, BuildListener listener) {
    throw new AssertionError("verifies");
  }
}
