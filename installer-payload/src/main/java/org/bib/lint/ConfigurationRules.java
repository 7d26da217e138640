package org.bib.lint;

import java.io.IOException;
import org.bib.failure.BuildException;
import org.bib.ostree.InstallConfig;
import org.bib.ostree.KernelArguments;

/** What the image tells bootc can be understood. */
final class ConfigurationRules {
  private ConfigurationRules() {}

  /** {@code /usr/lib/bootc/kargs.d}. */
  static void kernelArguments(Image image, Findings findings) throws IOException {
    for (BuildException fault : KernelArguments.faults(image.root(), image.architecture())) {
      findings.fatal("bootc-kargs", fault.problem());
    }
  }

  /** {@code bootc/install}, below {@code /usr/lib}, {@code /etc} and their like. */
  static void install(Image image, Findings findings) throws IOException {
    try {
      InstallConfig.read(image.root(), image.architecture());
    } catch (BuildException e) {
      findings.fatal("bootc-install", e.problem());
    }
  }
}
