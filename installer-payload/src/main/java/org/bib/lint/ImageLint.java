package org.bib.lint;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.bib.layout.Architecture;
import org.bib.tree.DirectoryNode;

/** Asks all rules about an image. */
public final class ImageLint {
  private static final List<Rule> RULES =
      List.of(
          KernelRules::label,
          KernelRules::sealed,
          KernelRules::kernel,
          BaseImageRules::apiDirectories,
          BaseImageRules::root,
          BaseImageRules::prepareRoot,
          BaseImageRules::varRun,
          BaseImageRules::usrEtc,
          ConfigurationRules::kernelArguments,
          ConfigurationRules::install,
          BoundImages::check,
          BaseImageRules::composefs,
          StrayContentRules::injected,
          StrayContentRules::varLog,
          StrayContentRules::boot,
          StrayContentRules::runAndTmp,
          VarTmpfiles::check,
          Sysusers::check);

  private ImageLint() {}

  /**
   * Looks an image over.
   *
   * @param root its merged tree
   * @param labels of its configuration
   * @param architecture it is to run on
   * @throws IOException if its files cannot be read back
   */
  public static LintReport check(
      DirectoryNode root, Map<String, String> labels, Architecture architecture)
      throws IOException {
    Image image = new Image(root, labels, architecture);
    Findings findings = new Findings();
    for (Rule rule : RULES) {
      rule.check(image, findings);
    }
    return new LintReport(findings.toList());
  }
}
