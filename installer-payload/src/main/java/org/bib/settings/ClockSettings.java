package org.bib.settings;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.bib.failure.ConfigException;
import org.bib.secrets.SystemTree;
import org.bib.tree.FileNode;
import org.bib.tree.SymlinkNode;

/** Time zone (localtime(5)) and time servers (chrony.conf(5), timesyncd.conf(5)). */
final class ClockSettings {
  private static final String ZONES = "/usr/share/zoneinfo/";

  /** Of Fedora's packages, and of Debian's. */
  private static final List<String> CHRONY = List.of("/etc/chrony.conf", "/etc/chrony/chrony.conf");

  private static final Pattern SOURCE = Pattern.compile("(?i)\\s*(server|pool|peer)\\s.*");
  private static final String TIMESYNCD = "/usr/lib/systemd/systemd-timesyncd";
  private static final String TIMESYNCD_CONF = "/etc/systemd/timesyncd.conf.d/90-bib.conf";

  private final SystemTree system;

  ClockSettings(SystemTree system) {
    this.system = system;
  }

  /** Writes the settings and returns what the image cannot honour. */
  List<String> apply(SystemSettings.Clock clock) throws ConfigException, IOException {
    if (clock.timezone().isPresent()) {
      setZone(clock.timezone().get());
    }
    return clock.servers().isEmpty() ? List.of() : setServers(clock.servers());
  }

  private void setZone(String zone) throws ConfigException {
    if (!(system.resolve(ZONES + zone).node() instanceof FileNode)) {
      throw new ConfigException(
          "customizations.timezone.timezone",
          "the image has no "
              + ZONES
              + zone
              + "; correct the name, or install the time zones in the image");
    }
    system.put(
        system.resolveParent("/etc/localtime"),
        new SymlinkNode(system.metadata(0777, 0, 0), ".." + ZONES + zone));
    // Debian's programs read the name here; others have no such file.
    if (system.resolve("/etc/timezone").node() instanceof FileNode) {
      system.writeText("/etc/timezone", zone + "\n", system.metadata(0644, 0, 0));
    }
  }

  private List<String> setServers(List<String> servers) throws ConfigException, IOException {
    boolean told = false;
    for (String path : CHRONY) {
      if (system.resolve(path).node() instanceof FileNode) {
        List<String> lines = new ArrayList<>();
        system
            .readText(path)
            .orElse("")
            .lines()
            .filter(line -> !SOURCE.matcher(line).matches())
            .forEach(lines::add);
        servers.forEach(server -> lines.add("server " + server + " iburst"));
        system.writeText(path, String.join("\n", lines) + "\n", system.metadata(0644, 0, 0));
        told = true;
      }
    }
    if (system.resolve(TIMESYNCD).node() instanceof FileNode) {
      system.writeText(
          TIMESYNCD_CONF,
          "[Time]\nNTP=\nNTP=" + String.join(" ", servers) + "\n",
          system.metadata(0644, 0, 0));
      told = true;
    }
    return told
        ? List.of()
        : List.of(
            "customizations.timezone.ntpservers has no effect: the image has neither chrony nor"
                + " systemd-timesyncd");
  }
}
