package org.bib.settings;

import java.util.List;
import java.util.Optional;
import org.bib.boot.GrubConsole;
import org.bib.boot.IgnitionFirstBoot;

/**
 * Settings of the system besides its accounts and files.
 *
 * @param clock {@code customizations.timezone}
 * @param locale {@code customizations.locale}
 * @param services {@code customizations.services}
 * @param authorities certificates to trust ({@code customizations.cacerts})
 * @param fips whether the system starts in FIPS mode
 * @param pullSecret content of {@code /etc/ostree/auth.json}, never shown by {@code toString}
 * @param console of GRUB
 * @param ignition what Ignition does at first boot, if it is to run
 */
public record SystemSettings(
    Clock clock,
    Locale locale,
    Services services,
    List<Authority> authorities,
    boolean fips,
    Optional<String> pullSecret,
    Optional<GrubConsole> console,
    Optional<IgnitionFirstBoot> ignition) {
  /** Nothing is set. */
  public static final SystemSettings NONE =
      new SystemSettings(
          new Clock(Optional.empty(), List.of()),
          new Locale(Optional.empty(), Optional.empty()),
          new Services(List.of(), List.of(), List.of()),
          List.of(),
          false,
          Optional.empty(),
          Optional.empty(),
          Optional.empty());

  public SystemSettings {
    authorities = List.copyOf(authorities);
  }

  @Override
  public String toString() {
    return "SystemSettings";
  }

  /**
   * What the clock shows, and whom it asks.
   *
   * @param timezone name of a file below {@code /usr/share/zoneinfo}
   * @param servers host names or addresses of NTP servers
   */
  public record Clock(Optional<String> timezone, List<String> servers) {
    public Clock {
      servers = List.copyOf(servers);
    }
  }

  /**
   * Language and keyboard.
   *
   * @param language value of {@code LANG}
   * @param keyboard key map of the console
   */
  public record Locale(Optional<String> language, Optional<String> keyboard) {}

  /** Full names of units. */
  public record Services(List<String> enabled, List<String> disabled, List<String> masked) {
    public Services {
      enabled = List.copyOf(enabled);
      disabled = List.copyOf(disabled);
      masked = List.copyOf(masked);
    }
  }

  /**
   * A certificate authority.
   *
   * @param name of its file, without extension
   * @param pem its certificate in PEM, ending in a newline
   */
  public record Authority(String name, String pem) {}
}
