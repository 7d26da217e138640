package org.bib.settings;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.bib.disk.Content;
import org.bib.failure.ConfigException;
import org.bib.secrets.SystemTree;
import org.bib.tree.DirectoryNode;
import org.bib.tree.FileNode;
import org.bib.tree.SymlinkNode;

/**
 * FIPS mode: the kernel is told {@link #KERNEL_ARGUMENT}, and of the crypto policies FIPS is chosen
 * as {@code update-crypto-policies --set FIPS} does it (crypto-policies(7)).
 */
public final class FipsMode {
  /** What starts the kernel, and from it most libraries, in FIPS mode. */
  public static final String KERNEL_ARGUMENT = "fips=1";

  private static final String KEY = "customizations.fips";
  private static final String POLICY = "/usr/share/crypto-policies/FIPS";
  private static final String CONFIG = "/etc/crypto-policies";

  private final SystemTree system;

  FipsMode(SystemTree system) {
    this.system = system;
  }

  /** Chooses the policy and returns what the image cannot honour. */
  List<String> enter() throws ConfigException {
    List<String> warnings = new ArrayList<>();
    if (system.resolve(POLICY).node() instanceof DirectoryNode policy) {
      put(CONFIG + "/config");
      put(CONFIG + "/state/current");
      for (String file : policy.children().keySet()) {
        if (file.endsWith(".txt")) {
          String backEnd = file.substring(0, file.length() - ".txt".length());
          system.put(
              system.resolveParent(CONFIG + "/back-ends/" + backEnd + ".config"),
              new SymlinkNode(system.metadata(0777, 0, 0), POLICY + "/" + file));
        }
      }
    } else {
      warnings.add(
          KEY
              + ": the image has no "
              + POLICY
              + ", so only the kernel and what asks it are in FIPS mode");
    }
    boolean checked =
        system.resolve("/usr/lib/dracut/modules.d").node() instanceof DirectoryNode modules
            && modules.children().keySet().stream().anyMatch(name -> name.matches("[0-9]+fips"));
    if (!checked) {
      warnings.add(
          KEY
              + ": the image has no module fips of dracut, so its initramfs does not check the"
              + " kernel");
    }
    return warnings;
  }

  private void put(String path) throws ConfigException {
    system.put(
        system.resolveParent(path),
        new FileNode(
            system.metadata(0644, 0, 0), Content.of("FIPS\n".getBytes(StandardCharsets.US_ASCII))));
  }
}
