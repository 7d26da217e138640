package org.bib.settings;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.bib.disk.Content;
import org.bib.failure.ConfigException;
import org.bib.secrets.SystemTree;
import org.bib.tree.FileNode;
import org.bib.units.UnitLinks;

/** Writes {@link SystemSettings} into the {@code /etc} and {@code /var} of a system. */
public final class HostSettings {
  private final SystemTree system;
  private final List<String> warnings = new ArrayList<>();

  private HostSettings(SystemTree system) {
    this.system = system;
  }

  /**
   * Writes settings; files and accounts of the configuration are there already.
   *
   * @return what the image cannot honour, a line each
   * @throws ConfigException if the image lacks what is asked for
   * @throws IOException if a file of the image cannot be read
   */
  public static List<String> apply(SystemSettings settings, SystemTree system)
      throws ConfigException, IOException {
    HostSettings host = new HostSettings(system);
    host.apply(settings);
    return List.copyOf(host.warnings);
  }

  private void apply(SystemSettings settings) throws ConfigException, IOException {
    warnings.addAll(new ClockSettings(system).apply(settings.clock()));
    warnings.addAll(new LocaleSettings(system).apply(settings.locale()));
    warnings.addAll(new TrustAnchors(system).add(settings.authorities()));
    if (settings.fips()) {
      warnings.addAll(new FipsMode(system).enter());
    }
    if (settings.pullSecret().isPresent()) {
      writePullSecret(settings.pullSecret().get());
    }
    UnitLinks units = new UnitLinks(system);
    String key = "customizations.services.";
    for (String name : settings.services().enabled()) {
      units.enable(name, key + "enabled");
    }
    for (String name : settings.services().disabled()) {
      units.disable(name, key + "disabled");
    }
    for (String name : settings.services().masked()) {
      units.mask(name, key + "masked");
    }
    units.writePreset();
    warnings.addAll(units.warnings());
  }

  /** Where bootc looks for credentials (bootc, "Registry authentication"). */
  private void writePullSecret(String json) throws ConfigException {
    system.put(
        system.resolveParent("/etc/ostree/auth.json"),
        new FileNode(
            system.metadata(0600, 0, 0), Content.of(json.getBytes(StandardCharsets.UTF_8))));
  }
}
