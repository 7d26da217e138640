package org.bib.build;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bib.boot.GrubConsole;
import org.bib.boot.GrubInstallation;
import org.bib.boot.IgnitionFirstBoot;
import org.bib.failure.ConfigException;
import org.bib.layout.Seed;
import org.bib.mount.Mount;
import org.bib.ostree.PrepareRoot;
import org.bib.secrets.BootstrapSecrets;
import org.bib.secrets.SystemTree;
import org.bib.settings.HostSettings;
import org.bib.settings.SystemSettings;
import org.bib.tree.DirectoryNode;

/** What the configuration adds to a deployment, and what of it the image cannot honour. */
final class CustomizedSystem {
  private static final int MOST_TOLD = 5;

  private final SystemSettings settings;
  private final Optional<String> transientEtc;
  private final List<String> warnings = new ArrayList<>();

  private CustomizedSystem(SystemSettings settings, Optional<String> transientEtc) {
    this.settings = settings;
    this.transientEtc = transientEtc;
  }

  /**
   * Writes accounts, files and settings into a system.
   *
   * @param image merged tree of the container
   * @throws ConfigException if the image cannot take what is asked for, or would not look at it
   */
  static CustomizedSystem of(BuildSpec spec, SystemTree system, DirectoryNode image, Seed seed)
      throws IOException, ConfigException {
    CustomizedSystem customized =
        new CustomizedSystem(spec.settings(), PrepareRoot.transientEtc(image));
    customized.warnings.addAll(BootstrapSecrets.apply(spec.customizations(), system, seed));
    customized.warnings.addAll(HostSettings.apply(spec.settings(), system));
    customized.checkEtc(system);
    return customized;
  }

  private void checkEtc(SystemTree system) throws ConfigException {
    List<String> hidden =
        system.changed().stream().filter(path -> path.startsWith("/etc/")).toList();
    if (transientEtc.isPresent() && !hidden.isEmpty()) {
      throw new ConfigException(
          transientEtc.get() + " of the image",
          "etc.transient is true, so the system would not see what the configuration writes to "
              + String.join(", ", hidden.subList(0, Math.min(MOST_TOLD, hidden.size())))
              + (hidden.size() > MOST_TOLD ? " and " + (hidden.size() - MOST_TOLD) + " more" : "")
              + "; put it in the image");
    }
  }

  /** Notes mounts that the system will not learn of. */
  void checkMounts(List<Mount> told) {
    if (transientEtc.isPresent() && !told.isEmpty()) {
      warnings.add(
          transientEtc.get()
              + " of the image: etc.transient is true, so the system will not see that it is to"
              + " mount "
              + String.join(", ", told.stream().map(Mount::where).toList())
              + "; say so in the image");
    }
  }

  /** Adds what the boot loader is to read. */
  void addTo(DirectoryNode boot, Optional<GrubInstallation> grub) throws IOException {
    Optional<GrubConsole> console = settings.console();
    if (console.isPresent()) {
      console.get().addTo(boot);
      check(grub, GrubConsole.FILE, "customizations.bootloader.grub2");
    }
    Optional<IgnitionFirstBoot> ignition = settings.ignition();
    if (ignition.isPresent()) {
      ignition.get().addTo(boot);
      check(grub, IgnitionFirstBoot.FILE, "customizations.ignition.firstboot");
    }
  }

  private void check(Optional<GrubInstallation> grub, String file, String key) throws IOException {
    if (grub.isEmpty() || !grub.get().mentions(file)) {
      warnings.add(key + ": the image's boot loader does not look at " + file);
    }
  }

  /** What the image cannot honour, a line each. */
  List<String> warnings() {
    return List.copyOf(warnings);
  }
}
